//! Findings as SARIF 2.1.0: rules are those of the linter, places those of the files, fixes are
//! replacements that editors can apply.

use crate::edit::{Edit, Fix};
use crate::rule::{Finding, Level, Rule};
use crate::rules::all;
use crate::set::Set;
use crate::source::Source;
use serde_json::{Value, json};
use serde_sarif::sarif as s;
use std::collections::BTreeMap;

/// The findings as a SARIF log of the program with this version.
#[must_use]
pub fn sarif(set: &Set, findings: &[Finding], version: &str) -> String {
    let rules = all();
    let driver = s::ToolComponent::builder()
        .name("Twinproof config lint")
        .version(version)
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>())
        .build();
    let results: Vec<_> = findings.iter().map(|finding| result(set, finding, &rules)).collect();
    let run = s::Run::builder()
        .tool(s::Tool::builder().driver(driver).build())
        .column_kind("unicodeCodePoints")
        .results(results)
        .build();
    let log = s::Sarif::builder()
        .schema("https://json.schemastore.org/sarif-2.1.0.json")
        .version("2.1.0")
        .runs(vec![run])
        .build();
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn level(level: Level) -> s::ResultLevel {
    match level {
        Level::Error => s::ResultLevel::Error,
        Level::Warning => s::ResultLevel::Warning,
        Level::Note => s::ResultLevel::Note,
    }
}

fn descriptor(rule: &Rule) -> s::ReportingDescriptor {
    let plain = |text: &str| s::MultiformatMessageString::builder().text(text).build();
    let configuration = json!({ "level": rule.level.as_str() });
    let mut descriptor = s::ReportingDescriptor::builder()
        .id(rule.id)
        .short_description(plain(rule.title))
        .full_description(plain(rule.effect))
        .help(plain(rule.advice))
        .properties(bag("claims", json!(rule.claims)))
        .build();
    descriptor.default_configuration = serde_json::from_value(configuration).ok();
    descriptor
}

fn bag(name: &str, value: Value) -> s::PropertyBag {
    let values = BTreeMap::from([(name.to_owned(), value)]);
    s::PropertyBag::builder().additional_properties(values).build()
}

fn result(set: &Set, finding: &Finding, rules: &[&'static Rule]) -> s::Result {
    let source = &set.sources[finding.file];
    let message = format!("{}. {}", finding.message, finding.effect());
    let place = s::PhysicalLocation::builder()
        .artifact_location(artifact(source))
        .region(place_of(source, finding))
        .build();
    let mut result = s::Result::builder()
        .message(s::Message::builder().text(message).build())
        .locations(vec![s::Location::builder().physical_location(place).build()])
        .build();
    result.rule_id = Some(finding.rule.id.to_owned());
    result.rule_index = rules
        .iter()
        .position(|rule| rule.id == finding.rule.id)
        .and_then(|index| i64::try_from(index).ok());
    result.level = Some(level(finding.level));
    result.fixes = finding
        .fix
        .as_ref()
        .filter(|fix| !fix.edits.is_empty())
        .and_then(|fix| serde_json::from_value(json!([fix_of(source, fix)])).ok());
    result
}

fn fix_of(source: &Source, fix: &Fix) -> Value {
    let replacement = |edit: &Edit| {
        json!({
            "deletedRegion": region(source, edit.range.start, edit.range.end),
            "insertedContent": { "text": edit.with },
        })
    };
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": artifact(source),
            "replacements": fix.edits.iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

/// The region of a finding, with the text that stands there.
fn place_of(source: &Source, finding: &Finding) -> s::Region {
    let mut place = region(source, finding.range.start, finding.range.end);
    let text = source.slice(finding.range.clone());
    if !text.is_empty() {
        place.snippet = Some(s::ArtifactContent::builder().text(text).build());
    }
    place
}

fn region(source: &Source, start: usize, end: usize) -> s::Region {
    let (start, end) = (source.position(start), source.position(end));
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    s::Region::builder()
        .start_line(number(start.line))
        .start_column(number(start.column))
        .end_line(number(end.line))
        .end_column(number(end.column))
        .build()
}

/// The file as a URI reference: characters that a URI may not have are written as `%XX`.
fn artifact(source: &Source) -> s::ArtifactLocation {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let path = source.path();
    let mut uri = String::new();
    // A drive's colon would be a scheme's.
    if path.as_bytes().get(1) == Some(&b':') {
        uri.push_str("file:///");
    }
    for &byte in path.as_bytes() {
        if plain(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    s::ArtifactLocation::builder().uri(uri).build()
}

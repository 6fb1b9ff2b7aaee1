//! Each rule over its own examples: it reports the bad ones, and nothing once they are mended.

use std::path::Path;
use twinproof_configlint::rule::{Check, Files};
use twinproof_configlint::rules::all;
use twinproof_configlint::{Options, Set, fix, lint, output};

fn found(files: Files) -> Vec<String> {
    let set = Set::of_texts(files, Options::default());
    lint(&set).into_iter().map(|finding| finding.rule.id.to_owned()).collect()
}

#[test]
fn every_rule_finds_its_bad_example() {
    for rule in all() {
        if matches!(rule.check, Check::Silent) {
            assert_eq!(found(rule.good), [""; 0], "{}", rule.id);
            continue;
        }
        let found = found(rule.bad);
        assert!(found.iter().any(|id| id == rule.id), "{}: found {found:?}", rule.id);
    }
}

#[test]
fn no_rule_finds_its_good_example() {
    for rule in all() {
        let found = found(rule.good);
        assert!(!found.iter().any(|id| id == rule.id), "{}: found {found:?}", rule.id);
    }
}

#[test]
fn good_examples_are_good_altogether() {
    let mut bad = Vec::new();
    for rule in all() {
        let found = found(rule.good);
        if !found.is_empty() {
            bad.push((rule.id, found));
        }
    }
    // A notice is no mistake: CONF-063 is about what the good example of these must set.
    bad.retain(|(_, found)| found.iter().any(|id| id != "CONF-063"));
    assert_eq!(bad, []);
}

#[test]
fn numbers_are_in_order_and_used_once() {
    let ids: Vec<&str> = all().iter().map(|rule| rule.id).collect();
    let expected: Vec<String> = (1..=94).map(|number| format!("CONF-{number:03}")).collect();
    assert_eq!(ids, expected);
}

#[test]
fn places_are_inside_of_files() {
    for rule in all() {
        let set = Set::of_texts(rule.bad, Options::default());
        for finding in lint(&set) {
            let text = set.sources[finding.file].text();
            assert!(
                text.get(finding.range.clone()).is_some(),
                "{} {:?}",
                finding.rule.id,
                finding.range
            );
            for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                assert!(
                    text.get(edit.range.start..edit.range.end).is_some(),
                    "{}",
                    finding.rule.id
                );
            }
        }
    }
}

#[test]
fn fixes_settle_and_leave_nothing_to_fix() {
    for rule in all() {
        let set = Set::of_texts(rule.bad, Options::default());
        let fixed = fix::apply(&set.sources, &Options::default());
        let mut sources = set.sources.clone();
        for file in &fixed {
            assert!(!file.diff.is_empty() || file.count > 0, "{}", rule.id);
            let old = &sources[file.file];
            sources[file.file] = twinproof_configlint::source::Source::new(
                old.name().to_owned(),
                old.link().map(str::to_owned),
                file.bytes.clone(),
            );
        }
        let again = fix::apply(&sources, &Options::default());
        assert!(again.is_empty(), "{}: {}", rule.id, again[0].diff);
    }
}

#[test]
fn the_page_of_rules_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config-rules.md");
    let written = std::fs::read_to_string(path).unwrap();
    assert_eq!(
        written,
        output::page(),
        "write it anew: twinproof config lint --rules > docs/config-rules.md"
    );
}

//! `lint`: the files' bytes from the work directory, and the linter's findings.

use super::driver::Driver;
use super::error::StepError;
use std::collections::BTreeMap;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Finding, Options, Set, doctor, fix, lint};
use twinproof_environment::{Contents, SnapshotLimits};
use twinproof_model::Template;
use twinproof_steps::{LintFinding, LintPolicy, LintSight, LintStep};

pub fn drive(driver: &mut Driver<'_>, step: &LintStep) -> Result<LintSight, StepError> {
    let mut sight = LintSight {
        files: step.files.iter().map(|file| file.as_str().to_owned()).collect(),
        ..LintSight::default()
    };
    let version = match step.wsl_version.as_deref().map(str::parse).transpose() {
        Ok(version) => version,
        Err(error) => {
            sight.error = Some(format!("the release of WSL: {error}"));
            return Ok(sight);
        }
    };
    let mut sources = Vec::new();
    for file in &step.files {
        match source(driver, step, file)? {
            Ok(source) => sources.push(source),
            Err(error) => {
                sight.error = Some(error);
                return Ok(sight);
            }
        }
    }
    let options = Options { kind: None, wsl_version: version };
    let mut fixed: BTreeMap<String, String> =
        sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned())).collect();
    for file in fix::apply(&sources, &options) {
        let name = sources[file.file].name().to_owned();
        let text = Source::new(name.clone(), None, file.bytes).text().to_owned();
        fixed.insert(name, text);
    }
    let set = Set::new(sources, options);
    sight.findings = lint(&set).iter().map(|finding| seen(&set, finding)).collect();
    sight.fixed = fixed;
    sight.policies = policies(&set);
    Ok(sight)
}

/// The policies of the twins among the files.
fn policies(set: &Set) -> Vec<LintPolicy> {
    let table = doctor::compare(set);
    if table.twins.len() < 2 {
        return Vec::new();
    }
    let settings = table.settings.iter().enumerate();
    let policy = |(index, setting): (usize, &&str)| LintPolicy {
        setting: (*setting).to_owned(),
        values: table
            .twins
            .iter()
            .map(|twin| (twin.name.clone(), twin.values[index].clone()))
            .collect(),
        same: table.agrees(index),
    };
    settings.map(policy).collect()
}

/// A file, by the name that the step gives it, or why it cannot be read.
fn source(
    driver: &Driver<'_>,
    step: &LintStep,
    file: &Template,
) -> Result<Result<Source, String>, StepError> {
    if step.suite {
        let bytes = driver.suite_file(Some(file));
        return Ok(bytes.map(|(_, bytes)| Source::new(file.as_str().to_owned(), None, bytes)));
    }
    let path = driver.path(file)?;
    let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
    let found = driver.sandbox().entries(&path, Contents::Wanted, limits)?;
    let Some(entry) = found.into_iter().next() else {
        return Ok(Err(format!("there is no file {}", file.as_str())));
    };
    let bytes = entry.bytes.unwrap_or_default();
    Ok(Ok(Source::new(file.as_str().to_owned(), entry.target, bytes)))
}

fn seen(set: &Set, finding: &Finding) -> LintFinding {
    let source = &set.sources[finding.file];
    let place = source.position(finding.range.start);
    LintFinding {
        rule: finding.rule.id.to_owned(),
        level: finding.level.as_str().to_owned(),
        file: source.name().to_owned(),
        line: place.line,
        column: place.column,
        message: finding.message.clone(),
        effect: finding.effect().to_owned(),
        fix: finding.fix.as_ref().map(|fix| fix.title.clone()),
        claims: finding.rule.claims.iter().map(|claim| (*claim).to_owned()).collect(),
    }
}

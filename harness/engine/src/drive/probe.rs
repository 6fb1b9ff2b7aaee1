//! `probe`: answers a typed question. The judge checks the answer that is recorded here.

use super::checksum_settings;
use super::driver::Driver;
use super::error::StepError;
use std::path::Path;
use twinproof_model::Template;
use twinproof_steps::{Probe, ProbeKind, ProbeSight, Process, VectorAnswer};

pub fn drive(driver: &mut Driver<'_>, probe: &Probe) -> Result<ProbeSight, StepError> {
    match probe.kind {
        ProbeKind::GoEnv => ask_go(driver, probe, &["env", "-json"]),
        ProbeKind::GoVersion => ask_go(driver, probe, &["version"]),
        ProbeKind::Environment => Ok(environment(driver)),
        ProbeKind::WslpathVectors => vectors(driver, probe, wslpath_vectors),
        ProbeKind::WslconfVectors => vectors(driver, probe, wslconf_vectors),
        ProbeKind::ChecksumSettings => checksum_settings::drive(driver, probe),
    }
}

fn ask_go(driver: &mut Driver<'_>, probe: &Probe, args: &[&str]) -> Result<ProbeSight, StepError> {
    let goroot = driver.goroot(probe.sdk.as_deref())?;
    let env = driver.env(Some(&goroot), &probe.env, &probe.unset)?;
    let process = Process {
        args: args.iter().copied().map(Template::literal).collect(),
        cwd: probe.cwd.clone(),
        ..Process::default()
    };
    let seen = driver.process(driver.go_program(&goroot), &process, env)?;
    Ok(ProbeSight { process: Some(seen), ..ProbeSight::default() })
}

fn environment(driver: &Driver<'_>) -> ProbeSight {
    let environment = driver.environment();
    let fingerprint = &environment.facts().fingerprint;
    let mut facts = fingerprint.facts.clone();
    for (key, value) in [
        ("name", environment.name().to_string()),
        ("os", fingerprint.os.clone()),
        ("arch", fingerprint.arch.clone()),
        ("kernel", fingerprint.kernel.clone()),
        ("libc", fingerprint.libc.clone()),
    ] {
        facts.insert(key.to_owned(), value);
    }
    ProbeSight { facts, ..ProbeSight::default() }
}

/// Compares a file of vectors (its path and its text) with the rules.
type Compare = fn(&Path, &str) -> Result<Vec<VectorAnswer>, String>;

fn wslpath_vectors(path: &Path, text: &str) -> Result<Vec<VectorAnswer>, String> {
    let report = twinproof_wslpath::vectors::check_text(path, text).map_err(|e| e.to_string())?;
    let answer = |vector: &twinproof_wslpath::vectors::Compared| VectorAnswer {
        id: vector.id.clone(),
        expected: vector.expected.to_string(),
        actual: vector.actual.to_string(),
    };
    Ok(report.vectors.iter().map(answer).collect())
}

fn wslconf_vectors(path: &Path, text: &str) -> Result<Vec<VectorAnswer>, String> {
    let report = twinproof_wslconf::vectors::check_text(path, text).map_err(|e| e.to_string())?;
    let answer = |vector: &twinproof_wslconf::vectors::Compared| VectorAnswer {
        id: vector.id.clone(),
        expected: vector.expected(),
        actual: vector.actual(),
    };
    Ok(report.vectors.iter().map(answer).collect())
}

fn vectors(driver: &Driver<'_>, probe: &Probe, compare: Compare) -> Result<ProbeSight, StepError> {
    let answers = driver.suite_file(probe.path.as_ref()).and_then(|(path, bytes)| {
        let text = std::str::from_utf8(&bytes).map_err(|e| format!("{path} is not UTF-8: {e}"))?;
        compare(Path::new(&path), text)
    });
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => return Ok(ProbeSight { error: Some(error), ..ProbeSight::default() }),
    };
    let mut lines = Vec::new();
    for answer in &answers {
        serde_json::to_writer(&mut lines, answer).map_err(|e| StepError::broken(e.to_string()))?;
        lines.push(b'\n');
    }
    let vectors = driver.store(lines)?;
    Ok(ProbeSight { vectors: Some(vectors), ..ProbeSight::default() })
}

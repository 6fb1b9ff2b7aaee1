//! Goldens on disk: insta snapshots named `suite/case[.name]@class.snap`.
//!
//! A snapshot is a header between two lines of `---` and the content after it. The header says what
//! it is about (suite file, case, claims) and where it is from (environment, fingerprint, who
//! accepted it and when); only the content is compared. A run that sees something else writes
//! `….snap.new` beside it, for `cargo insta review`.

use crate::slashed::slashed;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use twinproof_base::file;
use twinproof_model::{CaseResult, Results, Verdict};

/// Goldens by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goldens {
    by_name: BTreeMap<String, String>,
}

/// Goldens that cannot be accepted.
#[derive(Debug, thiserror::Error)]
pub enum BlessError {
    /// The run has findings that no golden explains.
    #[error(
        "the run is not clean: {0}; a golden is accepted only from a run whose other checks hold"
    )]
    Failing(String),
    /// Environments of one class saw different things.
    #[error(
        "golden {name}: {first} and {second} are of one class and saw different things;\n{difference}\
         Declare a class of its own in suites/classes.toml, or normalise what may differ."
    )]
    Class {
        /// The golden's name.
        name: String,
        /// The first environment.
        first: String,
        /// The other environment.
        second: String,
        /// The difference, line by line.
        difference: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        error: std::io::Error,
    },
}

/// Goldens that were accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlessReport {
    /// Goldens that were not there before.
    pub added: Vec<String>,
    /// Goldens with another content.
    pub changed: Vec<String>,
    /// Goldens that stayed as they are.
    pub same: usize,
}

impl Goldens {
    /// Reads every snapshot below a folder; a folder that is not there has none.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn load(folder: &Path) -> Result<Self, BlessError> {
        let mut by_name = BTreeMap::new();
        if !folder.is_dir() {
            return Ok(Self::default());
        }
        for entry in walkdir::WalkDir::new(folder).max_depth(4) {
            let entry =
                entry.map_err(|e| BlessError::Io { path: folder.to_owned(), error: e.into() })?;
            let path = slashed(&entry, folder);
            if let Some(name) = path.strip_suffix(".snap") {
                let text = std::fs::read_to_string(entry.path())
                    .map_err(|error| BlessError::Io { path: entry.path().to_owned(), error })?;
                by_name.insert(name.to_owned(), content(&text).to_owned());
            }
        }
        Ok(Self { by_name })
    }

    /// Takes snapshots that are built into the program: (`suite/case@class.snap`, text).
    #[must_use]
    pub fn embedded(files: &[(&str, &[u8])]) -> Self {
        let read = |(path, bytes): &(&str, &[u8])| {
            let name = path.strip_suffix(".snap")?;
            let text = std::str::from_utf8(bytes).ok()?;
            Some((name.to_owned(), content(text).to_owned()))
        };
        Self { by_name: files.iter().filter_map(read).collect() }
    }

    /// Content by name.
    #[must_use]
    pub fn by_name(&self) -> &BTreeMap<String, String> {
        &self.by_name
    }
}

/// The snapshot's text after its header.
fn content(text: &str) -> &str {
    let body = text.strip_prefix("---").and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(text, |(_, content)| content)
}

fn snapshot(
    case: &CaseResult,
    results: &Results,
    normalised: &str,
    blessed: Option<&str>,
) -> String {
    let environment = results.environments.iter().find(|e| e.name == case.environment);
    let fingerprint = environment.map(|e| &e.fingerprint);
    let evidence: Vec<_> =
        case.checks.iter().flat_map(|c| c.evidence.iter().map(|b| b.sha256.clone())).collect();
    let mut info = json!({
        "claims": case.claims,
        "environment": case.environment,
        "os": fingerprint.map(|f| &f.os),
        "sdks": fingerprint.map(|f| &f.sdks),
        "twinproof": results.run.twinproof,
        "commit": results.run.commit,
        "evidence": evidence,
    });
    if let Some(blessed) = blessed {
        info["blessed"] = json!(blessed);
    }
    let mut body = normalised.to_owned();
    if !body.ends_with('\n') {
        body.push('\n');
    }
    let expression = json!(case.case);
    format!(
        "---\nsource: suites/{}\nexpression: {expression}\ninfo: {info}\n---\n{body}",
        case.file
    )
}

/// Writes `….snap.new` for everything that is not as its golden says, and removes those that have
/// become needless. Gives their names.
///
/// # Errors
/// When a file cannot be written.
pub fn write_pending(folder: &Path, results: &Results) -> Result<Vec<String>, BlessError> {
    let mut pending = Vec::new();
    for case in &results.cases {
        for golden in &case.goldens {
            let path = folder.join(format!("{}.snap.new", golden.name));
            let io = |error| BlessError::Io { path: path.clone(), error };
            if !golden.equal && !pending.contains(&golden.name) {
                let text = snapshot(case, results, &golden.normalised, None);
                file::write(&path, text.as_bytes()).map_err(io)?;
                pending.push(golden.name.clone());
            } else if golden.equal && path.exists() && !pending.contains(&golden.name) {
                std::fs::remove_file(&path).map_err(io)?;
            }
        }
    }
    Ok(pending)
}

/// Accepts the observations of a run as goldens. `blessed` has the person, the time and the commit.
///
/// # Errors
/// When the run has other findings, when environments of a class differ, or when a file cannot be
/// written. Nothing is written then.
pub fn bless(folder: &Path, results: &Results, blessed: &str) -> Result<BlessReport, BlessError> {
    for case in &results.cases {
        let golden = |id: &str| id.ends_with(".golden");
        let other =
            case.checks.iter().find(|c| c.verdict >= Verdict::Inconclusive && !golden(&c.id));
        if let Some(check) = other {
            let what = format!(
                "{} in {}: check {} is {}",
                case.case, case.environment, check.id, check.verdict
            );
            return Err(BlessError::Failing(what));
        }
        if let Some(broken) = &case.broken {
            return Err(BlessError::Failing(format!(
                "{} in {}: {broken}",
                case.case, case.environment
            )));
        }
    }
    if results.run.interrupted {
        return Err(BlessError::Failing("it was interrupted".into()));
    }
    let mut seen: BTreeMap<&str, (&CaseResult, &str)> = BTreeMap::new();
    for case in &results.cases {
        for golden in &case.goldens {
            let entry = seen.entry(&golden.name).or_insert((case, &golden.normalised));
            if entry.1 != golden.normalised {
                return Err(BlessError::Class {
                    name: golden.name.clone(),
                    first: entry.0.environment.to_string(),
                    second: case.environment.to_string(),
                    difference: twinproof_steps::difference(entry.1, &golden.normalised),
                });
            }
        }
    }
    let before = Goldens::load(folder)?;
    let mut report = BlessReport::default();
    for (name, (case, normalised)) in seen {
        let trimmed = |text: &str| text.trim_end_matches(['\r', '\n']).to_owned();
        match before.by_name.get(name) {
            Some(old) if trimmed(old) == trimmed(normalised) => {
                report.same += 1;
                continue;
            }
            Some(_) => report.changed.push(name.to_owned()),
            None => report.added.push(name.to_owned()),
        }
        let path = folder.join(format!("{name}.snap"));
        let text = snapshot(case, results, normalised, Some(blessed));
        file::write(&path, text.as_bytes())
            .map_err(|error| BlessError::Io { path: path.clone(), error })?;
        let pending = folder.join(format!("{name}.snap.new"));
        if pending.exists() {
            std::fs::remove_file(&pending)
                .map_err(|error| BlessError::Io { path: pending.clone(), error })?;
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn the_header_is_no_content() {
        assert_eq!(content("---\nsource: x\ninfo: {}\n---\na\n---\nb\n"), "a\n---\nb\n");
        assert_eq!(content("no header\n"), "no header\n");
    }
}

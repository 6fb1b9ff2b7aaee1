//! Variables and captured values as the steps of a run see them.

use crate::{Blobs, text};
use regex::Regex;
use std::collections::BTreeMap;
use twinproof_model::variables::{VariableError, expand};
use twinproof_model::{EntryKind, Observation, Step};

/// The values that the texts of a step may refer to.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, String>,
}

impl Scope {
    /// The variables of a run, without captured values.
    #[must_use]
    pub fn new(variables: &BTreeMap<String, String>) -> Self {
        Self { values: variables.clone() }
    }

    /// Adds captured values.
    pub fn extend(&mut self, captured: BTreeMap<String, String>) {
        self.values.extend(captured);
    }

    /// One value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Puts values into a text.
    ///
    /// # Errors
    /// When a variable is unknown here.
    pub fn expand(&self, text: &str) -> Result<String, VariableError> {
        expand(text, |name| self.get(name))
    }

    /// Puts values into a regular expression; they stand for themselves in it.
    ///
    /// # Errors
    /// When a variable is unknown here.
    pub fn expand_regex(&self, pattern: &str) -> Result<String, VariableError> {
        let quoted: BTreeMap<_, _> =
            self.values.iter().map(|(name, value)| (name.as_str(), regex::escape(value))).collect();
        expand(pattern, |name| quoted.get(name).map(String::as_str))
    }
}

/// The values that a step captures from what it saw; a value that is not there is left out, and the
/// step that needs it then fails to expand.
#[must_use]
pub fn capture(step: &Step, seen: &Observation, blobs: &dyn Blobs) -> BTreeMap<String, String> {
    match (step, seen) {
        (Step::Run(twinproof_model::Run { capture, .. }), Observation::Process(p))
        | (Step::Go(twinproof_model::Go { capture, .. }), Observation::Process(p)) => {
            let bytes = blobs.get(&p.stdout);
            let Some(out) = bytes.as_deref().and_then(text::of_process) else {
                return BTreeMap::new();
            };
            let found = |pattern: &str| {
                let regex = Regex::new(&format!("^(?:{pattern})$")).ok()?;
                let groups = out.lines().find_map(|line| regex.captures(line))?;
                groups.get(1).map(|g| g.as_str().to_owned())
            };
            capture.iter().filter_map(|(n, p)| Some((n.clone(), found(p)?))).collect()
        }
        (Step::Origin(_), Observation::Origin { variables }) => variables.clone(),
        (Step::Subject(_), Observation::Subject(launch)) => launch.variables.clone(),
        (Step::Http(http), Observation::Http(seen)) => {
            let found = |what: &str| match what {
                "status" => seen.status.map(|s| s.to_string()),
                "size" => seen.size.map(|s| s.to_string()),
                "sha256" => seen.sha256.clone(),
                "h1" => seen.h1.clone(),
                "body" if !seen.cut => {
                    let bytes = blobs.get(seen.body.as_ref()?)?;
                    text::of_file(&bytes).map(|t| text::without_final_line_end(&t).to_owned())
                }
                _ => {
                    let name = what.strip_prefix("header.")?;
                    seen.headers.get(&name.to_ascii_lowercase()).cloned()
                }
            };
            http.capture.iter().filter_map(|(n, w)| Some((n.clone(), found(w)?))).collect()
        }
        (Step::Probe(probe), Observation::Probe { values, .. }) => probe
            .capture
            .iter()
            .filter_map(|(name, key)| Some((name.clone(), values.get(key)?.clone())))
            .collect(),
        (Step::File(file), Observation::Entries { entries, .. }) => {
            let Some(entry) = entries.first() else { return BTreeMap::new() };
            let found = |what: &str| match what {
                "sha256" => entry.sha256.clone(),
                "size" => (entry.kind == EntryKind::File).then(|| entry.size.to_string()),
                "mode" => entry.mode.map(|m| format!("{m:04o}")),
                "symlink" => entry.target.clone(),
                "text" => {
                    let bytes = blobs.get(entry.content.as_ref()?)?;
                    text::of_file(&bytes).map(|t| text::without_final_line_end(&t).to_owned())
                }
                _ => None,
            };
            file.capture.iter().filter_map(|(n, w)| Some((n.clone(), found(w)?))).collect()
        }
        _ => BTreeMap::new(),
    }
}

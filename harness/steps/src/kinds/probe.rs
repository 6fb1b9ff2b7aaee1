//! `probe`: asks a typed question and asserts values of its answer.
//!
//! The engine records what it saw (a program's output, requests, both answers to each vector); the
//! values of the answer are read from that here, so that whoever holds the evidence gets them again.

use super::checksum_settings::{self, SettingRun};
use super::process::ProcessObservation;
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Template, ValueMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Typed questions.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ProbeKind {
    /// `go env -json`: a flat map of strings.
    GoEnv,
    /// `go version`: `version`, `goos`, `goarch`.
    GoVersion,
    /// The environment's own facts: `os`, `arch`, `kernel`, `libc`, `name`.
    Environment,
    /// The translator of `wslpath` over the vectors file at `path`: `total`, `matched`,
    /// `mismatched`.
    WslpathVectors,
    /// The rules of WSL's configuration over the vectors file at `path`: `total`, `matched`,
    /// `mismatched`.
    WslconfVectors,
    /// The checksum settings of the file at `path`, each tried with a public and a private module of
    /// wrong content: setting → who was asked, what was verified, which risk follows. The case has an
    /// origin.
    ChecksumSettings,
}

/// Asks a typed question and asserts values of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The question.
    pub kind: ProbeKind,
    /// The file that the question is about, for kinds that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Template>,
    /// The SDK's version; that of the subject when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Variables set for the program that answers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Template>,
    /// Variables taken away for the program that answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
    /// Its current directory; the work directory when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<Template>,
    /// Conditions on values of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, ValueMatch>,
    /// Values for later steps: name → key of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

impl ProbeKind {
    /// The keys that its answer can have; `None` where any may be.
    fn keys(self) -> Option<&'static [&'static str]> {
        match self {
            Self::GoEnv | Self::ChecksumSettings => None,
            Self::GoVersion => Some(&["version", "goos", "goarch"]),
            Self::Environment => Some(&["os", "arch", "kernel", "libc", "name"]),
            Self::WslpathVectors | Self::WslconfVectors => {
                Some(&["total", "matched", "mismatched"])
            }
        }
    }
}

/// The answer to a question, and how it came about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeSight {
    /// The program that answered, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessObservation>,
    /// Facts of the environment, where the question is about it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// A [`VectorAnswer`] a line, as JSON, where the question is about vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<BlobRef>,
    /// The downloads under each setting, where the question is about checksum settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<SettingRun>,
    /// Why the question could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A vector with both answers. Answers are written so that two that differ are never written alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VectorAnswer {
    /// Id of the vector.
    pub id: String,
    /// The answer in the file of vectors.
    pub expected: String,
    /// The answer by the rules.
    pub actual: String,
}

/// The values of an answer, or why there is none.
type Answer = Result<BTreeMap<String, String>, String>;

impl Kind for Probe {
    type Seen = ProbeSight;
    const EXAMPLE: &'static str =
        r#"{ probe = { name = "env", kind = "go_env", values = { GOPATH = "${home}${sep}go" } } }"#;
    const INPUTS: &'static [Input] = &[
        Input::variables("env"),
        Input::unset("env"),
        Input::text("path", "Another path").checked(lint::filled),
        Input::text("sdk", "Another SDK").checked(lint::go_version),
        Input::text("cwd", "Another current directory").checked(lint::filled),
    ];
    const SOURCES: &'static [&'static str] = &["probe"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        !self.values.is_empty()
    }

    fn needs_sdk(&self) -> bool {
        matches!(self.kind, ProbeKind::GoEnv | ProbeKind::GoVersion)
    }

    fn sdk(&self) -> Option<&str> {
        self.sdk.as_deref()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        if node::text(body, "kind").is_none() {
            return;
        }
        let wants_path = matches!(
            self.kind,
            ProbeKind::WslpathVectors | ProbeKind::WslconfVectors | ProbeKind::ChecksumSettings
        );
        if wants_path != node::get(body, "path").is_some() {
            let (message, span) = if wants_path {
                ("this probe needs the `path` of a file beside the suite's", body.span())
            } else {
                ("this probe has no `path`", node::key_span(body, "path"))
            };
            lint.add(lint.draft("probe-path", message, span));
        }
        let values = node::get(body, "values").and_then(node::table);
        let mut named = Vec::new();
        for (key, value) in values.into_iter().flat_map(|t| t.iter()) {
            lint::conditions(Some(value), lint);
            named.push((key.get_ref().to_string(), key.span()));
        }
        let captured = node::get(body, "capture").and_then(node::table);
        for value in captured.into_iter().flat_map(|t| t.values()) {
            named.extend(value.get_ref().as_str().map(|v| (v.to_owned(), value.span())));
        }
        for (name, span) in named {
            if let Some(valid) = self.kind.keys().filter(|valid| !valid.contains(&name.as_str())) {
                let message = format!("this probe's answer has no `{name}`");
                let draft = lint.draft("unknown-value", &message, span);
                lint.add(draft.suggest(&name, valid.iter().copied(), "valid values"));
            }
        }
    }

    fn check(&self, seen: &ProbeSight, checks: &mut Checks<'_>) {
        if let Some(process) = &seen.process
            && !process.ended(checks)
        {
            return;
        }
        let values = match self.answer(seen, checks.evidence) {
            Ok(values) => values,
            Err(error) => {
                checks.push("answer", Verdict::Fail, "an answer", error, &seen.blobs());
                return;
            }
        };
        for (key, wanted) in &self.values {
            let value = values.get(key).map(String::as_str);
            checks.value(&format!("values.{key}"), wanted, value, "absent");
        }
    }

    fn capture(&self, seen: &ProbeSight, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        let values = self.answer(seen, evidence).unwrap_or_default();
        let value =
            |(name, key): (&String, &String)| Some((name.clone(), values.get(key)?.clone()));
        self.capture.iter().filter_map(value).collect()
    }

    fn golden(&self, _: &str, seen: &ProbeSight, evidence: Evidence<'_>) -> Result<String, String> {
        let values = self.answer(seen, evidence).unwrap_or_default();
        Ok(values.iter().map(|(k, v)| format!("{k}={v}\n")).collect())
    }

    fn drift(&self, seen: &ProbeSight, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        let mut values = self.answer(seen, evidence).unwrap_or_default();
        // All of `go env` would hide the values that the case is about.
        values.retain(|key, _| self.values.contains_key(key));
        values
    }
}

impl Probe {
    /// Reads the answer from the observation.
    fn answer(&self, seen: &ProbeSight, evidence: Evidence<'_>) -> Answer {
        if let Some(error) = &seen.error {
            return Err(error.clone());
        }
        match self.kind {
            ProbeKind::GoEnv => go_env(&go_output(seen, evidence)?),
            ProbeKind::GoVersion => go_version(&go_output(seen, evidence)?),
            ProbeKind::Environment => Ok(seen.facts.clone()),
            ProbeKind::WslpathVectors | ProbeKind::WslconfVectors => vectors(seen, evidence),
            ProbeKind::ChecksumSettings => checksum_settings::table(&seen.settings, evidence),
        }
    }
}

/// The standard output of a go command that ended well.
fn go_output(seen: &ProbeSight, evidence: Evidence<'_>) -> Result<String, String> {
    let process = seen.process.as_ref().ok_or("no program was run")?;
    let text = |blob| evidence.read(blob).map(|b| String::from_utf8_lossy(&b).into_owned());
    match process.exit {
        Some(0) => text(&process.stdout),
        Some(code) => Err(format!("exit code {code}: {}", text(&process.stderr)?.trim_end())),
        None => Err("it did not end by itself".to_owned()),
    }
}

fn go_env(stdout: &str) -> Answer {
    serde_json::from_str(stdout).map_err(|e| format!("no flat map of strings: {e}"))
}

/// `go version go1.27.3 linux/amd64`, possibly with experiments before the platform.
fn go_version(stdout: &str) -> Answer {
    let text = stdout.trim_end();
    let read = || {
        let rest = text.strip_prefix("go version go")?;
        let (version, rest) = rest.split_once(' ')?;
        // From the end: experiments stand between the version and the platform (`go1.27.3 X:jsonv2
        // linux/amd64`).
        let platform = rest.rsplit(' ').next()?;
        let (goos, goarch) = platform.split_once('/')?;
        let pairs = [("version", version), ("goos", goos), ("goarch", goarch), ("text", text)];
        Some(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    };
    read().ok_or_else(|| format!("not as `go version` answers: {text:?}"))
}

/// Counts the vectors whose two answers are equal.
fn vectors(seen: &ProbeSight, evidence: Evidence<'_>) -> Answer {
    let blob = seen.vectors.as_ref().ok_or("no vectors were recorded")?;
    let bytes = evidence.read(blob)?;
    let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    let answers: Vec<VectorAnswer> = lines
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()
        .map_err(|e| format!("no list of vectors: {e}"))?;
    let differ = answers.iter().filter(|a| a.expected != a.actual).map(|a| a.id.as_str());
    let mismatches: Vec<&str> = differ.collect();
    let values = [
        ("total", answers.len().to_string()),
        ("matched", (answers.len() - mismatches.len()).to_string()),
        ("mismatched", mismatches.len().to_string()),
        ("mismatches", mismatches.join(" ")),
    ];
    Ok(values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

impl ProbeSight {
    /// The stored bytes that the answer is read from.
    fn blobs(&self) -> Vec<&BlobRef> {
        let of_process = self.process.iter().flat_map(|p| [&p.stdout, &p.stderr]);
        of_process.chain(&self.vectors).chain(self.settings.iter().map(|s| &s.requests)).collect()
    }
}

impl Seen for ProbeSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        if let Some(error) = &self.error {
            rows.push(Row::Line(vec![
                Part::text("the question could not be asked: "),
                Part::code(error),
            ]));
        }
        rows.push(Row::Values(None, &self.facts));
        rows.extend(self.process.iter().flat_map(Seen::rows));
        rows.extend(self.vectors.iter().map(|blob| Row::blob("vectors with both answers", blob)));
        rows.extend(self.settings.iter().map(SettingRun::row));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{go_env, go_version};

    #[test]
    fn answers_are_read_exactly() {
        let v = go_version("go version go1.27.3 linux/amd64\n").unwrap();
        assert_eq!((v["version"].as_str(), v["goos"].as_str()), ("1.27.3", "linux"));
        let v = go_version("go version go1.27.3 X:nocoverageredesign windows/arm64\r\n").unwrap();
        assert_eq!(v["goarch"], "arm64");
        assert!(go_version("go version devel linux/amd64").is_err());
        assert!(go_env("{\"A\": 1}").is_err());
        assert_eq!(go_env("{\"A\": \"1\"}").unwrap()["A"], "1");
    }
}

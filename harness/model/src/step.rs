//! Steps: the typed actions of a case, and what each may assert.
//!
//! A step is one table with one key, the kind: `{ go = { args = ["version"], exit = 0 } }`. Texts may
//! hold variables, `${name}`; `$${` stands for `${`. Paths are relative to the run's work directory
//! unless they begin with a variable; `/` is written everywhere and becomes the environment's own.

use crate::{Http, OriginStep, Raw, Requests, ScriptStep, SubjectStep, SumdbStep, TextMatch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One typed action of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Puts a file, a directory or a symbolic link in place.
    Write(Write),
    /// Runs a program.
    Run(Run),
    /// Runs the `go` command of the environment's SDK.
    Go(Go),
    /// Sets or unsets variables for the steps after it.
    Env(EnvStep),
    /// Looks at one file.
    File(FileStep),
    /// Looks at a directory with all that is in it.
    Tree(TreeStep),
    /// Starts or scripts the case's origin.
    Origin(OriginStep),
    /// Launches the subject.
    Subject(SubjectStep),
    /// Makes an HTTP request from the harness.
    Http(Http),
    /// Sends bytes as they are.
    Raw(Raw),
    /// Looks at the requests that were made.
    Requests(Requests),
    /// Asks a checksum database as a verifying client does.
    Sumdb(SumdbStep),
    /// Runs a script of cmd/go's own tests against the subject.
    Script(ScriptStep),
    /// Proves that two paths lead to one file, or that they do not.
    Canary(Canary),
    /// Compares with a golden.
    Golden(GoldenStep),
    /// Asks a typed question.
    Probe(Probe),
    /// Does the steps of a fixture.
    Use(String),
}

/// Puts a file, a directory or a symbolic link in place. Missing parent directories are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where.
    pub path: String,
    /// A file with this text, UTF-8. Give one of `text`, `base64`, `symlink`, `dir`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A file with these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// A symbolic link with this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<String>,
    /// A directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dir: bool,
    /// Permission bits, octal (`"0555"`). Where bits are not kept, only the write bit counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// What every started program shares: its surroundings, its limits, and what is asserted of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Arguments, each as it is.
    pub args: Vec<String>,
    /// Variables set for this program.
    pub env: BTreeMap<String, String>,
    /// Variables taken away for this program.
    pub unset: Vec<String>,
    /// Its current directory; the work directory when absent.
    pub cwd: Option<String>,
    /// Its standard input; empty when absent.
    pub stdin: Option<String>,
    /// Time limit in seconds; the suite's default when absent.
    pub timeout: Option<u32>,
    /// The exit code; 0 when absent.
    pub exit: ExitMatch,
    /// A condition on its standard output.
    pub stdout: Option<TextMatch>,
    /// A condition on its standard error.
    pub stderr: Option<TextMatch>,
    /// Values for later steps: name → regular expression, anchored to one line of the standard
    /// output, whose first group is the value.
    pub capture: BTreeMap<String, String>,
    /// Tries after a failed one. Each is recorded, and a late success is reported as flaky.
    pub retries: u32,
}

/// An exact exit code. As in a shell, 128 + N stands for death by signal N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ExitMatch(pub i64);

macro_rules! process_step {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// A name for checks and controls.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            $($(#[$field_doc])* pub $field: $ty,)*
            /// Arguments, each as it is.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub args: Vec<String>,
            /// Variables set for this program.
            #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
            pub env: BTreeMap<String, String>,
            /// Variables taken away for this program.
            #[serde(default, skip_serializing_if = "Vec::is_empty")]
            pub unset: Vec<String>,
            /// Its current directory; the work directory when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub cwd: Option<String>,
            /// Its standard input; empty when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub stdin: Option<String>,
            /// Time limit in seconds; the suite's default when absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub timeout: Option<u32>,
            /// The exit code; 0 when absent.
            #[serde(default)]
            pub exit: ExitMatch,
            /// A condition on its standard output.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub stdout: Option<TextMatch>,
            /// A condition on its standard error.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub stderr: Option<TextMatch>,
            /// Values for later steps: name → regular expression, anchored to one line of the
            /// standard output, whose first group is the value.
            #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
            pub capture: BTreeMap<String, String>,
            /// Tries after a failed one. Each is recorded; a late success is reported as flaky.
            #[serde(default, skip_serializing_if = "is_zero")]
            pub retries: u32,
        }

        impl $name {
            /// The part that all started programs share.
            #[must_use]
            pub fn process(&self) -> Process {
                Process {
                    args: self.args.clone(),
                    env: self.env.clone(),
                    unset: self.unset.clone(),
                    cwd: self.cwd.clone(),
                    stdin: self.stdin.clone(),
                    timeout: self.timeout,
                    exit: self.exit,
                    stdout: self.stdout.clone(),
                    stderr: self.stderr.clone(),
                    capture: self.capture.clone(),
                    retries: self.retries,
                }
            }
        }
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
pub(crate) fn is_zero(n: &u32) -> bool {
    *n == 0
}

process_step! {
    /// Runs a program.
    Run {
        /// A path, or a name that is looked up on the environment's PATH.
        program: String,
    }
}

process_step! {
    /// Runs the `go` command of the environment's SDK.
    Go {
        /// The SDK's version; that of the subject when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdk: Option<String>,
    }
}

/// Sets or unsets variables for the steps after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvStep {
    /// A name for controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Variables set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Variables taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
}

/// Looks at one file. Symbolic links are not followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which.
    pub path: String,
    /// Whether there is anything at that path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its bytes, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextMatch>,
    /// The SHA-256 of its bytes, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its first bytes, base64: a magic number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// Its permission bits, octal (`"0444"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The target of the symbolic link that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<String>,
    /// Whether it is a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<bool>,
    /// Values for later steps: name → `sha256`, `size`, `text`, `mode` or `symlink`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// Looks at a directory with all that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which.
    pub path: String,
    /// Whether the directory is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// Every file and link in it, relative to it, with `/`, sorted; directories end in `/` and are
    /// listed only where they are empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<String>>,
    /// How many files and links are in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Deepest level looked at; all of them when absent. Deeper directories count as entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
}

/// Proves that two paths lead to one file, or that they do not: writes bytes that nobody can guess
/// at one path, and looks at the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is written.
    pub write: String,
    /// Where it is looked for.
    pub read: String,
    /// Whether it must be there.
    pub same: bool,
}

/// Compares with a golden: a normalised snapshot under `golden/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoldenStep {
    /// Tells several goldens of a case apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What: `stdout:STEP`, `stderr:STEP`, `probe:STEP`, `tree:STEP`, `file:STEP`, `body:STEP` or
    /// `requests:STEP`, where STEP is the name of an earlier step.
    pub of: String,
    /// Normalisers, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normalize: Vec<String>,
}

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
    /// The checksum settings of the file at `path`, each tried with a public and a private module of
    /// wrong content: setting → who was asked, what was verified, which risk follows. The case has an
    /// origin.
    ChecksumSettings,
}

/// A condition on one value of a probe: its text, or `false` when it must be absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ValueMatch {
    /// It is there and fits.
    Text(TextMatch),
    /// It is there (`true`) or absent (`false`).
    Present(bool),
}

impl<'de> Deserialize<'de> for ValueMatch {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = ValueMatch;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a table of conditions on it, or whether it is there")
            }

            fn visit_bool<E: serde::de::Error>(self, present: bool) -> Result<ValueMatch, E> {
                Ok(ValueMatch::Present(present))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ValueMatch, E> {
                Ok(ValueMatch::Text(TextMatch::equals(text)))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<ValueMatch, A::Error> {
                TextMatch::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(ValueMatch::Text)
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl JsonSchema for ValueMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ValueMatch".into()
    }

    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = g.subschema_for::<TextMatch>();
        schemars::json_schema!({
            "description": "the value, conditions on it, or whether it is there",
            "anyOf": [text, { "type": "boolean" }]
        })
    }
}

/// Asks a typed question and asserts values of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which question.
    pub kind: ProbeKind,
    /// The file that the question is about, for kinds that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The SDK's version; that of the subject when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Variables set for the program that answers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Variables taken away for the program that answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
    /// Its current directory; the work directory when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Conditions on values of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, ValueMatch>,
    /// Values for later steps: name → key of the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

impl Step {
    /// The kinds, as suite files write them.
    pub const KINDS: [&'static str; 17] = [
        "write", "run", "go", "env", "file", "tree", "origin", "subject", "http", "raw",
        "requests", "sumdb", "script", "canary", "golden", "probe", "use",
    ];

    /// The kind, as suite files write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Write(_) => "write",
            Self::Run(_) => "run",
            Self::Go(_) => "go",
            Self::Env(_) => "env",
            Self::File(_) => "file",
            Self::Tree(_) => "tree",
            Self::Origin(_) => "origin",
            Self::Subject(_) => "subject",
            Self::Http(_) => "http",
            Self::Raw(_) => "raw",
            Self::Requests(_) => "requests",
            Self::Sumdb(_) => "sumdb",
            Self::Script(_) => "script",
            Self::Canary(_) => "canary",
            Self::Golden(_) => "golden",
            Self::Probe(_) => "probe",
            Self::Use(_) => "use",
        }
    }

    /// The name given to it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Write(s) => s.name.as_deref(),
            Self::Run(s) => s.name.as_deref(),
            Self::Go(s) => s.name.as_deref(),
            Self::Env(s) => s.name.as_deref(),
            Self::File(s) => s.name.as_deref(),
            Self::Tree(s) => s.name.as_deref(),
            Self::Origin(s) => s.name.as_deref(),
            Self::Subject(s) => s.name.as_deref(),
            Self::Http(s) => s.name.as_deref(),
            Self::Raw(s) => s.name.as_deref(),
            Self::Requests(s) => s.name.as_deref(),
            Self::Sumdb(s) => s.name.as_deref(),
            Self::Script(s) => s.name.as_deref(),
            Self::Canary(s) => s.name.as_deref(),
            Self::Golden(s) => s.name.as_deref(),
            Self::Probe(s) => s.name.as_deref(),
            Self::Use(_) => None,
        }
    }

    /// Whether it asserts more than that a program ended with exit code 0.
    #[must_use]
    pub fn asserts(&self) -> bool {
        match self {
            Self::Write(_) | Self::Env(_) | Self::Use(_) | Self::Origin(_) | Self::Subject(_) => {
                false
            }
            Self::Run(s) => s.exit.0 != 0 || s.stdout.is_some() || s.stderr.is_some(),
            Self::Go(s) => s.exit.0 != 0 || s.stdout.is_some() || s.stderr.is_some(),
            Self::File(s) => {
                s.exists.is_some()
                    || s.size.is_some()
                    || s.base64.is_some()
                    || s.text.is_some()
                    || s.sha256.is_some()
                    || s.starts_with.is_some()
                    || s.mode.is_some()
                    || s.symlink.is_some()
                    || s.dir.is_some()
            }
            Self::Tree(s) => s.exists.is_some() || s.entries.is_some() || s.count.is_some(),
            Self::Http(s) => {
                s.status.is_some()
                    || s.body.is_some()
                    || !s.header.is_empty()
                    || s.size.is_some()
                    || s.sha256.is_some()
                    || s.h1.is_some()
                    || s.complete.is_some()
                    || s.error.is_some()
            }
            Self::Raw(s) => {
                s.status.is_some()
                    || s.body.is_some()
                    || !s.header.is_empty()
                    || s.answers.is_some()
                    || s.closed.is_some()
            }
            Self::Requests(s) => {
                s.count.is_some()
                    || s.at_least.is_some()
                    || s.at_most.is_some()
                    || s.targets.is_some()
                    || !s.header.is_empty()
            }
            Self::Sumdb(_) | Self::Script(_) | Self::Canary(_) | Self::Golden(_) => true,
            Self::Probe(s) => !s.values.is_empty(),
        }
    }
}

//! Declarations: where a subject's program comes from, how it is launched and configured, and how its
//! readiness is recognised.

use crate::pipeline::Pipeline;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName, Template};
use twinproof_toml::Diagnostics;

/// The variables that texts of a declaration may refer to: name and meaning. Texts of a setting may
/// also refer to `value`.
pub const VARIABLES: [(&str, &str); 16] = [
    ("port", "a port that is free on 127.0.0.1"),
    ("address", "127.0.0.1 and that port, with a colon between them"),
    ("work", "a folder of the subject's own, its current directory unless it says otherwise"),
    ("store", "the folder in it where the subject keeps what it has"),
    ("upstream", "the upstream, in GOPROXY's syntax; `off` where there is none"),
    ("origin", "address of the case's origin; empty where there is none"),
    ("origin_ca", "file with the certificate of the origin's authority; likewise"),
    ("sumdb_name", "name of the origin's checksum database; likewise"),
    ("sumdb_key", "its verifier key; likewise"),
    ("sumdb_url", "its address; likewise"),
    ("server_cert", "file with a certificate for 127.0.0.1 of the origin's authority; likewise"),
    ("server_key", "file with the key of that certificate; likewise"),
    ("go", "the `go` program of the SDK that the case is about; empty where there is none"),
    ("goroot", "the root of that SDK; likewise"),
    ("gocache", "a build cache that subjects may share"),
    ("exe", "the suffix of programs: empty or `.exe`"),
];

/// Declaration of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Declaration {
    /// Its name, the instance of its environment: lower-case words joined by `-`.
    pub name: String,
    /// Its kind: `proxy`, `sumdb` or `masking`.
    pub kind: Kind,
    /// Its name as its makers write it.
    pub title: String,
    /// Its project page.
    pub homepage: String,
    /// The version that is judged, where that is known beforehand.
    #[serde(default)]
    pub version: Option<String>,
    /// Its program is this program itself.
    #[serde(default)]
    pub embedded: bool,
    /// Its program is built from a Go module.
    #[serde(default)]
    pub build: Option<Build>,
    /// Its program is the compiled tests of a package of the SDK, such as `cmd/go`.
    #[serde(default)]
    pub test: Option<String>,
    /// Its program is given by `--subject NAME=PATH`.
    #[serde(default)]
    pub given: bool,
    /// It runs elsewhere, at this address, and its upstream is not ours.
    #[serde(default)]
    pub url: Option<String>,
    /// Whether it needs an SDK's `go` on its PATH.
    #[serde(default)]
    pub needs_go: bool,
    /// Features that cases may require by `requires = ["feature:NAME"]`. Its settings are features too.
    #[serde(default)]
    pub features: BTreeSet<String>,
    /// Whether it may answer a GET by redirects, to a store of objects for instance: they are followed as
    /// the go command follows them, at most ten.
    #[serde(default)]
    pub redirects: bool,
    /// The path of its service, after host and port, such as `/sumdb/NAME`.
    #[serde(default)]
    pub base_path: String,
    /// Verifier key of a checksum database that has one of its own: what `${sumdb_key}` is once it is
    /// launched. That of the origin's database when absent.
    #[serde(default)]
    pub key: Option<String>,
    /// Arguments of its program.
    #[serde(default)]
    pub args: Vec<Template>,
    /// Variables of its environment.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// Files written before it is launched: path in its folder → text.
    #[serde(default)]
    pub files: BTreeMap<String, Template>,
    /// Its current directory; the folder of its own when absent.
    #[serde(default)]
    pub cwd: Option<Template>,
    /// Arguments, variables and files added where the case has an origin.
    #[serde(default)]
    pub origin: Addition,
    /// Settings that a case may use: name → its arguments, variables and files.
    #[serde(default)]
    pub set: BTreeMap<String, Setting>,
    /// The check that shows that it is ready.
    #[serde(default)]
    pub ready: Ready,
    /// The processes and places of a pipeline.
    #[serde(default)]
    pub pipeline: Option<Pipeline>,
}

/// The kind of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A module proxy.
    Proxy,
    /// A checksum database.
    Sumdb,
    /// A pipeline that copies production to staging, masked.
    Masking,
}

impl Kind {
    /// The kind of its environments.
    #[must_use]
    pub fn environment(self) -> EnvironmentKind {
        match self {
            Self::Proxy => EnvironmentKind::Proxy,
            Self::Sumdb => EnvironmentKind::Sumdb,
            Self::Masking => EnvironmentKind::Masking,
        }
    }

    /// As suite files and the command line write it; also the variable with its address.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.environment().as_str()
    }
}

/// A program built from a Go module.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Build {
    /// The module's path.
    pub module: String,
    /// The package of the program; that of the module's root when absent.
    #[serde(default)]
    pub package: Option<String>,
}

/// Arguments, variables and files added to a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Addition {
    /// Further arguments.
    #[serde(default)]
    pub args: Vec<Template>,
    /// Further variables, or other values.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// Further files, or text after that of files already there.
    #[serde(default)]
    pub files: BTreeMap<String, Template>,
}

/// A setting that cases may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Setting {
    /// Its meaning, for authors of cases.
    pub about: String,
    /// Only applies where its value is this one; with any value when absent.
    #[serde(default)]
    pub when: Option<String>,
    /// Further arguments.
    #[serde(default)]
    pub args: Vec<Template>,
    /// Further variables, or other values.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// Further files, or text after that of files already there.
    #[serde(default)]
    pub files: BTreeMap<String, Template>,
    /// Another scheme of its address, such as `https`.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The path of its service, after host and port, instead of the declared one.
    #[serde(default)]
    pub base_path: Option<Template>,
}

/// A check that a subject is ready: its port is open and, where a path is given, a GET of it is
/// answered with the status.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Ready {
    /// The path of the request, on its port.
    #[serde(default)]
    pub path: Option<String>,
    /// The status of the answer.
    #[serde(default = "ok")]
    pub status: u16,
    /// Time limit in seconds.
    #[serde(default = "patience")]
    pub seconds: u32,
}

fn ok() -> u16 {
    200
}

fn patience() -> u32 {
    30
}

impl Default for Ready {
    fn default() -> Self {
        Self { path: None, status: ok(), seconds: patience() }
    }
}

/// A declaration that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeclarationError {
    /// The text of the declaration is wrong.
    #[error(transparent)]
    Text(#[from] Diagnostics),
    /// A file, or an address, cannot be used as one.
    #[error("{file}: {message}")]
    Whole {
        /// The file or address.
        file: String,
        /// The mistake in it.
        message: String,
    },
}

impl Declaration {
    /// The subject at a given address: it is only read. A checksum database has its
    /// verifier key before the address, as in GOSUMDB.
    ///
    /// # Errors
    /// When it is no `http` or `https` address, or a database has no key.
    pub fn of_address(kind: Kind, value: &str) -> Result<Self, DeclarationError> {
        let wrong = |message: &str| DeclarationError::Whole {
            file: value.to_owned(),
            message: message.to_owned(),
        };
        let (key, url) = match (kind, value.split_once(' ')) {
            (Kind::Masking, _) => return Err(wrong("a pipeline is declared in a file")),
            (Kind::Proxy, _) => (None, value),
            (Kind::Sumdb, Some((key, url))) => (Some(key.to_owned()), url),
            (Kind::Sumdb, None) => {
                let text = "a checksum database is judged by its verifier key: give `KEY URL`, as \
                            GOSUMDB has them";
                return Err(wrong(text));
            }
        };
        let host = host_of(url).map_err(wrong)?;
        Ok(Self {
            name: host.to_owned(),
            kind,
            title: host.to_owned(),
            homepage: url.to_owned(),
            version: None,
            embedded: false,
            build: None,
            test: None,
            given: false,
            url: Some(url.trim_end_matches('/').to_owned()),
            needs_go: false,
            features: BTreeSet::new(),
            redirects: false,
            base_path: String::new(),
            key,
            args: Vec::new(),
            env: BTreeMap::new(),
            files: BTreeMap::new(),
            cwd: None,
            origin: Addition::default(),
            set: BTreeMap::new(),
            ready: Ready::default(),
            pipeline: None,
        })
    }

    /// The environment named for the subject.
    #[must_use]
    pub fn environment(&self) -> EnvironmentName {
        EnvironmentName::instance_of(self.kind.environment(), &self.name)
    }

    /// Whether it is only read: it runs elsewhere, and its upstream is not ours.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.url.is_some()
    }

    /// The capabilities that it adds to those of the host.
    #[must_use]
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        let features = self.features.iter().chain(self.set.keys());
        let mut all: BTreeSet<_> = features.map(|f| Capability::Feature(f.clone())).collect();
        if self.has_upstream() {
            all.insert(Capability::Origin);
        }
        all
    }

    /// Whether it is configured with an upstream. Without one it serves only its own store.
    fn has_upstream(&self) -> bool {
        let names = names_in(self.own_texts());
        ["upstream", "origin"].iter().any(|name| names.contains(*name))
    }

    /// The variables that its texts refer to, those of its settings included.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let of_settings = self.set.values().flat_map(|setting| {
            let texts = setting.args.iter().chain(setting.env.values()).chain(&setting.base_path);
            texts.chain(setting.files.values())
        });
        names_in(self.own_texts().chain(of_settings))
    }

    /// Its texts that may refer to variables, without those of settings.
    fn own_texts(&self) -> impl Iterator<Item = &Template> {
        let plain = self.args.iter().chain(self.env.values()).chain(self.files.values());
        let added = [&self.origin.env, &self.origin.files].into_iter().flat_map(BTreeMap::values);
        plain.chain(&self.cwd).chain(&self.origin.args).chain(added)
    }
}

/// The host, with its port, of an address that paths can be appended to; or why it is none.
pub(crate) fn host_of(url: &str) -> Result<&str, &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or("an address begins with `http://` or `https://`")?;
    if !rest.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("an address has printable ASCII only: write other bytes as `%20`");
    }
    if rest.contains(['\\', '?', '#']) {
        return Err("paths are appended to an address: it has no `?`, `#` or `\\`");
    }
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if host.is_empty() || host.contains('*') { Err("the address has no host") } else { Ok(host) }
}

/// The variables that texts refer to.
fn names_in<'t>(texts: impl Iterator<Item = &'t Template>) -> BTreeSet<String> {
    texts.flat_map(|text| text.variables().map(|(name, _)| name.to_owned())).collect()
}

//! Names and fingerprints of the environments where cases run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of an environment's driver.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentKind {
    /// The machine that the harness runs on.
    Host,
    /// A container.
    Image,
    /// Windows programs under Wine, in a container. Never reported as `windows`.
    Wine,
    /// A distribution of the Windows Subsystem for Linux.
    Wsl,
    /// Real Windows: natively, or reached from inside WSL.
    Windows,
    /// The host with a module proxy that is judged.
    Proxy,
    /// The host with a checksum database that is judged.
    Sumdb,
    /// The host with a pipeline between two databases that is judged.
    Masking,
}

impl EnvironmentKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Host,
        Self::Image,
        Self::Wine,
        Self::Wsl,
        Self::Windows,
        Self::Proxy,
        Self::Sumdb,
        Self::Masking,
    ];

    /// The name used in suite files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Image => "image",
            Self::Wine => "wine",
            Self::Wsl => "wsl",
            Self::Windows => "windows",
            Self::Proxy => "proxy",
            Self::Sumdb => "sumdb",
            Self::Masking => "masking",
        }
    }

    /// Whether names of this kind carry an instance after a colon (`image:musl`).
    #[must_use]
    pub fn has_instances(self) -> bool {
        matches!(self, Self::Image | Self::Wsl) || self.is_subject()
    }

    /// Whether names of this kind cannot do without an instance.
    #[must_use]
    pub fn needs_instance(self) -> bool {
        self == Self::Image || self.is_subject()
    }

    /// Whether an environment of this kind is the host with a server that is judged. Such ones are
    /// only selected by their kind, never by a pattern for all environments.
    #[must_use]
    pub fn is_subject(self) -> bool {
        matches!(self, Self::Proxy | Self::Sumdb | Self::Masking)
    }
}

/// `host`, `wine`, `windows`, `image:NAME`, `proxy:NAME`, `sumdb:NAME`, `masking:NAME` or `wsl:DISTRO`;
/// `wsl` alone is the default distribution.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentName {
    kind: EnvironmentKind,
    instance: Option<String>,
}

/// A name that no environment can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown environment `{0}`")]
pub struct EnvironmentNameError(pub String);

impl EnvironmentName {
    /// A kind without an instance.
    #[must_use]
    pub fn of(kind: EnvironmentKind) -> Self {
        Self { kind, instance: None }
    }

    /// An instance of a kind.
    #[must_use]
    pub fn instance_of(kind: EnvironmentKind, instance: impl Into<String>) -> Self {
        Self { kind, instance: Some(instance.into()) }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> EnvironmentKind {
        self.kind
    }

    /// The part of the name after the colon.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Whether a selector (of a suite file or `--env`) selects this environment. A bare kind selects
    /// all of its instances; `*` in an instance is a pattern. A pattern that does not begin with
    /// `proxy:`, `sumdb:` or `masking:` selects no subject: a subject is judged where it is named.
    #[must_use]
    pub fn selected_by(&self, selector: &str) -> bool {
        let named = || selector.split_once(':').is_some_and(|(kind, _)| kind == self.kind.as_str());
        selector == self.kind.as_str()
            // `*` means all machines and containers; a server is judged only where its kind is
            // named.
            || (!self.kind.is_subject() || named())
                && crate::glob_matches(selector, &self.to_string())
    }
}

impl std::str::FromStr for EnvironmentName {
    type Err = EnvironmentNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, instance) = match text.split_once(':') {
            Some((kind, instance)) => (kind, Some(instance)),
            None => (text, None),
        };
        let kind = EnvironmentKind::ALL
            .into_iter()
            .find(|k| k.as_str() == kind)
            .ok_or_else(|| EnvironmentNameError(text.to_owned()))?;
        let fits = match instance {
            None => !kind.needs_instance(),
            // The name becomes part of a path in the bundle.
            Some(i) => kind.has_instances() && !i.is_empty() && !i.contains(['/', '\\']),
        };
        if !fits {
            return Err(EnvironmentNameError(text.to_owned()));
        }
        Ok(Self { kind, instance: instance.map(str::to_owned) })
    }
}

impl std::fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.instance {
            None => f.pad(self.kind.as_str()),
            Some(i) => f.pad(&format!("{}:{i}", self.kind.as_str())),
        }
    }
}

impl Serialize for EnvironmentName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EnvironmentName {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for EnvironmentName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EnvironmentName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(host|wine|windows|wsl(:[^/\\\\]+)?|(image|proxy|sumdb|masking):[^/\\\\]+)$"
        })
    }
}

/// Versions and hardware of an environment during a run: enough to tell two runs apart, and to set
/// up the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// Operating system as its programs see it, with its version (`Debian GNU/Linux 12`).
    pub os: String,
    /// Processor architecture in Go's words (`amd64`).
    pub arch: String,
    /// Kernel and release.
    pub kernel: String,
    /// C library and version (`glibc 2.31`, `musl 1.2.5`), empty where there is none.
    pub libc: String,
    /// Digest of the image's content, where the environment is a container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Each SDK that was offered: version → where it is from and its tree hash.
    #[serde(default)]
    pub sdks: BTreeMap<String, String>,
    /// Further facts (Wine's version, where the image is from, packages).
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::EnvironmentName;
    use rstest::rstest;

    #[rstest]
    #[case("host", true)]
    #[case("image:musl", true)]
    #[case("wsl", true)]
    #[case("wsl:Ubuntu-24.04", true)]
    #[case("proxy:embedded", true)]
    #[case("sumdb:127.0.0.1:8080", true)]
    #[case("proxy", false)]
    #[case("sumdb", false)]
    #[case("image", false)]
    #[case("host:x", false)]
    #[case("image:", false)]
    #[case("Image:musl", false)]
    #[case("wsl:a/b", false)]
    fn only_kinds_with_fitting_instances_are_names(#[case] text: &str, #[case] ok: bool) {
        let name = text.parse::<EnvironmentName>();
        assert_eq!(name.is_ok(), ok, "{name:?}");
        if let Ok(name) = name {
            assert_eq!(name.to_string(), text);
        }
    }

    #[rstest]
    #[case("image", "image:musl", true)]
    #[case("image:m*", "image:musl", true)]
    #[case("image:trixie", "image:musl", false)]
    #[case("*", "host", true)]
    #[case("wsl", "wsl:Debian", true)]
    #[case("proxy", "proxy:embedded", true)]
    #[case("proxy:*", "proxy:embedded", true)]
    #[case("proxy:go*", "proxy:embedded", false)]
    #[case("sumdb", "proxy:embedded", false)]
    #[case("*", "proxy:embedded", false)]
    #[case("**", "sumdb:embedded", false)]
    #[case("*:embedded", "proxy:embedded", false)]
    fn a_selector_is_a_kind_or_a_pattern_of_names(
        #[case] selector: &str,
        #[case] name: &str,
        #[case] want: bool,
    ) {
        assert_eq!(name.parse::<EnvironmentName>().unwrap().selected_by(selector), want);
    }
}

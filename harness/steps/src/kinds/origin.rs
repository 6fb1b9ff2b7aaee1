//! `origin`: starts or scripts the case's upstream.

use crate::info::Variable;
use crate::kind::{Kind, Seen};
use crate::lint::Lint;
use crate::{Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{Rule, Template};
use twinproof_toml::node::{self, Node};

/// A module that an origin serves besides the corpus and the crafted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its path, unescaped.
    pub path: Template,
    /// Its version, canonical.
    pub version: Template,
    /// Its files: name → text. The zip has them below `path@version/`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, Template>,
    /// Its `.info`; version and a fixed time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<Template>,
    /// Its `.mod`; the file `go.mod` when absent, else a `module` line.
    #[serde(default, rename = "mod", skip_serializing_if = "Option::is_none")]
    pub go_mod: Option<Template>,
}

/// A checksum database that an origin serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OriginDatabase {
    /// Its own, with every module that it serves: it is named like a host.
    #[default]
    Own,
    /// One with every module that it serves, whose name has a slash.
    Slashed,
    /// One with every module that it serves, at the root of a host under TLS.
    Root,
    /// That of cmd/go's tests, with the key that stands in the SDK's `proxy_test.go`.
    CmdGo,
}

impl OriginDatabase {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// Starts the case's origin, an upstream that serves modules and a checksum database of its own and
/// records every request; a second one gives it other rules. It gives the variables `origin`,
/// `origin_tls`, `origin_ca`, `sumdb_name`, `sumdb_key` and `sumdb_url`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Modules to serve besides the corpus of the SDK and the crafted ones; only where it is started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub module: Vec<Module>,
    /// The database whose name, key and address the variables have; only in the step that starts the origin.
    #[serde(default, skip_serializing_if = "OriginDatabase::is_own")]
    pub database: OriginDatabase,
    /// Its faults, in place of those before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Rule<Template>>,
    /// Forgets the requests made so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear: bool,
}

/// The case's origin has its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OriginSight {
    /// The variables that it gives.
    pub variables: BTreeMap<String, String>,
}

impl Kind for OriginStep {
    type Seen = OriginSight;
    const EXAMPLE: &'static str = r#"{ origin = { name = "upstream", module = [{ path = "example.com/a", version = "v1.0.0", files = { "go.mod" = "module example.com/a\n" } }] } }"#;
    const INPUTS: &'static [Input] = &[Input::rules("rule", "Other faults")];
    const GIVES: &'static [Variable] = &[
        ("origin", "address of the case's origin, without a final slash"),
        ("origin_tls", "its address with TLS"),
        ("origin_mtls", "its address with TLS that demands a certificate of the client"),
        ("origin_tls_expired", "its address with a certificate whose time is over"),
        ("origin_tls_wrong_host", "its address with another host's certificate"),
        ("origin_tls_self_signed", "its address with a certificate that vouches for itself"),
        ("origin_tls_plain", "an `https` address where HTTP answers without TLS"),
        ("origin_ca", "file with the certificate of its authority"),
        ("origin_cert", "file with a client's certificate of that authority"),
        ("origin_key", "file with the key of that certificate"),
        ("origin_cert_expired", "file with a client's certificate whose time is over"),
        ("origin_key_expired", "file with its key"),
        (
            "origin_cert_unknown",
            "file with a client's certificate of an authority that no server trusts",
        ),
        ("origin_key_unknown", "file with its key"),
        ("server_cert", "file with a certificate for 127.0.0.1 of the origin's authority"),
        ("server_key", "file with its key"),
        ("sumdb_name", "name of the origin's checksum database"),
        ("sumdb_key", "its verifier key"),
        ("sumdb_url", "its address, to ask it directly"),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        for table in node::elements(node::get(body, "module")) {
            lint.filled(table, &["path", "version"]);
            if let Some(version) = node::text(table, "version").filter(|v| !v.starts_with('v')) {
                let message = format!("`{}` is no version of a module", version.escape_debug());
                let draft = lint.draft("bad-version", &message, node::value_span(table, "version"));
                lint.add(draft.help("write it like `v1.2.3`"));
            }
        }
    }

    fn check(&self, _: &OriginSight, _: &mut Checks<'_>) {}

    fn capture(&self, seen: &OriginSight, _: Evidence<'_>) -> BTreeMap<String, String> {
        seen.variables.clone()
    }
}

impl Seen for OriginSight {
    fn rows(&self) -> Vec<Row<'_>> {
        vec![
            Row::Line(vec![Part::text("scripted the origin")]),
            Row::Values(Some("What it gives"), &self.variables),
        ]
    }
}

//! Facts that Go's linker writes into its output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Go's build ID: hashes of inputs and outputs (`cmd/go/internal/work/buildid.go`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildId {
    /// Hash of everything the link was given: flags, packages, linker.
    pub link_action: String,
    /// Hash of everything the main package's compilation was given. Absent in a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_action: Option<String>,
    /// Hash of the compiled main package. Absent in a package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_content: Option<String>,
    /// Hash of the linked file, with the build ID itself taken as zeros.
    pub content: String,
}

impl BuildId {
    /// Reads it: two or four parts with a slash between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let own = |part: &str| part.to_owned();
        match parts[..] {
            [action, content] => Some(Self {
                link_action: own(action),
                main_action: None,
                main_content: None,
                content: own(content),
            }),
            [link, main, compiled, content] => Some(Self {
                link_action: own(link),
                main_action: Some(own(main)),
                main_content: Some(own(compiled)),
                content: own(content),
            }),
            _ => None,
        }
    }
}

impl std::fmt::Display for BuildId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.main_action, &self.main_content) {
            (Some(action), Some(content)) => {
                write!(f, "{}/{action}/{content}/{}", self.link_action, self.content)
            }
            _ => write!(f, "{}/{}", self.link_action, self.content),
        }
    }
}

/// Go's build information, as `go version -m` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BuildInfo {
    /// The Go version, such as `go1.27.3`.
    pub version: String,
    /// The main package's import path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The main module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main: Option<Module>,
    /// The modules it was built with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<Module>,
    /// The settings of the build.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Module {
    /// Its path.
    pub path: String,
    /// Its version.
    pub version: String,
    /// Its `h1:` hash.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sum: String,
    /// The module that replaces it. A replacement by a folder has the folder as its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<Box<Module>>,
}

/// The processors an image is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Microarchitecture {
    /// The setting that says it, such as `GOAMD64`.
    pub variable: String,
    /// Its value, such as `v3`.
    pub declared: String,
    /// Whether Go has such a level. Some releases record one that they do not support.
    pub known: bool,
    /// The level that the program itself checks for when it starts; none is none, or `v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    /// Whether the program checks for the declared level. Absent where Go has no such guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard_agrees: Option<bool>,
}

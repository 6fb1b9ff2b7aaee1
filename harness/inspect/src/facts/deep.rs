//! Facts that only the contents have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Facts that only the contents have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deep {
    /// The debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dwarf: Option<Dwarf>,
    /// Traces of the machine it was built on, sorted.
    pub leaks: Vec<Leak>,
    /// Parts that were not read, or why the list of leaks is cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
}

/// Debug information.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dwarf {
    /// Versions of DWARF.
    pub versions: Vec<u16>,
    /// Number of units.
    pub units: u64,
    /// The compilers and their flags, sorted.
    pub producers: Vec<String>,
    /// The folders in which units were compiled, sorted.
    pub folders: Vec<String>,
    /// Number of source files that the line tables name.
    pub files: u64,
    /// The first folders of source files, sorted; a hundred at most.
    pub source_folders: Vec<String>,
}

/// A trace of the machine a file was built on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Leak {
    /// The kind of information that leaks.
    pub kind: LeakKind,
    /// The part that all occurrences have in common: `/home/ann`.
    pub value: String,
    /// Number of occurrences.
    pub count: u64,
    /// The first occurrence in full.
    pub example: String,
    /// The sections with occurrences.
    pub places: Vec<LeakPlace>,
}

/// The kind of information that a leak shows.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeakKind {
    /// A text that the caller asked for.
    Asked,
    /// A user, by the name of a home folder.
    User,
    /// A host, by the name in a network path.
    Host,
    /// A folder of a build service.
    Builder,
    /// A folder for temporary files.
    Temporary,
    /// The folder of the Go distribution.
    Goroot,
    /// The folder of Go's module cache.
    ModuleCache,
}

impl LeakKind {
    /// The name that reports show.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked for",
            Self::User => "user",
            Self::Host => "host",
            Self::Builder => "build folder",
            Self::Temporary => "temporary folder",
            Self::Goroot => "GOROOT",
            Self::ModuleCache => "module cache",
        }
    }
}

/// A section with leaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LeakPlace {
    /// Its name; `(headers)` for bytes outside of sections.
    pub section: String,
    /// Number of occurrences in it.
    pub count: u64,
}

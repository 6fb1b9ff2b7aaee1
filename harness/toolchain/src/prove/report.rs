//! The result of a proof, as data.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::platform::Platform;
use crate::provenance::Provenance;
use crate::version::Version;

/// The judgement over an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every file is covered and equal, and none is missing.
    Proved,
    /// Everything that go reads or runs is equal; other files are uncovered, added or missing.
    ProvedInPart,
    /// Something that go reads or runs differs, or a covered file has another content.
    Differs,
}

impl Status {
    /// The exit code: 0 proved, 1 differs, 2 proved in part.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Proved => 0,
            Self::Differs => 1,
            Self::ProvedInPart => 2,
        }
    }
}

/// Whether a file can change what go does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Below `bin`, `lib`, `pkg` or `src`, or `VERSION` or `go.env`: go reads or runs it.
    Live,
    /// Anything else: licences, documentation, examples, a packager's own files.
    Inert,
}

impl Reach {
    /// The reach of the file with this name, relative to the GOROOT and with slashes.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let top = name.split('/').next().unwrap_or(name);
        match top {
            "bin" | "lib" | "pkg" | "src" | "VERSION" | "go.env" => Self::Live,
            _ => Self::Inert,
        }
    }
}

/// The difference of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Change {
    /// Not in the toolchain zip, though a release may have it: below `api`, `doc`, `misc` or `test`.
    Uncovered,
    /// The verified SDK has no such file.
    Added {
        /// The file's size in bytes.
        bytes: u64,
    },
    /// The file is missing.
    Missing,
    /// An executable has other bytes.
    Executable {
        /// The offset of the first differing byte.
        offset: u64,
        /// Number of differing bytes, including those that only one of the files has.
        differing: u64,
        /// The sizes in bytes: expected and found.
        sizes: (u64, u64),
        /// The section with that offset, where the file has sections.
        section: Option<String>,
        /// Whether the build information differs; nothing when the found file has none.
        build_info_differs: Option<bool>,
    },
    /// A text has other lines.
    Text {
        /// The number of the first differing line, from 1.
        line: u64,
        /// That line in the verified SDK, cut at 200 characters; nothing past its end.
        expected: Option<String>,
        /// That line as found, cut at 200 characters; nothing past its end.
        found: Option<String>,
        /// Numbers of lines between the common beginning and the common end: expected and found.
        lines: (u64, u64),
    },
    /// A text has CRLF where LF is expected, and is equal otherwise.
    Crlf {
        /// Number of such lines.
        lines: u64,
    },
    /// A file that is neither an executable nor text has other bytes.
    Data {
        /// The offset of the first differing byte.
        offset: u64,
        /// The sizes in bytes: expected and found.
        sizes: (u64, u64),
    },
    /// A program has no run bit.
    NotExecutable,
    /// A link stands where a file is expected, or was added.
    Link {
        /// The link's target.
        target: String,
    },
    /// The file cannot be read.
    Unreadable {
        /// The error, in words.
        reason: String,
    },
}

/// A file that differs from the verified SDK's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name, relative to the GOROOT and with slashes.
    pub file: String,
    /// Whether it can change what go does.
    pub reach: Reach,
    /// The kind of difference.
    pub change: Change,
}

impl Difference {
    /// Whether it refutes that the SDK is the released one.
    #[must_use]
    pub fn refutes(&self) -> bool {
        match self.change {
            Change::Uncovered => false,
            Change::Added { .. } | Change::Missing | Change::Link { .. } => {
                self.reach == Reach::Live
            }
            _ => true,
        }
    }
}

/// The result of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofReport {
    /// The judgement.
    pub status: Status,
    /// The GOROOT that was judged.
    pub goroot: PathBuf,
    /// The version in its VERSION file.
    pub version: Version,
    /// The platform, by its `pkg/tool`.
    pub platform: Platform,
    /// Number of files equal to the verified SDK's.
    pub equal: u64,
    /// Every file that is not, by name.
    pub differences: Vec<Difference>,
    /// The SDK that it was compared with.
    pub reference: Provenance,
}

impl ProofReport {
    /// The judgement over these differences.
    #[must_use]
    pub fn judge(differences: &[Difference]) -> Status {
        if differences.is_empty() {
            Status::Proved
        } else if differences.iter().any(Difference::refutes) {
            Status::Differs
        } else {
            Status::ProvedInPart
        }
    }
}

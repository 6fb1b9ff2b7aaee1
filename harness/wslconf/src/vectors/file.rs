//! The form of a vectors file, and its limits.
//!
//! The file itself may grow: its unknown fields are ignored. A vector's are errors, as each field
//! decides what is run or expected.

use super::text::{Text, decode};
use crate::read::{ReadError, limited};
use crate::units::Dialect;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use thiserror::Error;
use twinproof_wslpath::WorldError;

/// Largest file, in bytes.
// A file of vectors is untrusted input. Both limits are a hundred times the size of the recorded one.
const SIZE_MAX: u64 = 16 << 20;
/// Most vectors in a file.
const VECTORS_MAX: usize = 100_000;

/// The reason why a file of vectors cannot be checked. The invocation is wrong then, not the rules.
#[derive(Debug, Error)]
pub enum VectorsError {
    /// The file cannot be taken.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is not UTF-8.
    #[error("{}: is not UTF-8, from byte {at} on", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first bad byte.
        at: usize,
    },
    /// The file is not JSON, or not of the form of a vectors file.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong: a missing or unknown field, a wrong type, a syntax error.
        message: String,
    },
    /// The file has no vectors, so that it could not fail.
    #[error("{}: has no vectors; a check needs at least one", path.display())]
    NoVectors {
        /// The file.
        path: PathBuf,
    },
    /// The file has too many.
    #[error("{}: has {count} vectors, the limit is {VECTORS_MAX}; split it", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// The number of vectors.
        count: usize,
    },
    /// Two vectors have one id.
    #[error("{}: the id `{id}` is used twice; ids name one vector", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// The machine that WSLENV is translated on cannot be built.
    #[error("{}: {message}", path.display())]
    Machine {
        /// The file.
        path: PathBuf,
        /// The path that does not fit, and why.
        message: WorldError,
    },
}

/// A file of vectors.
pub struct VectorsFile {
    pub files: Vec<FileVector>,
    pub wslenv: Vec<WslenvVector>,
    pub hostnames: Vec<(Text, Text)>,
}

/// A configuration file, and WSL's recorded reading of it.
#[derive(Deserialize)]
#[serde(try_from = "RawFileVector")]
pub struct FileVector {
    pub id: String,
    pub dialect: Dialect,
    pub input: Vec<u8>,
    pub accepted: Option<Value>,
    pub malformed: Value,
    pub stops: bool,
    pub aborts: bool,
    pub refused: bool,
    pub opens: bool,
    pub warnings: Option<Value>,
    pub config: Option<Value>,
}

/// An environment, and the variables that crossed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WslenvVector {
    pub id: String,
    pub direction: Way,
    #[serde(rename = "about", default)]
    _about: String,
    #[serde(deserialize_with = "present")]
    pub wslenv: Option<Text>,
    pub env: Vec<(Text, Text)>,
    pub passed: Vec<(Text, Text)>,
    #[serde(rename = "note", default)]
    _note: String,
}

/// The direction in which variables are passed.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    WindowsToLinux,
    LinuxToWindows,
}

#[derive(Deserialize)]
struct RawFile {
    #[serde(default)]
    vectors: Vec<FileVector>,
    wslenv: Option<Part<WslenvVector>>,
    hostname: Option<Part<(Text, Text)>>,
}

#[derive(Deserialize)]
struct Part<T> {
    vectors: Vec<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFileVector {
    id: String,
    file: String,
    #[serde(rename = "about", default)]
    _about: String,
    input: Option<Text>,
    input_base64: Option<String>,
    accepted: Option<Value>,
    malformed: Option<Value>,
    #[serde(default)]
    stops: bool,
    #[serde(default)]
    aborts: bool,
    #[serde(default)]
    refused: bool,
    #[serde(default = "yes")]
    opens: bool,
    warnings: Option<Value>,
    config: Option<Value>,
    #[serde(rename = "note", default)]
    _note: String,
}

fn yes() -> bool {
    true
}

/// Like an `Option` field, but one that may be null and not absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Option::deserialize(deserializer)
}

impl TryFrom<RawFileVector> for FileVector {
    type Error = String;

    fn try_from(raw: RawFileVector) -> Result<Self, String> {
        let dialect = match raw.file.as_str() {
            "wsl.conf" => Dialect::WslConf,
            ".wslconfig" => Dialect::WslConfig,
            other => {
                let id = &raw.id;
                return Err(format!("vector `{id}`: `{other}` is neither wsl.conf nor .wslconfig"));
            }
        };
        let input = match (raw.input, raw.input_base64) {
            (Some(text), None) => text.0,
            (None, Some(text)) => {
                decode::<serde_json::Error>(&text).map_err(|error| error.to_string())?
            }
            _ => return Err(format!("vector `{}`: one of input and input_base64", raw.id)),
        };
        Ok(Self {
            id: raw.id,
            dialect,
            input,
            accepted: raw.accepted,
            malformed: raw.malformed.unwrap_or_else(|| Value::Array(Vec::new())),
            stops: raw.stops,
            aborts: raw.aborts,
            refused: raw.refused,
            opens: raw.opens,
            warnings: raw.warnings,
            config: raw.config,
        })
    }
}

/// Reads a file, up to the limit.
pub fn read(path: &Path) -> Result<String, VectorsError> {
    String::from_utf8(limited(path, SIZE_MAX)?).map_err(|error| VectorsError::NotUtf8 {
        path: path.to_owned(),
        at: error.utf8_error().valid_up_to(),
    })
}

/// Reads the text of a file.
pub fn parse(path: &Path, text: &str) -> Result<VectorsFile, VectorsError> {
    let raw = parse_object(text).map_err(|error| VectorsError::Form {
        path: path.to_owned(),
        line: error.line().max(1),
        column: error.column().max(1),
        message: error.to_string(),
    })?;
    let wslenv = raw.wslenv.map(|part| part.vectors).unwrap_or_default();
    let hostnames = raw.hostname.map(|part| part.vectors).unwrap_or_default();
    let file = VectorsFile { files: raw.vectors, wslenv, hostnames };
    let count = file.files.len() + file.wslenv.len() + file.hostnames.len();
    if count == 0 {
        return Err(VectorsError::NoVectors { path: path.to_owned() });
    }
    if count > VECTORS_MAX {
        return Err(VectorsError::TooMany { path: path.to_owned(), count });
    }
    for ids in [
        file.files.iter().map(|vector| &vector.id).collect::<Vec<_>>(),
        file.wslenv.iter().map(|vector| &vector.id).collect(),
    ] {
        let mut seen = HashSet::new();
        if let Some(twice) = ids.into_iter().find(|id| !seen.insert(*id)) {
            return Err(VectorsError::DuplicateId { path: path.to_owned(), id: twice.clone() });
        }
    }
    Ok(file)
}

/// Parses an object. The parser alone would take an array for one, by the order of the fields.
fn parse_object(text: &str) -> serde_json::Result<RawFile> {
    if text.trim_start().starts_with('[') {
        return Err(serde_json::Error::custom("expected an object, not an array"));
    }
    serde_json::from_str(text)
}

//! Test vectors: recorded answers of the real code, compared with those of these rules.

mod answer;
mod file;
mod text;

pub use answer::view;
pub use file::VectorsError;

use crate::value::hostname;
use crate::wslenv::{Direction, pass};
use file::{FileVector, WslenvVector};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use text::Text;
use twinproof_wslpath::{MemoryWorld, World, WorldError};

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which: `accepted`, `warnings`, …
    pub field: &'static str,
    /// Expected result, from the file of vectors.
    pub expected: Value,
    /// Result of this parser.
    pub actual: Value,
}

/// A vector with both answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Id of the vector; of a host name, the name.
    pub id: String,
    /// The recorded parts of the answer.
    pub parts: Vec<Part>,
}

impl Compared {
    /// The parts in which the answers differ.
    pub fn differences(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.expected != part.actual)
    }

    /// Whether the rules answer as recorded.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.differences().next().is_none()
    }

    /// The recorded answer, as JSON.
    #[must_use]
    pub fn expected(&self) -> String {
        self.side(|part| &part.expected)
    }

    /// The answer of the rules, as JSON.
    #[must_use]
    pub fn actual(&self) -> String {
        self.side(|part| &part.actual)
    }

    fn side(&self, of: fn(&Part) -> &Value) -> String {
        let parts = self.parts.iter().map(|part| (part.field.to_owned(), of(part).clone()));
        Value::Object(parts.collect()).to_string()
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Every vector, in the order of the file; at least one.
    pub vectors: Vec<Compared>,
}

impl Report {
    /// Whether every vector matched.
    #[must_use]
    pub fn is_match(&self) -> bool {
        self.vectors.iter().all(Compared::is_match)
    }

    /// The text for a terminal: each difference, then the counts. It ends in a newline.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for vector in &self.vectors {
            let id = Value::from(vector.id.as_str());
            for Part { field, expected, actual } in vector.differences() {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "mismatch {id}: {field}\n  expected  {expected}\n  actual    {actual}"
                );
            }
        }
        let total = self.vectors.len();
        let matched = self.vectors.iter().filter(|vector| vector.is_match()).count();
        let _ = writeln!(text, "{total} vectors: {matched} match, {} mismatch", total - matched);
        text
    }
}

/// Runs every vector of a file against the rules.
///
/// The file is JSON of up to 16 MiB with up to 100,000 vectors, of the form that its own `format`
/// describes: `vectors` of files, `wslenv.vectors`, and `hostname.vectors`, each of which may be
/// missing.
///
/// # Errors
/// [`VectorsError`], where the file cannot be read, is not of the form, or has nothing to check.
pub fn check(path: &Path) -> Result<Report, VectorsError> {
    check_text(path, &file::read(path)?)
}

/// Like [`check`], with the file's text at hand; `path` is its name in messages.
///
/// # Errors
/// [`VectorsError`], where the text is not of the form, or has nothing to check.
pub fn check_text(path: &Path, text: &str) -> Result<Report, VectorsError> {
    let file = file::parse(path, text)?;
    let broken = |error| VectorsError::Machine { path: path.to_owned(), message: error };
    let machine = stock_machine().map_err(broken)?;
    let here = machine.at(b"/").map_err(broken)?;
    let mut vectors: Vec<Compared> = file.files.iter().map(compare).collect();
    vectors.extend(file.wslenv.iter().map(|vector| compare_wslenv(&here, vector)));
    vectors.extend(file.hostnames.into_iter().map(|(name, expected)| {
        let id = String::from_utf8_lossy(&name.0).into_owned();
        one(id, "name", expected.shown(), hostname(&name.0).into())
    }));
    Ok(Report { vectors })
}

fn one(id: String, field: &'static str, expected: Value, actual: Value) -> Compared {
    Compared { id, parts: vec![Part { field, expected, actual }] }
}

/// Compares the answer with each part of it that was recorded. Flags that were not recorded have
/// the values of an ordinary file: opened, not stopped, nothing malformed.
fn compare(vector: &FileVector) -> Compared {
    let answer = answer::answer(vector.dialect, &vector.input);
    let mut parts = Vec::new();
    let mut hold = |field, expected: Option<Value>, actual: Value| {
        parts.extend(expected.map(|expected| Part { field, expected, actual }));
    };
    hold("opens", Some(vector.opens.into()), answer.opens.into());
    hold("aborts", Some(vector.aborts.into()), answer.aborts.into());
    hold("refused", Some(vector.refused.into()), answer.refused.into());
    hold("accepted", vector.accepted.clone(), answer.accepted.into());
    hold("config", vector.config.clone(), answer.config.into());
    // Of a file that ends the program only the settings accepted before are recorded.
    if vector.opens && !vector.aborts {
        hold("stops", Some(vector.stops.into()), answer.stops.into());
        hold("malformed", Some(vector.malformed.clone()), answer.malformed.into());
        hold("warnings", vector.warnings.clone(), answer.warnings.into());
    }
    Compared { id: vector.id.clone(), parts }
}

fn compare_wslenv(here: &impl World, vector: &WslenvVector) -> Compared {
    let bytes = |pairs: &[(Text, Text)]| {
        pairs.iter().map(|(name, value)| (name.0.clone(), value.0.clone())).collect::<Vec<_>>()
    };
    let wslenv = vector.wslenv.as_ref().map(|value| value.0.as_slice());
    let shown = |pairs: Vec<(Vec<u8>, Vec<u8>)>| {
        let pair = |(name, value)| Value::from(vec![Text(name).shown(), Text(value).shown()]);
        Value::from(pairs.into_iter().map(pair).collect::<Vec<_>>())
    };
    let actual = pass(here, vector.direction.into(), wslenv, &bytes(&vector.env));
    one(vector.id.clone(), "passed", shown(bytes(&vector.passed)), shown(actual))
}

impl From<file::Way> for Direction {
    fn from(way: file::Way) -> Self {
        match way {
            file::Way::WindowsToLinux => Self::ToLinux,
            file::Way::LinuxToWindows => Self::ToWindows,
        }
    }
}

/// A stock WSL 2 machine: drives C and D under `/mnt`, the distribution `Ubuntu`. Links are not
/// followed where WSLENV is translated, so that no tree is needed.
///
/// # Errors
/// Never, as its paths are good ones.
pub fn stock_machine() -> Result<MemoryWorld, WorldError> {
    let environment = BTreeMap::from([(b"WSL_DISTRO_NAME".to_vec(), b"Ubuntu".to_vec())]);
    let mut world = MemoryWorld::new(environment);
    world.add_directory(b"/home/u")?;
    world.set_mountinfo(
        br"1 0 0:1 / / rw - ext4 /dev/sda rw
2 1 0:2 / /mnt/c rw - 9p C:\134 rw,aname=drvfs;path=C:\;uid=1000
3 1 0:3 / /mnt/d rw - 9p D:\134 rw,aname=drvfs;path=D:\;uid=1000",
    );
    Ok(world)
}

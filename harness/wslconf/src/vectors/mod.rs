//! Test vectors: what the real code answered, and whether these rules answer the same.

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

/// A vector whose recorded answer the rules do not give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Id of the vector; of a host name, the name.
    pub id: String,
    /// What of the answer differs: `accepted`, `warnings`, …
    pub field: &'static str,
    /// What the file says, as JSON.
    pub expected: String,
    /// What the rules say, as JSON.
    pub actual: String,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Vectors in the file; at least one.
    pub total: usize,
    /// Vectors that the rules answer as recorded.
    pub matched: usize,
    /// What differs, in the order of the file; several of one vector may.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    /// The text for a terminal: each difference, then the counts. It ends in a newline.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for Mismatch { id, field, expected, actual } in &self.mismatches {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "mismatch {}: {field}\n  expected  {expected}\n  actual    {actual}",
                Value::from(id.as_str())
            );
        }
        let Self { total, matched, .. } = self;
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
    let total = file.files.len() + file.wslenv.len() + file.hostnames.len();
    let mut mismatches = Vec::new();
    let mut failed = 0;
    let mut take = |found: Vec<Mismatch>| {
        failed += usize::from(!found.is_empty());
        mismatches.extend(found);
    };
    for vector in &file.files {
        take(compare(vector));
    }
    let world = stock_machine()
        .map_err(|error| VectorsError::Machine { path: path.to_owned(), message: error })?;
    let here = world
        .at(b"/")
        .map_err(|error| VectorsError::Machine { path: path.to_owned(), message: error })?;
    for vector in &file.wslenv {
        take(compare_wslenv(&here, vector));
    }
    for (name, expected) in file.hostnames {
        let actual = Value::from(hostname(&name.0));
        let id = String::from_utf8_lossy(&name.0);
        take(differs(&id, "name", expected.shown(), actual).into_iter().collect());
    }
    Ok(Report { total, matched: total - failed, mismatches })
}

fn differs(id: &str, field: &'static str, expected: Value, actual: Value) -> Option<Mismatch> {
    (expected != actual).then(|| Mismatch {
        id: id.to_owned(),
        field,
        expected: expected.to_string(),
        actual: actual.to_string(),
    })
}

/// Compares the answer with each part of it that was recorded. What is not recorded is what it is
/// of a file without anything special: opened, not stopped, nothing malformed.
fn compare(vector: &FileVector) -> Vec<Mismatch> {
    let answer = answer::answer(vector.dialect, &vector.input);
    let id = vector.id.as_str();
    let mut found = Vec::new();
    let mut hold = |field, expected: Option<Value>, actual: Value| {
        found.extend(expected.and_then(|expected| differs(id, field, expected, actual)));
    };
    hold("opens", Some(vector.opens.into()), answer.opens.into());
    hold("aborts", Some(vector.aborts.into()), answer.aborts.into());
    hold("refused", Some(vector.refused.into()), answer.refused.into());
    hold("accepted", vector.accepted.clone(), answer.accepted.into());
    hold("config", vector.config.clone(), answer.config.into());
    // Of a file that ends the program it is only known what was accepted before.
    if vector.opens && !vector.aborts {
        hold("stops", Some(vector.stops.into()), answer.stops.into());
        hold("malformed", Some(vector.malformed.clone()), answer.malformed.into());
        hold("warnings", vector.warnings.clone(), answer.warnings.into());
    }
    found
}

fn compare_wslenv(here: &impl World, vector: &WslenvVector) -> Vec<Mismatch> {
    let bytes = |pairs: &[(Text, Text)]| {
        pairs.iter().map(|(name, value)| (name.0.clone(), value.0.clone())).collect::<Vec<_>>()
    };
    let direction = vector.direction.into();
    let wslenv = vector.wslenv.as_ref().map(|value| value.0.as_slice());
    let shown = |pairs: Vec<(Vec<u8>, Vec<u8>)>| {
        let pair = |(name, value)| Value::from(vec![Text(name).shown(), Text(value).shown()]);
        Value::from(pairs.into_iter().map(pair).collect::<Vec<_>>())
    };
    let actual = pass(here, direction, wslenv, &bytes(&vector.env));
    differs(&vector.id, "passed", shown(bytes(&vector.passed)), shown(actual)).into_iter().collect()
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

//! The form of a vectors file, and its limits.
//!
//! The file itself, its worlds and their mounts may grow: their unknown fields are ignored. A
//! vector's are errors, as each field decides what is run or expected.

use super::error::VectorsError;
use super::report::Answer;
use crate::memory::{MemoryWorld, WorldError};
use crate::world::{Errno, World};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Largest file, in bytes.
const SIZE_MAX: u64 = 16 << 20;
/// Most vectors in a file.
const VECTORS_MAX: usize = 100_000;
/// Most lines in a world's mountinfo.
const MOUNTS_MAX: usize = 10_000;
const MOUNTINFO: &[u8] = b"/proc/self/mountinfo";

/// A file, its worlds built.
pub struct VectorsFile {
    pub worlds: HashMap<String, MemoryWorld>,
    pub vectors: Vec<Vector>,
}

/// A run of the program, with its output.
pub struct Vector {
    pub id: String,
    pub arguments: Vec<Vec<u8>>,
    pub input: Option<Vec<u8>>,
    pub current_dir: Vec<u8>,
    pub world: String,
    pub expected: Answer,
}

#[derive(Deserialize)]
struct RawFile<'a> {
    #[serde(borrow)]
    worlds: BTreeMap<String, &'a RawValue>,
    #[serde(borrow)]
    vectors: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawWorld {
    env: BTreeMap<Text, Text>,
    mountinfo: Vec<Text>,
    dirs: Vec<Text>,
    files: Vec<Text>,
    symlinks: BTreeMap<Text, Text>,
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVector {
    id: String,
    #[serde(rename = "category")]
    _category: Option<String>,
    mode: Text,
    #[serde(deserialize_with = "present")]
    input: Option<Text>,
    cwd: Text,
    mounts: String,
    #[serde(deserialize_with = "present")]
    output: Option<Text>,
    exit: i64,
    #[serde(rename = "note")]
    _note: Option<String>,
}

/// Like an `Option` field, but one that may be null and not absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Text>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads a file, up to the limit.
pub fn read(path: &Path) -> Result<String, VectorsError> {
    let failed = |source| VectorsError::Read { path: path.to_owned(), source };
    // Asked before opening, which would wait for a writer of a pipe.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(VectorsError::NotAFile { path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > SIZE_MAX {
        return Err(VectorsError::TooLarge { path: path.to_owned(), limit: SIZE_MAX });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|&&byte| byte == b'\n').count();
        VectorsError::NotUtf8 { path: path.to_owned(), line }
    })
}

/// Reads the text of a file.
pub fn parse(path: &Path, text: &str) -> Result<VectorsFile, VectorsError> {
    let raw: RawFile<'_> = object(text).map_err(|error| form(path, text, text, None, &error))?;
    if raw.vectors.is_empty() {
        return Err(VectorsError::NoVectors { path: path.to_owned() });
    }
    limit(path, "vectors", raw.vectors.len(), VECTORS_MAX)?;
    let mut worlds = HashMap::new();
    for (name, raw) in raw.worlds {
        let world: RawWorld = object(raw.get()).map_err(|error| {
            form(path, text, raw.get(), Some(format!("world `{name}`")), &error)
        })?;
        limit(path, &format!("mounts in world `{name}`"), world.mountinfo.len(), MOUNTS_MAX)?;
        let built = world.build().map_err(|source| VectorsError::World {
            path: path.to_owned(),
            world: name.clone(),
            source,
        })?;
        worlds.insert(name, built);
    }
    let mut ids = HashSet::new();
    let mut vectors = Vec::with_capacity(raw.vectors.len());
    for (index, raw) in raw.vectors.into_iter().enumerate() {
        let vector: RawVector = object(raw.get()).map_err(|error| {
            let named = serde_json::from_str::<Named>(raw.get()).ok().and_then(|named| named.id);
            let item = match named {
                Some(id) => format!("vector `{id}`"),
                None => format!("vector {} of the file", index + 1),
            };
            form(path, text, raw.get(), Some(item), &error)
        })?;
        if !ids.insert(vector.id.clone()) {
            return Err(VectorsError::DuplicateId { path: path.to_owned(), id: vector.id });
        }
        vectors.push(vector.into());
    }
    Ok(VectorsFile { worlds, vectors })
}

/// Parses an object. The parser alone would take an array for one, by the order of the fields.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> serde_json::Result<T> {
    if text.trim_start().starts_with('[') {
        return Err(serde_json::Error::custom("expected an object, not an array"));
    }
    serde_json::from_str(text)
}

fn limit(path: &Path, what: &str, count: usize, limit: usize) -> Result<(), VectorsError> {
    if count <= limit {
        return Ok(());
    }
    Err(VectorsError::TooMany { path: path.to_owned(), what: what.to_owned(), count, limit })
}

/// An error of the parser in `part`, a slice of the file's `text`, with its place in the file.
fn form(
    path: &Path,
    text: &str,
    part: &str,
    item: Option<String>,
    error: &serde_json::Error,
) -> VectorsError {
    // RawValue borrows from the file's text, so the difference of addresses is the offset of the
    // part in the file. serde counts lines from the part's beginning.
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    let before = text.get(..start).unwrap_or_default();
    let lines = before.bytes().filter(|&byte| byte == b'\n').count();
    let indent = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let first = error.line() <= 1;
    let described = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    VectorsError::Form {
        path: path.to_owned(),
        line: lines + error.line().max(1),
        column: error.column().max(1) + if first { indent } else { 0 },
        item,
        message: described.strip_suffix(&place).unwrap_or(&described).to_owned(),
    }
}

impl RawWorld {
    fn build(self) -> Result<MemoryWorld, WorldError> {
        let environment = self.env.into_iter().map(|(name, value)| (name.0, value.0)).collect();
        let mut world = MemoryWorld::new(environment);
        for path in &self.dirs {
            world.add_directory(&path.0)?;
        }
        for path in &self.files {
            world.add_file(&path.0)?;
        }
        for (path, target) in &self.symlinks {
            world.add_link(&path.0, &target.0)?;
        }
        // The program read it, so it is there, also where the file does not list it.
        // A vector may translate the path of mountinfo itself.
        if world.at(b"/").is_ok_and(|root| root.read_link(MOUNTINFO) == Err(Errno::NoEntry)) {
            world.add_file(MOUNTINFO)?;
        }
        let lines: Vec<&[u8]> = self.mountinfo.iter().map(|line| line.0.as_slice()).collect();
        world.set_mountinfo(&lines.join(b"\n".as_slice()));
        Ok(world)
    }
}

impl From<RawVector> for Vector {
    fn from(raw: RawVector) -> Self {
        let options = raw.mode.0.split(|&byte| byte == b' ').filter(|option| !option.is_empty());
        Self {
            id: raw.id,
            arguments: options.map(<[u8]>::to_vec).collect(),
            input: raw.input.map(|text| text.0),
            current_dir: raw.cwd.0,
            world: raw.mounts,
            expected: Answer { output: raw.output.map(|text| text.0), exit: raw.exit },
        }
    }
}

/// A string of the file as bytes. A lone surrogate from U+DC80 to U+DCFF stands for the byte that
/// is its low half, as Python writes what is not UTF-8.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.as_bytes().to_vec()))
    }

    /// The parser hands over lone surrogates in three bytes, as if they were characters.
    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        let mut text = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&first, after)) = rest.split_first() {
            match rest {
                // U+DC80 to U+DCFF in the three bytes that UTF-8 would give them: Python's
                // `surrogateescape` writes the byte 0x80+n as U+DC80+n.
                [0xED, high @ 0xB2..=0xB3, low, after @ ..] => {
                    text.push((high << 6) | (low & 0x3F));
                    rest = after;
                }
                [0xED, 0xA0..=0xFF, ..] => return Err(E::custom("a surrogate that is no byte")),
                _ => {
                    text.push(first);
                    rest = after;
                }
            }
        }
        Ok(Text(text))
    }
}

//! Facts about a file. All lists are sorted, and no fact depends on the file's path, so that a
//! description can be kept as a golden.

mod deep;
mod go;
mod hardening;
mod image;
mod special;

pub use deep::{Deep, Dwarf, Leak, LeakKind, LeakPlace};
pub use go::{BuildId, BuildInfo, Microarchitecture, Module};
pub use hardening::{Check, Mark};
pub use image::{
    Class, Endian, Export, Exports, Extent, Format, Ids, Image, Import, Kind, Linkage, LinkageKind,
    Platform, Requirement, Section, SectionKind, Stripped,
};
pub use special::{CodeSignature, ElfFacts, GnuProperties, MachoFacts, Memory, PeFacts, WasmFacts};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A description of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// Its size in bytes.
    pub size: u64,
    /// The image, the slices or the members.
    #[serde(flatten)]
    pub content: Content,
}

/// The contents of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A program, library or object file.
    Image(Box<Image>),
    /// A fat Mach-O file.
    Universal(Vec<Slice>),
    /// An `ar` archive.
    Archive(Archive),
}

impl Description {
    /// Every image in it, with the name of its slice or member.
    pub fn images(&self) -> Vec<(Option<&str>, &Image)> {
        match &self.content {
            Content::Image(image) => vec![(None, image)],
            Content::Universal(slices) => {
                slices.iter().map(|s| (Some(s.architecture.as_str()), &*s.image)).collect()
            }
            Content::Archive(archive) => {
                let image = |m: &'_ Member| m.image.is_some();
                let members = archive.members.iter().filter(|m| image(m));
                members.filter_map(|m| Some((Some(m.name.as_str()), m.image.as_deref()?))).collect()
            }
        }
    }
}

/// A slice of a fat file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// Its architecture as the fat header says it, in Go's words.
    pub architecture: String,
    /// Offset of its first byte.
    pub offset: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Its image.
    pub image: Box<Image>,
}

/// An `ar` archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Archive {
    /// The dialect: `gnu`, `gnu64`, `bsd`, `bsd64`, `coff`, `aix_big`.
    pub dialect: String,
    /// Whether members are in files of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thin: bool,
    /// Number of symbols in its index.
    pub indexed_symbols: u64,
    /// The first line of a Go package's archive: `go object linux amd64 go1.27.3 …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_object: Option<String>,
    /// The Go build ID of a Go package's archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_build_id: Option<BuildId>,
    /// Its members, in their order: it counts for a linker.
    pub members: Vec<Member>,
}

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Offset of its content in the archive, in bytes; absent in a thin one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Its size in bytes.
    pub size: u64,
    /// The time in its header, in seconds since 1970.
    pub modified: u64,
    /// The user in its header.
    pub owner: u64,
    /// The group in its header.
    pub group: u64,
    /// The mode in its header, in octal.
    pub mode: String,
    /// Its image, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Box<Image>>,
}

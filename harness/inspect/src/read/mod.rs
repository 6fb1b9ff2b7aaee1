//! The readers, one a format.

mod archive;
mod elf;
mod macho;
mod pe;
mod plan9;
mod sections;
mod wasm;
mod xcoff;

use crate::error::{InspectError, Result};
use crate::facts::{Class, Content, Description, Endian, Format, Image, Kind, Slice};
use crate::source::View;
use crate::space::Space;

/// An image with what later steps need to know of its file.
pub(crate) struct Parsed<'d> {
    /// The image alone: all of the file, or a slice or member of it.
    pub(crate) view: View<'d>,
    pub(crate) image: Image,
    pub(crate) space: Space,
    /// Bytes that hold an identity, a time or a signature, not the program.
    pub(crate) volatile: Vec<Volatile>,
}

impl<'d> Parsed<'d> {
    fn new(view: View<'d>, format: Format, class: Class, endian: Endian, kind: Kind) -> Self {
        let image = Image::new(format, class, endian, kind);
        Self { view, image, space: Space::default(), volatile: Vec::new() }
    }

    /// Notes where an identity is.
    pub(crate) fn mark(&mut self, what: Identity, offset: u64, size: u64) {
        self.volatile.push(Volatile { what, offset, size });
    }
}

/// Bytes that hold an identity, a time or a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volatile {
    pub(crate) what: Identity,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

/// What bytes that are not the program hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    BuildId,
    Signature,
    Timestamp,
}

/// A file, taken apart.
pub(crate) enum File<'d> {
    Image(Box<Parsed<'d>>),
    Universal(Vec<(Slice, Parsed<'d>)>),
    Archive(crate::facts::Archive, Vec<Option<Parsed<'d>>>),
}

/// Reads a file of any format.
pub(crate) fn file(view: View<'_>) -> Result<File<'_>> {
    let magic = magic(view)?;
    if archive::is(&magic) {
        let (archive, members) = archive::read(view)?;
        return Ok(File::Archive(archive, members));
    }
    if macho::is_fat(&magic, view) {
        return Ok(File::Universal(macho::slices(view)?));
    }
    match image(view, &magic)? {
        Some(parsed) => Ok(File::Image(Box::new(parsed))),
        None => Err(InspectError::Unknown(shown(&magic, view.size()))),
    }
}

/// Reads an image, or says that its first bytes are those of none.
fn image<'d>(view: View<'d>, magic: &[u8; 16]) -> Result<Option<Parsed<'d>>> {
    let parsed = match magic {
        [0x7f, b'E', b'L', b'F', ..] => elf::read(view)?,
        [b'M', b'Z', ..] => pe::read(view)?,
        [0, b'a', b's', b'm', ..] => wasm::read(view)?,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
            macho::read(view)?
        }
        [0x01, 0xdf | 0xf7, ..] => xcoff::read(view)?,
        _ if plan9::is(magic, view) => plan9::read(view)?,
        _ if pe::is_object(magic, view) => pe::read_object(view)?,
        _ => return Ok(None),
    };
    Ok(Some(parsed))
}

/// The first 16 bytes, zeros where there are fewer.
fn magic(view: View<'_>) -> Result<[u8; 16]> {
    let mut magic = [0; 16];
    view.fill(0, &mut magic)?;
    Ok(magic)
}

/// The first bytes for a message.
fn shown(magic: &[u8; 16], size: u64) -> String {
    let there = &magic[..size.min(8) as usize];
    if there.is_empty() {
        return "nothing: it is empty".into();
    }
    let hex: Vec<String> = there.iter().map(|byte| format!("{byte:02x}")).collect();
    let text: String =
        there.iter().map(|b| if b.is_ascii_graphic() { *b as char } else { '.' }).collect();
    format!("{} `{text}`", hex.join(" "))
}

/// The description without what only later steps add.
pub(crate) fn description(file: File<'_>, size: u64) -> Description {
    let content = match file {
        File::Image(parsed) => Content::Image(Box::new(parsed.image)),
        File::Universal(slices) => Content::Universal(
            slices
                .into_iter()
                .map(|(slice, parsed)| Slice { image: Box::new(parsed.image), ..slice })
                .collect(),
        ),
        File::Archive(mut archive, members) => {
            for (member, parsed) in archive.members.iter_mut().zip(members) {
                member.image = parsed.map(|parsed| Box::new(parsed.image));
            }
            Content::Archive(archive)
        }
    };
    Description { size, content }
}

/// The error of the `object` crate, as ours.
fn wrong(view: View<'_>, format: Format) -> impl Fn(object::read::Error) -> InspectError + '_ {
    move |error| {
        view.refusal().unwrap_or_else(|| crate::error::malformed(format.name(), error.to_string()))
    }
}

/// That something the headers name lies inside the file.
fn inside(
    view: View<'_>,
    format: Format,
    what: impl FnOnce() -> String,
    offset: u64,
    size: u64,
) -> Result<()> {
    let need = offset.saturating_add(size);
    if need <= view.size() {
        return Ok(());
    }
    Err(InspectError::Truncated { format: format.name(), what: what(), need, len: view.size() })
}

/// The set flags of one of `object`'s flag types, without their common prefix, sorted.
fn flags(value: impl std::fmt::Debug, prefix: &str) -> Vec<String> {
    let text = format!("{value:?}");
    let names = text.split(" | ").filter(|name| *name != "0");
    let mut names: Vec<String> =
        names.map(|name| name.strip_prefix(prefix).unwrap_or(name).to_owned()).collect();
    names.sort();
    names
}

/// Bytes as hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! The readers, one a format.

mod archive;
mod elf;
mod macho;
mod parsed;
mod pe;
mod plan9;
mod sections;
mod wasm;
mod xcoff;

pub(crate) use parsed::{Identity, Parsed, Volatile, flags, inside, magic, wrong};

use crate::error::{InspectError, Result};
use crate::facts::{Content, Description, Slice};
use crate::source::View;

/// A file, taken apart.
pub(crate) enum File<'d> {
    Image(Box<Parsed<'d>>),
    Universal(Vec<(Slice, Parsed<'d>)>),
    Archive(crate::facts::Archive, Vec<Option<Parsed<'d>>>),
}

impl File<'_> {
    /// The kind of file, in words for messages.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Image(image) => format!("one {} image", image.image.format.name()),
            Self::Universal(slices) => format!("a fat Mach-O of {} slices", slices.len()),
            Self::Archive(_, members) => format!("an archive of {} members", members.len()),
        }
    }
}

/// Reads a file of any format.
pub(crate) fn file(view: View<'_>) -> Result<File<'_>> {
    let magic = magic(view)?;
    if archive::is(&magic) {
        let (archive, members) = archive::read(view, image)?;
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
        // Two bytes say little: every longer magic number is tried before.
        [0x01, 0xdf | 0xf7, ..] => xcoff::read(view)?,
        _ if plan9::is(magic, view) => plan9::read(view)?,
        _ if pe::is_object(magic, view) => pe::read_object(view)?,
        _ => return Ok(None),
    };
    Ok(Some(parsed))
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

//! The result of every reader, and the checks that all readers need.

use crate::error::{InspectError, Result, malformed};
use crate::facts::{Class, Endian, Format, Image, Kind, SectionKind};
use crate::source::View;
use crate::space::Space;

/// An image, with the facts about its file that later steps need.
pub(crate) struct Parsed<'d> {
    /// The image alone: all of the file, or a slice or member of it.
    pub(crate) view: View<'d>,
    pub(crate) image: Image,
    pub(crate) space: Space,
    /// Bytes that hold an identity, a time or a signature, not the program.
    pub(crate) volatile: Vec<Volatile>,
    /// Tables that the headers name and no section holds.
    pub(crate) tables: Vec<Table>,
}

/// A table that no section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) kind: SectionKind,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl<'d> Parsed<'d> {
    pub(crate) fn new(
        view: View<'d>,
        format: Format,
        class: Class,
        endian: Endian,
        kind: Kind,
    ) -> Self {
        let image = Image::new(format, class, endian, kind);
        Self { view, image, space: Space::default(), volatile: Vec::new(), tables: Vec::new() }
    }

    /// Notes a table that no section holds.
    pub(crate) fn table(&mut self, name: &'static str, kind: SectionKind, offset: u64, size: u64) {
        if size > 0 {
            self.tables.push(Table { name, kind, offset, size });
        }
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

/// Contents of bytes that are not part of the program itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identity {
    BuildId,
    Signature,
    Timestamp,
}

/// The first 16 bytes, zeros where there are fewer.
pub(crate) fn magic(view: View<'_>) -> Result<[u8; 16]> {
    let mut magic = [0; 16];
    view.fill(0, &mut magic)?;
    Ok(magic)
}

/// The error of the `object` crate, as ours.
pub(crate) fn wrong(
    view: View<'_>,
    format: Format,
) -> impl Fn(object::read::Error) -> InspectError + '_ {
    move |error| view.refusal().unwrap_or_else(|| malformed(format.name(), error.to_string()))
}

/// Checks that a part that the headers name lies inside the file, as far as it has bytes there.
pub(crate) fn inside(
    view: View<'_>,
    format: Format,
    what: impl FnOnce() -> String,
    offset: u64,
    size: u64,
) -> Result<()> {
    let need = offset.saturating_add(size);
    // Linkers give parts without bytes (`.bss`) any offset, also one beyond the end of a stripped file.
    if size == 0 || need <= view.size() {
        return Ok(());
    }
    Err(InspectError::Truncated { format: format.name(), what: what(), need, len: view.size() })
}

/// The set flags of one of `object`'s flag types, without their common prefix, sorted.
pub(crate) fn flags(value: impl std::fmt::Debug, prefix: &str) -> Vec<String> {
    // The crate prints flags by name, and unknown bits as a number.
    let text = format!("{value:?}");
    let names = text.split(" | ").filter(|name| *name != "0");
    let mut names: Vec<String> =
        names.map(|name| name.strip_prefix(prefix).unwrap_or(name).to_owned()).collect();
    names.sort();
    names
}

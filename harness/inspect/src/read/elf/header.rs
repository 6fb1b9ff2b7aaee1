//! The headers that all parts of the ELF reader need.

use crate::facts::Format;
use crate::source::View;
use object::Endianness;
use object::read::elf::{FileHeader, SectionTable};

/// The format's name in messages.
pub(super) const FORMAT: Format = Format::Elf;

/// The headers that all parts of the reader need.
pub(super) struct Elf<'d, H: FileHeader<Endian = Endianness>> {
    pub(super) view: View<'d>,
    pub(super) header: &'d H,
    pub(super) endian: Endianness,
    pub(super) programs: &'d [H::ProgramHeader],
    pub(super) sections: SectionTable<'d, H, View<'d>>,
}

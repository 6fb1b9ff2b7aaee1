//! What all parts of the ELF reader look at.

use crate::facts::Format;
use crate::source::View;
use object::Endianness;
use object::read::elf::{FileHeader, SectionTable};

/// What messages call the format.
pub(super) const FORMAT: Format = Format::Elf;

/// What all parts of the reader look at.
pub(super) struct Elf<'d, H: FileHeader<Endian = Endianness>> {
    pub(super) view: View<'d>,
    pub(super) header: &'d H,
    pub(super) endian: Endianness,
    pub(super) programs: &'d [H::ProgramHeader],
    pub(super) sections: SectionTable<'d, H, View<'d>>,
}

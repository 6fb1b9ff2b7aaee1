//! The headers that all parts of the PE reader need.

use crate::facts::{Format, Section, SectionKind};
use crate::read::sections as by_name;
use crate::source::View;
use object::LittleEndian as LE;
use object::pe::{self, ImageSectionHeader};
use object::read::pe::DataDirectories;

/// The format's name in messages.
pub(super) const FORMAT: Format = Format::Pe;

/// The headers that all parts of the reader need.
pub(super) struct Pe<'d> {
    pub(super) view: View<'d>,
    pub(super) wide: bool,
    pub(super) base: u64,
    pub(super) directories: DataDirectories<'d>,
}

impl Pe<'_> {
    /// The address and size of a directory, relative to the image's base.
    pub(super) fn directory(&self, index: usize) -> Option<(u64, u64)> {
        let directory = self.directories.get(index)?;
        let address = u64::from(directory.virtual_address.get(LE));
        (address != 0).then_some((address, directory.size.get(LE).into()))
    }
}

/// A section as the header says it.
pub(super) fn described(name: String, header: &ImageSectionHeader, base: u64) -> Section {
    let raw = u64::from(header.size_of_raw_data.get(LE));
    let size = u64::from(header.virtual_size.get(LE));
    let flags = header.characteristics.get(LE);
    let zero = flags.contains(pe::IMAGE_SCN_CNT_UNINITIALIZED_DATA);
    let offset = u64::from(header.pointer_to_raw_data.get(LE));
    Section {
        kind: kind_of(&name, flags),
        address: base.wrapping_add(header.virtual_address.get(LE).into()),
        // Objects and some old linkers leave the virtual size 0.
        size: if size == 0 { raw } else { size },
        stored: if zero || offset == 0 { 0 } else { raw },
        offset,
        // Before ELF had a flag for it, `.z` in the name said it; PE has no other way.
        compression: name.starts_with(".zdebug").then(|| "zlib".into()),
        name,
    }
}

/// Kind of a section's contents, by its name and flags.
fn kind_of(name: &str, flags: pe::SectionFlags) -> SectionKind {
    match name {
        _ if by_name::is_debug(name) => SectionKind::Debug,
        ".reloc" | ".idata" | ".edata" | ".didat" => SectionKind::Linking,
        ".symtab" => SectionKind::Symbols,
        _ if flags.contains(pe::IMAGE_SCN_MEM_EXECUTE)
            || flags.contains(pe::IMAGE_SCN_CNT_CODE) =>
        {
            SectionKind::Code
        }
        _ if flags.contains(pe::IMAGE_SCN_CNT_UNINITIALIZED_DATA) => SectionKind::Zero,
        _ if flags.contains(pe::IMAGE_SCN_MEM_WRITE) => SectionKind::Data,
        _ if flags.contains(pe::IMAGE_SCN_CNT_INITIALIZED_DATA) => SectionKind::ReadOnly,
        _ => SectionKind::Other,
    }
}

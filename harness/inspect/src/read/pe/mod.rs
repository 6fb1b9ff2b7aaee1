//! PE images, and the COFF objects they are linked from.

mod coff;
mod debug;
mod header;
mod imports;
mod protection;

pub(super) use coff::{is as is_object, read as read_object};

use super::{Identity, Parsed, flags, inside, sections as by_name, wrong};
use crate::error::{Result, malformed};
use crate::facts::{Class, Endian, Extent, Kind, LinkageKind, PeFacts, SectionKind};
use crate::go;
use crate::source::View;
use crate::space::Range;
use header::{FORMAT, Pe, described};
use object::LittleEndian as LE;
use object::pe::{self, ImageNtHeaders32, ImageNtHeaders64, ImageSectionHeader};
use object::read::ReadRef as _;
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    inside(view, FORMAT, || "the DOS header".into(), 0, 64)?;
    let wrong = wrong(view, FORMAT);
    let start = pe::ImageDosHeader::parse(view).map_err(&wrong)?.nt_headers_offset();
    inside(view, FORMAT, || "the PE header".into(), start.into(), 26)?;
    if view.bytes(start.into(), 4) != Some(b"PE\0\0") {
        return Err(malformed("PE", "a DOS program without a PE header"));
    }
    match view.bytes(u64::from(start) + 24, 2) {
        // The magic number of the optional header, behind four bytes of signature and twenty of
        // file header, decides the width, not the machine.
        Some([0x0b, 1]) => of_class::<ImageNtHeaders32>(view, start.into()),
        Some([0x0b, 2]) => of_class::<ImageNtHeaders64>(view, start.into()),
        _ => Err(malformed("PE", "its optional header is neither PE32 nor PE32+")),
    }
}

fn of_class<H: ImageNtHeaders>(view: View<'_>, start: u64) -> Result<Parsed<'_>> {
    let wrong = wrong(view, FORMAT);
    inside(view, FORMAT, || "the PE header".into(), start, size_of::<H>() as u64)?;
    let mut after = start;
    let (headers, directories) = H::parse(view, &mut after).map_err(&wrong)?;
    let (file, optional) = (headers.file_header(), headers.optional_header());
    let wide = headers.is_type_64();
    let class = if wide { Class::Bits64 } else { Class::Bits32 };
    let mut parsed = Parsed::new(view, FORMAT, class, Endian::Little, Kind::Executable);
    let pe = Pe { view, wide, base: optional.image_base(), directories };
    let image = &mut parsed.image;
    let characteristics = file.characteristics.get(LE);
    let subsystem = optional.subsystem();
    image.machine = coff::machine(file.machine.get(LE));
    image.platform.arch = Some(coff::arch(file.machine.get(LE)));
    image.abi = flags(subsystem, "IMAGE_SUBSYSTEM_").pop().map(|s| s.to_lowercase());
    // EFI's applications, drivers of two kinds, and ROM.
    let efi = (10..=13).contains(&subsystem.0);
    image.platform.os = Some(if efi { "uefi" } else { "windows" }.into());
    image.kind = match () {
        () if characteristics.contains(pe::IMAGE_FILE_DLL) => Kind::SharedLibrary,
        () if subsystem == pe::IMAGE_SUBSYSTEM_NATIVE => Kind::Kernel,
        () => Kind::Executable,
    };
    let entry = u64::from(optional.address_of_entry_point());
    image.entry = (entry != 0).then(|| pe.base.wrapping_add(entry));
    image.pe = Some(PeFacts {
        characteristics: flags(characteristics, "IMAGE_FILE_"),
        dll_characteristics: flags(optional.dll_characteristics(), "IMAGE_DLLCHARACTERISTICS_"),
        timestamp: file.time_date_stamp.get(LE),
        checksum: optional.check_sum(),
        image_base: pe.base,
        subsystem_version: version(
            optional.major_subsystem_version(),
            optional.minor_subsystem_version(),
        ),
        linker_version: version(
            optional.major_linker_version().into(),
            optional.minor_linker_version().into(),
        ),
        ..PeFacts::default()
    });
    // The file header's time stamp, and the checksum, which changes with it.
    parsed.mark(Identity::Timestamp, start + 8, 4);
    parsed.mark(Identity::Timestamp, start + 24 + 64, 4);
    let end = sections(&mut parsed, &pe, file, after)?;
    imports::fill(&mut parsed, &pe)?;
    debug::fill(&mut parsed, &pe)?;
    let image = &mut parsed.image;
    image.linkage.kind = match image.linkage.needed.is_empty() {
        true if image.kind == Kind::SharedLibrary => LinkageKind::Dynamic,
        true => LinkageKind::Static,
        false => LinkageKind::Dynamic,
    };
    let end = signature(&mut parsed, &pe, (start, after), end)?;
    let image = &mut parsed.image;
    let symbols = parsed.tables.iter().any(|table| table.kind == SectionKind::Symbols);
    image.stripped.symbols = !symbols || file.number_of_symbols.get(LE) == 0;
    image.stripped.debug = !by_name::have_debug(&image.sections);
    image.overlay = view
        .size()
        .checked_sub(end)
        .filter(|size| *size > 0)
        .map(|size| Extent { offset: end, size });
    image.hardening = protection::marks(
        image,
        &pe,
        characteristics,
        optional.dll_characteristics(),
        &parsed.space,
    );
    if let Some(code) = parsed.image.sections.iter().find(|s| s.name == ".text").map(|s| s.offset) {
        go::raw(&mut parsed, code);
    }
    Ok(parsed)
}

fn version(major: u16, minor: u16) -> String {
    format!("{major}.{minor}")
}

/// Reads the sections; where the last thing that the headers name ends.
fn sections(
    parsed: &mut Parsed<'_>,
    pe: &Pe<'_>,
    file: &pe::ImageFileHeader,
    at: u64,
) -> Result<u64> {
    let view = parsed.view;
    let count = usize::from(file.number_of_sections.get(LE));
    let size = (count * size_of::<ImageSectionHeader>()) as u64;
    inside(view, FORMAT, || "the section headers".into(), at, size)?;
    let Ok(headers) = view.read_slice_at::<ImageSectionHeader>(at, count) else {
        return Err(malformed("PE", "its section headers cannot be read"));
    };
    // UPX packs the symbol table with everything else, and leaves the place where it was in the header.
    let packed = headers.iter().any(|header| header.name.starts_with(b"UPX0\0"));
    let strings = if packed { coff::Strings::none() } else { coff::Strings::of(view, file)? };
    let symbols = u64::from(file.pointer_to_symbol_table.get(LE));
    parsed.table(
        "(symbol table)",
        SectionKind::Symbols,
        symbols,
        strings.end.saturating_sub(symbols),
    );
    let mut end = strings.end.max(at + size);
    for header in headers {
        let section = coff::section(view, header, &strings, pe.base)?;
        let flags = header.characteristics.get(LE);
        end = end.max(section.offset.saturating_add(section.stored));
        parsed.space.ranges.push(Range {
            address: section.address,
            size: section.size,
            offset: section.offset,
            stored: section.stored,
            writable: flags.contains(pe::IMAGE_SCN_MEM_WRITE),
        });
        parsed.image.sections.push(section);
    }
    Ok(end)
}

/// The Authenticode signature, which the directory names by its place in the file; where it ends.
fn signature(
    parsed: &mut Parsed<'_>,
    pe: &Pe<'_>,
    (start, after): (u64, u64),
    end: u64,
) -> Result<u64> {
    let Some((offset, size)) = pe.directory(pe::IMAGE_DIRECTORY_ENTRY_SECURITY) else {
        return Ok(end);
    };
    inside(parsed.view, FORMAT, || "the signature".into(), offset, size)?;
    // Entry 4 of the data directories, which begin behind 96 or 112 bytes of the optional header.
    let entry = start + if pe.wide { 24 + 112 } else { 24 + 96 } + 8 * 4;
    if entry + 8 <= after {
        parsed.mark(Identity::Signature, entry, 8);
    }
    parsed.mark(Identity::Signature, offset, size);
    parsed.table("(signature)", SectionKind::Other, offset, size);
    if let Some(facts) = &mut parsed.image.pe {
        facts.signature_size = (size > 0).then_some(size);
    }
    Ok(end.max(offset + size))
}

//! The parts that PE images and COFF objects have in common, and the reader of objects.

use super::{FORMAT, described};
use crate::error::{InspectError, Result, malformed};
use crate::facts::{Class, Endian, Export, Import, Kind, LinkageKind, Section};
use crate::go;
use crate::read::{Identity, Parsed, inside, sections as by_name, wrong};
use crate::source::View;
use object::LittleEndian as LE;
use object::pe::{self, ImageFileHeader, ImageSectionHeader, Machine};
use object::read::coff::{CoffHeader as _, Symbol as _, SymbolTable};
use object::read::{ReadRef as _, SymbolIndex};

/// The most symbols of one object that are described.
const MAX_SYMBOLS: u64 = 1_000_000;

/// Whether these may be the first bytes of a COFF object: it has no magic but its machine.
pub(crate) fn is(magic: &[u8; 16], view: View<'_>) -> bool {
    let word = |at: usize| u16::from_le_bytes([magic[at], magic[at + 1]]);
    let known = [
        pe::IMAGE_FILE_MACHINE_I386,
        pe::IMAGE_FILE_MACHINE_AMD64,
        pe::IMAGE_FILE_MACHINE_ARM64,
        pe::IMAGE_FILE_MACHINE_ARMNT,
    ];
    // There is no magic number, so that everything must fit: the machine, headers inside the file,
    // symbols behind them, no optional header (bytes 16 and 17).
    let sections = u64::from(word(2));
    let headers = 20 + 40 * sections;
    let symbols = u64::from(u32::from_le_bytes([magic[8], magic[9], magic[10], magic[11]]));
    known.contains(&Machine(word(0)))
        && (1..=10_000).contains(&sections)
        && headers <= view.size()
        && (symbols == 0 || symbols >= headers)
        && view.bytes(16, 2) == Some(&[0, 0])
}

/// The machine as the format's document calls it.
pub(super) fn machine(machine: Machine) -> String {
    let name = format!("{machine:?}");
    name.strip_prefix("IMAGE_FILE_MACHINE_").unwrap_or(&name).to_owned()
}

/// The machine in Go's words.
pub(super) fn arch(machine: Machine) -> String {
    let name = match machine {
        pe::IMAGE_FILE_MACHINE_I386 => "386",
        pe::IMAGE_FILE_MACHINE_AMD64 => "amd64",
        pe::IMAGE_FILE_MACHINE_ARM | pe::IMAGE_FILE_MACHINE_ARMNT => "arm",
        pe::IMAGE_FILE_MACHINE_ARM64 => "arm64",
        pe::IMAGE_FILE_MACHINE_RISCV64 => "riscv64",
        other => return format!("pe{:#x}", other.0),
    };
    name.to_owned()
}

/// The strings that long names of sections are in.
pub(super) struct Strings {
    start: u64,
    size: u64,
    /// End offset of symbols and strings; 0 where there are none.
    pub(super) end: u64,
}

impl Strings {
    pub(super) fn of(view: View<'_>, file: &ImageFileHeader) -> Result<Self> {
        let symbols = u64::from(file.pointer_to_symbol_table.get(LE));
        if symbols == 0 {
            return Ok(Self::none());
        }
        let size = u64::from(file.number_of_symbols.get(LE)) * pe::IMAGE_SIZEOF_SYMBOL as u64;
        inside(view, FORMAT, || "the symbol table".into(), symbols, size)?;
        let start = symbols + size;
        let Some(length) = view.bytes(start, 4).and_then(|b| b.first_chunk::<4>()) else {
            inside(view, FORMAT, || "the string table".into(), start, 4)?;
            return Ok(Self { start, size: 0, end: start });
        };
        // The length counts its own four bytes.
        let size = u64::from(u32::from_le_bytes(*length));
        inside(view, FORMAT, || "the string table".into(), start, size)?;
        Ok(Self { start, size, end: start + size.max(4) })
    }

    /// No symbols and no strings.
    pub(super) fn none() -> Self {
        Self { start: 0, size: 0, end: 0 }
    }

    fn get<'d>(&self, view: View<'d>, offset: u64) -> Option<&'d [u8]> {
        let name = view.name(self.start.checked_add(offset)?)?;
        (offset.checked_add(name.len() as u64)? < self.size).then_some(name)
    }
}

/// A section with its whole name.
pub(super) fn section(
    view: View<'_>,
    header: &ImageSectionHeader,
    strings: &Strings,
    base: u64,
) -> Result<Section> {
    let short = header.name.split(|byte| *byte == 0).next().unwrap_or_default();
    // `/123`: a name of more than eight bytes stands in the string table.
    let offset = short.strip_prefix(b"/").and_then(|digits| {
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok())
    });
    let name = match offset {
        Some(offset) => strings
            .get(view, offset)
            .ok_or_else(|| malformed("PE", "a name of a section is not in the string table"))?,
        None => short,
    };
    let section = described(view.text(name)?, header, base);
    inside(view, FORMAT, || format!("section {}", section.name), section.offset, section.stored)?;
    Ok(section)
}

/// Reads a COFF object.
pub(crate) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    let wrong = wrong(view, FORMAT);
    let mut at = 0;
    let file = ImageFileHeader::parse(view, &mut at).map_err(&wrong)?;
    let class = match file.machine.get(LE) {
        pe::IMAGE_FILE_MACHINE_AMD64 | pe::IMAGE_FILE_MACHINE_ARM64 => Class::Bits64,
        _ => Class::Bits32,
    };
    let mut parsed = Parsed::new(view, FORMAT, class, Endian::Little, Kind::Object);
    parsed.image.machine = machine(file.machine.get(LE));
    parsed.image.platform.arch = Some(arch(file.machine.get(LE)));
    parsed.image.platform.os = Some("windows".into());
    parsed.image.linkage.kind = LinkageKind::Relocatable;
    parsed.mark(Identity::Timestamp, 4, 4);
    let strings = Strings::of(view, file)?;
    let count = usize::from(file.number_of_sections.get(LE));
    let headers = view.read_slice_at::<ImageSectionHeader>(at, count);
    let headers = headers.map_err(|()| malformed("PE", "its section headers cannot be read"))?;
    for header in headers {
        parsed.image.sections.push(section(view, header, &strings, 0)?);
    }
    symbols(&mut parsed, file)?;
    parsed.image.stripped.symbols = file.number_of_symbols.get(LE) == 0;
    parsed.image.stripped.debug = !by_name::have_debug(&parsed.image.sections);
    Ok(parsed)
}

fn symbols(parsed: &mut Parsed<'_>, file: &ImageFileHeader) -> Result<()> {
    let view = parsed.view;
    let wrong = wrong(view, FORMAT);
    if u64::from(file.number_of_symbols.get(LE)) > MAX_SYMBOLS {
        let what = "COFF symbols".into();
        return Err(InspectError::Limit { what, limit: MAX_SYMBOLS, unit: "symbols" });
    }
    let table: SymbolTable<'_, View<'_>> = SymbolTable::parse(file, view).map_err(&wrong)?;
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut index = 0;
    while let Ok(symbol) = table.symbol(SymbolIndex(index)) {
        // Auxiliary entries stand between symbols, each as long as one.
        index += 1 + usize::from(symbol.number_of_aux_symbols);
        let external = symbol.storage_class == pe::IMAGE_SYM_CLASS_EXTERNAL;
        let weak = symbol.storage_class == pe::IMAGE_SYM_CLASS_WEAK_EXTERNAL;
        if !external && !weak {
            continue;
        }
        let name = view.text(symbol.name(table.strings()).map_err(&wrong)?)?;
        // An undefined symbol with a value is a common variable, for which the linker makes room.
        let undefined = symbol.section_number.get(LE) == 0 && symbol.value.get(LE) == 0;
        if undefined {
            imports.push(Import { library: None, name, version: None, weak });
        } else {
            exports.push(Export::named(name));
        }
    }
    imports.sort();
    exports.sort();
    parsed.image.imports = imports;
    parsed.image.exports = go::exports(exports);
    Ok(())
}

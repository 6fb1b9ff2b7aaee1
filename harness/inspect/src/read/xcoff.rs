//! AIX's XCOFF: sections, and the loader section with libraries and symbols.

use super::{Identity, Parsed, inside, sections as by_name, wrong};
use crate::error::{InspectError, Result, malformed};
use crate::facts::{
    Class, Endian, Export, Extent, Format, Import, Kind, LinkageKind, Section, SectionKind,
};
use crate::go;
use crate::source::View;
use crate::space::Range;
use object::read::xcoff::{FileHeader, SectionHeader};
use object::xcoff::{FileHeader32, FileHeader64};

const FORMAT: Format = Format::Xcoff;

/// Flags of the file header.
const SHARED: u16 = 0x2000;
const EXECUTABLE: u16 = 0x0002;
const STRIPPED: u16 = 0x0008;
/// Types of sections, the lower half of their flags.
const TEXT: u32 = 0x20;
const DATA: u32 = 0x40;
const BSS: u32 = 0x80;
const LOADER: u32 = 0x1000;
const DEBUG: u32 = 0x2000;
const DWARF: u32 = 0x10;
/// Types of loader symbols.
const IMPORTED: u8 = 0x40;
const EXPORTED: u8 = 0x10;

/// The most loader symbols, and the most bytes of the loader section.
const MAX_SYMBOLS: u64 = 500_000;
const MAX_LOADER: u64 = 32 << 20;

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    match view.bytes(0, 2) {
        Some([0x01, 0xf7]) => of_class::<FileHeader64>(view, Class::Bits64),
        _ => of_class::<FileHeader32>(view, Class::Bits32),
    }
}

fn of_class<H: FileHeader>(view: View<'_>, class: Class) -> Result<Parsed<'_>> {
    let wrong = wrong(view, FORMAT);
    inside(view, FORMAT, || "the file header".into(), 0, size_of::<H>() as u64)?;
    let mut at = 0;
    let header = H::parse(view, &mut at).map_err(&wrong)?;
    let flags = header.f_flags().0;
    let kind = match () {
        () if flags & SHARED != 0 => Kind::SharedLibrary,
        () if flags & EXECUTABLE != 0 => Kind::Executable,
        () => Kind::Object,
    };
    let mut parsed = Parsed::new(view, FORMAT, class, Endian::Big, kind);
    let wide = class == Class::Bits64;
    parsed.image.machine = if wide { "U64_TOCMAGIC" } else { "U802TOCMAGIC" }.into();
    parsed.image.platform.arch = Some(if wide { "ppc64" } else { "ppc" }.into());
    parsed.image.platform.os = Some("aix".into());
    parsed.mark(Identity::Timestamp, 4, 4);
    let optional = header.aux_header(view, &mut at).map_err(&wrong)?;
    parsed.image.entry = optional.map(|optional| {
        use object::read::xcoff::AuxHeader as _;
        optional.o_entry().into()
    });
    let sections = header.sections(view, &mut at).map_err(&wrong)?;
    let mut end = at;
    let mut loader = None;
    for section in sections.iter() {
        let name = view.text(section.name())?;
        let (offset, size) = (section.s_scnptr().into(), section.s_size().into());
        let kind = section.s_flags().0;
        let empty = kind & BSS != 0 || offset == 0;
        let stored = if empty { 0 } else { size };
        inside(view, FORMAT, || format!("section {name}"), offset, stored)?;
        end = end.max(offset.saturating_add(stored));
        if kind & LOADER != 0 {
            loader = Some((offset, stored));
        }
        let range = Range {
            address: section.s_vaddr().into(),
            size,
            offset,
            stored,
            writable: kind & DATA != 0,
        };
        if kind & (TEXT | DATA) != 0 {
            parsed.space.ranges.push(range);
        }
        parsed.image.sections.push(Section {
            kind: kind_of(kind, &name),
            address: range.address,
            size,
            offset,
            stored,
            compression: None,
            name,
        });
    }
    let symbols: u64 = header.f_symptr().into();
    let count = u64::from(header.f_nsyms());
    if symbols > 0 {
        inside(view, FORMAT, || "the symbol table".into(), symbols, count * 18)?;
        let strings = symbols + count * 18;
        end = end.max(strings);
        if let Some(size) = view.bytes(strings, 4).and_then(|b| b.first_chunk::<4>()) {
            let size = u64::from(u32::from_be_bytes(*size));
            inside(view, FORMAT, || "the string table".into(), strings, size)?;
            parsed.table("(symbol table)", SectionKind::Symbols, symbols, strings + size - symbols);
            end = end.max(strings + size);
        }
    }
    parsed.image.stripped.symbols = flags & STRIPPED != 0 || count == 0;
    parsed.image.stripped.debug = !by_name::have_debug(&parsed.image.sections);
    if let Some((offset, size)) = loader {
        Loader::read(view, offset, size, wide)?.fill(&mut parsed)?;
    }
    let needed = !parsed.image.linkage.needed.is_empty();
    parsed.image.linkage.kind = match kind {
        Kind::Object => LinkageKind::Relocatable,
        Kind::SharedLibrary => LinkageKind::Dynamic,
        _ if needed => LinkageKind::Dynamic,
        _ => LinkageKind::Static,
    };
    let left = view.size().saturating_sub(end);
    parsed.image.overlay = (left > 0).then_some(Extent { offset: end, size: left });
    if let Some(code) = parsed.image.sections.iter().find(|s| s.kind == SectionKind::Code) {
        let offset = code.offset;
        go::raw(&mut parsed, offset);
    }
    Ok(parsed)
}

fn kind_of(flags: u32, name: &str) -> SectionKind {
    match () {
        () if by_name::is_debug(name) || flags & (DEBUG | DWARF) != 0 => SectionKind::Debug,
        () if flags & TEXT != 0 => SectionKind::Code,
        () if flags & BSS != 0 => SectionKind::Zero,
        () if flags & DATA != 0 => SectionKind::Data,
        () if flags & LOADER != 0 => SectionKind::Linking,
        () => SectionKind::Other,
    }
}

/// The loader section.
struct Loader<'d> {
    view: View<'d>,
    data: &'d [u8],
    wide: bool,
}

impl<'d> Loader<'d> {
    fn read(view: View<'d>, offset: u64, size: u64, wide: bool) -> Result<Self> {
        let data = view.bytes(offset, size.min(MAX_LOADER)).unwrap_or_default();
        Ok(Self { view, data, wide })
    }

    fn number(&self, at: u64, width: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let bytes = self.data.get(at..at.checked_add(width)?)?;
        Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn fill(&self, parsed: &mut Parsed<'_>) -> Result<()> {
        let short = || malformed("XCOFF", "its loader section is too short");
        let count = self.number(4, 4).ok_or_else(short)?;
        if count > MAX_SYMBOLS {
            let what = "loader symbols".into();
            return Err(InspectError::Limit { what, limit: MAX_SYMBOLS, unit: "symbols" });
        }
        // Places in the loader's header; with 32 bits the symbols follow it at once.
        let (files, files_at, strings, symbols) = if self.wide {
            (self.number(16, 4), self.number(24, 8), self.number(32, 8), self.number(40, 8))
        } else {
            (self.number(16, 4), self.number(20, 4), self.number(28, 4), Some(32))
        };
        let (files, files_at) = (files.ok_or_else(short)?, files_at.ok_or_else(short)?);
        let (strings, symbols) = (strings.ok_or_else(short)?, symbols.ok_or_else(short)?);
        let libraries = self.libraries(files_at, files)?;
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        for index in 0..count {
            let at = symbols.saturating_add(index * 24);
            let field = |within: u64, width| self.number(at.saturating_add(within), width);
            let kind = field(14, 1).ok_or_else(short)? as u8;
            let name = self.view.text(self.symbol(at, strings).ok_or_else(short)?)?;
            if kind & IMPORTED != 0 {
                let file = field(16, 4).and_then(|file| usize::try_from(file).ok());
                let library = file.and_then(|file| libraries.get(file)).cloned();
                imports.push(Import { library, name, version: None, weak: false });
            } else if kind & EXPORTED != 0 {
                exports.push(Export::named(name));
            }
        }
        imports.sort();
        exports.sort();
        parsed.image.imports = imports;
        parsed.image.exports = go::exports(exports);
        parsed.image.linkage.runpath = libraries
            .first()
            .map(|path| path.split(':').map(str::to_owned).collect())
            .unwrap_or_default();
        parsed.image.linkage.needed = libraries.into_iter().skip(1).collect();
        Ok(())
    }

    /// The name of a symbol: eight bytes in place, or an offset into the strings.
    fn symbol(&self, at: u64, strings: u64) -> Option<&'d [u8]> {
        let start = usize::try_from(at).ok()?;
        let offset = match self.wide {
            true => self.number(at.saturating_add(8), 4)?,
            false if self.number(at, 4)? == 0 => self.number(at.saturating_add(4), 4)?,
            false => return self.data.get(start..start + 8)?.split(|byte| *byte == 0).next(),
        };
        let start = usize::try_from(strings.checked_add(offset)?).ok()?;
        let rest = self.data.get(start..)?;
        rest.get(..rest.len().min(32 << 10))?.split(|byte| *byte == 0).next()
    }

    /// The libraries: `path`, then `base` and `member` of each. The first is the search path.
    fn libraries(&self, at: u64, count: u64) -> Result<Vec<String>> {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let mut parts = self.data.get(start..).unwrap_or_default().split(|byte| *byte == 0);
        let mut libraries = Vec::new();
        for index in 0..count.min(10_000) {
            let (Some(path), Some(base), Some(member)) = (parts.next(), parts.next(), parts.next())
            else {
                return Err(malformed("XCOFF", "its list of libraries is too short"));
            };
            let text = |bytes: &[u8]| self.view.text(bytes);
            libraries.push(match (index, member.is_empty()) {
                (0, _) => text(path)?,
                (_, true) => text(base)?,
                (_, false) => format!("{}({})", text(base)?, text(member)?),
            });
        }
        Ok(libraries)
    }
}

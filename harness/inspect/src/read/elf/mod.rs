//! Reads ELF files.

mod dynamic;
mod hardening;
mod header;
mod notes;
mod platform;
mod symbols;

use super::{Parsed, inside, sections as by_name, wrong};
use crate::error::{Result, malformed};
use crate::facts::{Class, ElfFacts, Endian, Extent, Kind, LinkageKind, Section, SectionKind};
use crate::source::View;
use crate::space::Range;
use header::{Elf, FORMAT};
use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

/// The most sections and segments: programs have under a hundred, objects of C++ some ten thousand.
const MAX_HEADERS: u64 = 200_000;

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    match view.bytes(4, 1) {
        Some([1]) => of_class::<FileHeader32<Endianness>>(view),
        Some([2]) => of_class::<FileHeader64<Endianness>>(view),
        _ => Err(malformed("ELF", "its class is neither 32 nor 64 bits")),
    }
}

fn of_class<H: FileHeader<Endian = Endianness>>(view: View<'_>) -> Result<Parsed<'_>> {
    let wrong = wrong(view, FORMAT);
    inside(view, FORMAT, || "the file header".into(), 0, size_of::<H>() as u64)?;
    let header = H::parse(view).map_err(&wrong)?;
    let endian = header.endian().map_err(&wrong)?;
    let tables = [
        (
            "the program headers",
            header.e_phoff(endian).into(),
            header.e_phentsize(endian),
            u64::from(header.e_phnum(endian)),
        ),
        (
            "the section headers",
            header.e_shoff(endian).into(),
            header.e_shentsize(endian),
            u64::from(header.e_shnum(endian)),
        ),
    ];
    // Before the crate reads them: its error would name neither the part that is cut off nor the
    // file's end.
    for (what, offset, each, count) in tables {
        inside(view, FORMAT, || what.into(), offset, u64::from(each) * count)?;
    }
    let programs = header.program_headers(endian, view).map_err(&wrong)?;
    let sections = header.sections(endian, view).map_err(&wrong)?;
    if programs.len() as u64 + sections.len() as u64 > MAX_HEADERS {
        return Err(malformed("ELF", format!("more than {MAX_HEADERS} headers")));
    }
    let elf = Elf { view, header, endian, programs, sections };
    elf.describe()
}

impl<'d, H: FileHeader<Endian = Endianness>> Elf<'d, H> {
    fn describe(&self) -> Result<Parsed<'d>> {
        let (header, endian) = (self.header, self.endian);
        let class = if header.is_class_64() { Class::Bits64 } else { Class::Bits32 };
        let order = if header.is_big_endian() { Endian::Big } else { Endian::Little };
        let mut parsed = Parsed::new(self.view, FORMAT, class, order, Kind::Other);
        parsed.space.ranges = self.ranges()?;
        parsed.image.sections = self.sections()?;
        let flags = header.e_flags(endian).0;
        let facts = ElfFacts {
            processor_flags: (flags != 0).then(|| format!("0x{flags:x}")),
            tls_size: self.program(elf::PT_TLS).map(|tls| tls.p_memsz(endian).into()),
            ..ElfFacts::default()
        };
        parsed.image.elf = Some(facts);
        let entry: u64 = header.e_entry(endian).into();
        parsed.image.entry = (entry != 0).then_some(entry);
        // In this order: kind and linkage follow from the dynamic section, and the kind says which
        // table of symbols counts.
        self.notes(&mut parsed)?;
        let dynamic = self.dynamic(&mut parsed)?;
        parsed.image.kind = self.kind(&parsed, dynamic.pie);
        parsed.image.linkage.kind = self.linkage(&parsed, dynamic.present);
        self.symbols(&mut parsed, &dynamic)?;
        self.initial_exec(&mut parsed, &dynamic);
        platform::fill(&mut parsed.image, header.e_machine(endian), header.e_ident().os_abi);
        parsed.image.stripped.symbols = !self.has(elf::SHT_SYMTAB);
        parsed.image.stripped.debug = !by_name::have_debug(&parsed.image.sections);
        parsed.image.hardening = self.hardening(&parsed.image, &dynamic);
        parsed.image.overlay = self.overlay();
        Ok(parsed)
    }

    fn program(&self, kind: elf::ProgramType) -> Option<&'d H::ProgramHeader> {
        self.programs.iter().find(|program| program.p_type(self.endian) == kind)
    }

    fn has(&self, kind: elf::SectionType) -> bool {
        self.sections.iter().any(|section| section.sh_type(self.endian) == kind)
    }

    fn ranges(&self) -> Result<Vec<Range>> {
        let loaded = self.programs.iter().filter(|p| p.p_type(self.endian) == elf::PT_LOAD);
        let mut ranges = Vec::new();
        for program in loaded {
            let (offset, stored) = program.file_range(self.endian);
            // Without sections nothing else shows where the file ends; with them, a file of debug
            // information keeps the segments of its program.
            if self.sections.is_empty() {
                inside(self.view, FORMAT, || "a segment".into(), offset, stored)?;
            }
            ranges.push(Range {
                address: program.p_vaddr(self.endian).into(),
                size: program.p_memsz(self.endian).into(),
                offset,
                stored: stored.min(self.view.size().saturating_sub(offset)),
                writable: program.p_flags(self.endian).contains(elf::PF_W),
            });
        }
        Ok(ranges)
    }

    fn sections(&self) -> Result<Vec<Section>> {
        let endian = self.endian;
        // Packers leave all sections out, and the place of their names with them.
        if self.sections.is_empty() {
            return Ok(Vec::new());
        }
        // Without it the part that is cut off has no name.
        let names = self.header.shstrndx(endian, self.view).map_err(wrong(self.view, FORMAT))?;
        if let Some(names) = self.sections.iter().nth(names as usize) {
            let (offset, size) = names.file_range(endian).unwrap_or_default();
            inside(self.view, FORMAT, || "the table of section names".into(), offset, size)?;
        }
        let mut sections = Vec::with_capacity(self.sections.len());
        // Section 0 is none: its header holds counts that do not fit into the file's.
        for section in self.sections.iter().skip(1) {
            let name =
                self.sections.section_name(endian, section).map_err(wrong(self.view, FORMAT))?;
            let name = self.view.text(name)?;
            let (offset, stored) =
                section.file_range(endian).unwrap_or((section.sh_offset(endian).into(), 0));
            inside(self.view, FORMAT, || format!("section {name}"), offset, stored)?;
            sections.push(Section {
                kind: kind_of::<H>(section, endian, &name),
                address: section.sh_addr(endian).into(),
                size: section.sh_size(endian).into(),
                offset,
                stored,
                compression: self.compression(section),
                name,
            });
        }
        Ok(sections)
    }

    fn compression(&self, section: &H::SectionHeader) -> Option<String> {
        let compressed = section.sh_flags(self.endian).contains(elf::SHF_COMPRESSED);
        let (offset, _) = section.file_range(self.endian).filter(|_| compressed)?;
        let kind = self.view.bytes(offset, 4)?.first_chunk::<4>().copied()?;
        let kind = match self.header.is_big_endian() {
            true => u32::from_be_bytes(kind),
            false => u32::from_le_bytes(kind),
        };
        Some(match kind {
            1 => "zlib".into(),
            2 => "zstd".into(),
            other => format!("unknown method {other}"),
        })
    }

    fn kind(&self, parsed: &Parsed<'_>, pie: bool) -> Kind {
        let loaded = |s: &&Section| matches!(s.kind, SectionKind::Code | SectionKind::Data);
        let mut code = parsed.image.sections.iter().filter(loaded).peekable();
        // A file with only the debug information of a program has the program's sections, without
        // contents.
        let hollow = code.peek().is_some() && code.all(|s| s.stored == 0);
        let debug = by_name::have_debug(&parsed.image.sections);
        match self.header.e_type(self.endian) {
            elf::ET_EXEC | elf::ET_DYN if hollow && debug => Kind::DebugFile,
            elf::ET_REL if parsed.image.sections.iter().any(|s| s.name == ".modinfo") => {
                Kind::Kernel
            }
            elf::ET_REL => Kind::Object,
            elf::ET_EXEC => Kind::Executable,
            elf::ET_DYN if pie => Kind::Executable,
            elf::ET_DYN => Kind::SharedLibrary,
            elf::ET_CORE => Kind::Core,
            _ => Kind::Other,
        }
    }

    fn linkage(&self, parsed: &Parsed<'_>, dynamic: bool) -> LinkageKind {
        let linkage = &parsed.image.linkage;
        match parsed.image.kind {
            Kind::Object | Kind::Kernel => LinkageKind::Relocatable,
            Kind::SharedLibrary => LinkageKind::Dynamic,
            _ if !linkage.needed.is_empty() => LinkageKind::Dynamic,
            _ if linkage.interpreter.is_some() => LinkageKind::Interpreted,
            _ if dynamic && self.header.e_type(self.endian) == elf::ET_DYN => {
                LinkageKind::StaticPie
            }
            _ => LinkageKind::Static,
        }
    }

    /// The bytes after the last part that the headers name.
    fn overlay(&self) -> Option<Extent> {
        let endian = self.endian;
        let header = self.header;
        let table =
            |at: u64, each: u16, count: usize| at.saturating_add(u64::from(each) * count as u64);
        let tables = [
            u64::from(header.e_ehsize(endian)),
            table(header.e_phoff(endian).into(), header.e_phentsize(endian), self.programs.len()),
            table(header.e_shoff(endian).into(), header.e_shentsize(endian), self.sections.len()),
        ];
        let sections = self.sections.iter().filter_map(|s| s.file_range(endian));
        let programs = self.programs.iter().map(|p| p.file_range(endian));
        let ends = sections.chain(programs).map(|(offset, size)| offset.saturating_add(size));
        let end = tables.into_iter().chain(ends).max()?;
        let size = self.view.size().checked_sub(end).filter(|size| *size > 0)?;
        Some(Extent { offset: end, size })
    }
}

fn kind_of<H: FileHeader<Endian = Endianness>>(
    section: &H::SectionHeader,
    endian: Endianness,
    name: &str,
) -> SectionKind {
    let flags = section.sh_flags(endian);
    match section.sh_type(endian) {
        _ if by_name::is_debug(name) => SectionKind::Debug,
        elf::SHT_NOBITS if flags.contains(elf::SHF_EXECINSTR) => SectionKind::Code,
        elf::SHT_NOBITS => SectionKind::Zero,
        elf::SHT_NOTE => SectionKind::Note,
        elf::SHT_SYMTAB | elf::SHT_SYMTAB_SHNDX => SectionKind::Symbols,
        // A table of strings that is loaded belongs to the dynamic symbols.
        elf::SHT_STRTAB if !flags.contains(elf::SHF_ALLOC) => SectionKind::Symbols,
        elf::SHT_PROGBITS
        | elf::SHT_INIT_ARRAY
        | elf::SHT_FINI_ARRAY
        | elf::SHT_PREINIT_ARRAY
        | elf::SHT_X86_64_UNWIND => match () {
            () if flags.contains(elf::SHF_EXECINSTR) => SectionKind::Code,
            () if !flags.contains(elf::SHF_ALLOC) => SectionKind::Other,
            () if flags.contains(elf::SHF_WRITE) => SectionKind::Data,
            () => SectionKind::ReadOnly,
        },
        elf::SHT_NULL => SectionKind::Other,
        _ => SectionKind::Linking,
    }
}

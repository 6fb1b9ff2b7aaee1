//! The dynamic section: needed libraries, search paths and flags for the loader.

use super::{Elf, FORMAT};
use crate::error::{Result, malformed};
use crate::read::{Parsed, flags, inside, wrong};
use crate::source::View;
use crate::space::Space;
use object::Endianness;
use object::elf::{self, DynamicTag};
use object::read::ReadRef as _;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, Rel, Rela};

/// The most entries: programs have some hundred at most, one for each library.
const MAX_ENTRIES: usize = 100_000;

/// The facts of the dynamic section that later steps need.
#[derive(Default)]
pub(super) struct Dynamic {
    pub(super) present: bool,
    pub(super) pie: bool,
    pub(super) bind_now: bool,
    /// Addresses of the symbol table, its names and their hash tables.
    pub(super) symbols: Option<u64>,
    pub(super) strings: Option<(u64, u64)>,
    pub(super) hash: Option<u64>,
    pub(super) gnu_hash: Option<u64>,
    rela: Option<(u64, u64)>,
    rel: Option<(u64, u64)>,
    /// Number of relative relocations; they are the first ones.
    relative: u64,
    static_tls: bool,
}

impl<'d, H: FileHeader<Endian = Endianness>> Elf<'d, H> {
    /// Reads the dynamic section, and the interpreter.
    pub(super) fn dynamic(&self, parsed: &mut Parsed<'d>) -> Result<Dynamic> {
        let endian = self.endian;
        if let Some(program) = self.program(elf::PT_INTERP) {
            let (offset, size) = program.file_range(endian);
            inside(self.view, FORMAT, || "the interpreter".into(), offset, size)?;
            let path = program.interpreter(endian, self.view).map_err(wrong(self.view, FORMAT))?;
            parsed.image.linkage.interpreter = path.map(|p| self.view.text(p)).transpose()?;
        }
        let Some(program) = self.program(elf::PT_DYNAMIC) else { return Ok(Dynamic::default()) };
        let (offset, size) = program.file_range(endian);
        if size == 0 {
            return Ok(Dynamic::default());
        }
        inside(self.view, FORMAT, || "the dynamic section".into(), offset, size)?;
        let count = size as usize / size_of::<H::Dyn>();
        if count > MAX_ENTRIES {
            return Err(malformed("ELF", format!("more than {MAX_ENTRIES} dynamic entries")));
        }
        let Ok(entries) = self.view.read_slice_at::<H::Dyn>(offset, count) else {
            return Err(malformed("ELF", "its dynamic section cannot be read"));
        };
        let entries = entries.iter().map(|e| (e.tag(endian), e.val(endian)));
        // Linkers leave room behind the end mark, for tools that add entries.
        let entries: Vec<_> = entries.take_while(|(tag, _)| *tag != elf::DT_NULL).collect();
        self.entries(parsed, &entries)
    }

    fn entries(&self, parsed: &mut Parsed<'d>, entries: &[(DynamicTag, u64)]) -> Result<Dynamic> {
        let value = |tag| entries.iter().find(|(t, _)| *t == tag).map(|(_, v)| *v);
        let pair = |address, size| Some((value(address)?, value(size)?));
        let bits = value(elf::DT_FLAGS).unwrap_or(0);
        let bits_1 = value(elf::DT_FLAGS_1).unwrap_or(0);
        let has = |bit: elf::DynamicFlags| bits & bit.0 != 0;
        let has_1 = |bit: elf::DynamicFlags1| bits_1 & bit.0 != 0;
        let interpreted = parsed.image.linkage.interpreter.is_some();
        let strings = pair(elf::DT_STRTAB, elf::DT_STRSZ);
        let dynamic = Dynamic {
            present: true,
            // Linkers of before 2018 do not set the flag: a shared object with an interpreter and
            // without a name of its own is a program.
            pie: has_1(elf::DF_1_PIE) || (interpreted && value(elf::DT_SONAME).is_none()),
            bind_now: value(elf::DT_BIND_NOW).is_some()
                || has(elf::DF_BIND_NOW)
                || has_1(elf::DF_1_NOW),
            symbols: value(elf::DT_SYMTAB),
            strings,
            hash: value(elf::DT_HASH),
            gnu_hash: value(elf::DT_GNU_HASH),
            rela: pair(elf::DT_RELA, elf::DT_RELASZ),
            rel: pair(elf::DT_REL, elf::DT_RELSZ),
            relative: value(elf::DT_RELACOUNT).or_else(|| value(elf::DT_RELCOUNT)).unwrap_or(0),
            static_tls: has(elf::DF_STATIC_TLS),
        };
        if let Some(facts) = &mut parsed.image.elf {
            facts.flags = flags(elf::DynamicFlags(bits), "DF_");
            facts.flags_1 = flags(elf::DynamicFlags1(bits_1), "DF_1_");
            // The old tags mean the same as the flags: linkers write one, the other, or both.
            if value(elf::DT_SYMBOLIC).is_some() && !facts.flags.iter().any(|f| f == "SYMBOLIC") {
                facts.flags.push("SYMBOLIC".into());
            }
            if value(elf::DT_TEXTREL).is_some() && !facts.flags.iter().any(|f| f == "TEXTREL") {
                facts.flags.push("TEXTREL".into());
            }
            facts.flags.sort();
        }
        let text = |tag| texts(self.view, &parsed.space, strings, entries, tag);
        let folders = |found: Vec<String>| -> Vec<String> {
            found.iter().flat_map(|list| list.split(':')).map(str::to_owned).collect()
        };
        let linkage = &mut parsed.image.linkage;
        linkage.needed = text(elf::DT_NEEDED)?;
        linkage.name = text(elf::DT_SONAME)?.into_iter().next();
        linkage.rpath = folders(text(elf::DT_RPATH)?);
        linkage.runpath = folders(text(elf::DT_RUNPATH)?);
        Ok(dynamic)
    }

    /// Counts the relocations by which a library's thread-local variables get a fixed place.
    pub(super) fn initial_exec(&self, parsed: &mut Parsed<'d>, dynamic: &Dynamic) {
        // Only a library may be loaded late: a program's variables get their place when it starts.
        let library = self.header.e_type(self.endian) == elf::ET_DYN && !dynamic.pie;
        if !library || !(dynamic.static_tls || self.program(elf::PT_TLS).is_some()) {
            return;
        }
        let machine = self.header.e_machine(self.endian);
        let count = match (dynamic.rela, dynamic.rel) {
            (Some(range), _) => self.fixed(parsed, dynamic, range, |r: &H::Rela| {
                is_fixed(machine, r.r_type(self.endian, false))
            }),
            (None, Some(range)) => self.fixed(parsed, dynamic, range, |r: &H::Rel| {
                is_fixed(machine, r.r_type(self.endian))
            }),
            (None, None) => 0,
        };
        if let Some(facts) = &mut parsed.image.elf {
            facts.initial_exec_relocations = count;
        }
    }

    fn fixed<R: object::pod::Pod>(
        &self,
        parsed: &Parsed<'_>,
        dynamic: &Dynamic,
        (address, size): (u64, u64),
        is: impl Fn(&R) -> bool,
    ) -> u64 {
        let each = size_of::<R>() as u64;
        // Relative relocations come first, and are most of them; none of them is of a thread-local
        // variable.
        let skipped = dynamic.relative.saturating_mul(each).min(size);
        let Some((offset, left)) = parsed.space.offset(address.saturating_add(skipped)) else {
            return 0;
        };
        let count = (size - skipped).min(left) / each;
        let table = self.view.read_slice_at::<R>(offset, count as usize).unwrap_or_default();
        table.iter().filter(|r| is(r)).count() as u64
    }
}

/// Whether a relocation fixes the place of a thread-local variable: the initial-exec model.
fn is_fixed(machine: elf::Machine, kind: elf::RelocationType) -> bool {
    match machine {
        elf::EM_X86_64 => kind == elf::R_X86_64_TPOFF64,
        elf::EM_386 => matches!(kind, elf::R_386_TLS_TPOFF | elf::R_386_TLS_TPOFF32),
        elf::EM_AARCH64 => kind == elf::R_AARCH64_TLS_TPREL,
        elf::EM_ARM => kind == elf::R_ARM_TLS_TPOFF32,
        elf::EM_PPC64 => kind == elf::R_PPC64_TPREL64,
        elf::EM_RISCV => matches!(kind, elf::R_RISCV_TLS_TPREL64 | elf::R_RISCV_TLS_TPREL32),
        elf::EM_S390 => kind == elf::R_390_TLS_TPOFF,
        elf::EM_LOONGARCH => matches!(kind, elf::R_LARCH_TLS_TPREL64 | elf::R_LARCH_TLS_TPREL32),
        _ => false,
    }
}

/// The strings of all entries with a tag.
fn texts(
    view: View<'_>,
    space: &Space,
    strings: Option<(u64, u64)>,
    entries: &[(DynamicTag, u64)],
    tag: DynamicTag,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (_, value) in entries.iter().filter(|(t, _)| *t == tag) {
        let name = strings
            .filter(|(_, size)| value < size)
            .and_then(|(table, _)| space.name(view, table.checked_add(*value)?));
        let Some(name) = name else {
            return Err(malformed("ELF", "a name of the dynamic section is not in its strings"));
        };
        found.push(view.text(name)?);
    }
    Ok(found)
}

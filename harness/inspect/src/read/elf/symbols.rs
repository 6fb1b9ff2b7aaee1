//! Symbols: those needed from elsewhere, in which version, and those offered.

use super::dynamic::Dynamic;
use super::{Elf, FORMAT};
use crate::error::{InspectError, Result};
use crate::facts::{Export, Import, Kind};
use crate::go;
use crate::read::{Parsed, wrong};
use crate::versions::Needs;
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, GnuHashTable, HashTable, Sym, SymbolTable, VersionTable};
use object::read::{ReadRef as _, StringTable, SymbolIndex};

/// The most symbols of one image that are described.
const MAX_SYMBOLS: usize = 1_000_000;

/// Symbols, however they were found.
struct Table<'d, H: FileHeader> {
    symbols: &'d [H::Sym],
    strings: StringTable<'d, crate::source::View<'d>>,
}

impl<'d, H: FileHeader<Endian = Endianness>> Elf<'d, H> {
    pub(super) fn symbols(&self, parsed: &mut Parsed<'d>, dynamic: &Dynamic) -> Result<()> {
        let wrong = wrong(self.view, FORMAT);
        let relocatable = matches!(parsed.image.kind, Kind::Object | Kind::Kernel);
        let kind = if relocatable { elf::SHT_SYMTAB } else { elf::SHT_DYNSYM };
        let table: SymbolTable<'d, H, _> =
            self.sections.symbols(self.endian, self.view, kind).map_err(&wrong)?;
        let versions = self.sections.versions(self.endian, self.view).map_err(&wrong)?;
        let table = if table.is_empty() && self.sections.is_empty() {
            self.table_of(parsed, dynamic)
        } else {
            Some(Table { symbols: table.symbols(), strings: table.strings() })
        };
        let Some(table) = table else { return Ok(()) };
        if table.symbols.len() > MAX_SYMBOLS {
            return Err(InspectError::Limit {
                what: "ELF symbols".into(),
                limit: MAX_SYMBOLS as u64,
                unit: "symbols",
            });
        }
        self.sort_out(parsed, &table, versions.as_ref())
    }

    /// The dynamic symbols where no section describes them: the hash table has their number.
    fn table_of(&self, parsed: &Parsed<'d>, dynamic: &Dynamic) -> Option<Table<'d, H>> {
        let (strings, size) = dynamic.strings?;
        let count = self.symbol_count(parsed, dynamic)?;
        let (offset, left) = parsed.space.offset(dynamic.symbols?)?;
        let count = count.min(left / size_of::<H::Sym>() as u64).min(MAX_SYMBOLS as u64 + 1);
        let symbols = self.view.read_slice_at::<H::Sym>(offset, count as usize).ok()?;
        let (at, _) = parsed.space.offset(strings)?;
        let strings = StringTable::new(self.view, at, at.checked_add(size)?);
        Some(Table { symbols, strings })
    }

    fn symbol_count(&self, parsed: &Parsed<'d>, dynamic: &Dynamic) -> Option<u64> {
        let table = |address: Option<u64>| {
            let (offset, left) = parsed.space.offset(address?)?;
            // The dynamic table says where the hash table begins, and not how long it is.
            self.view.bytes(offset, left.min(8 << 20))
        };
        if let Some(data) = table(dynamic.hash) {
            return Some(
                HashTable::<H>::parse(self.endian, data).ok()?.symbol_table_length().into(),
            );
        }
        let data = table(dynamic.gnu_hash)?;
        let hash = GnuHashTable::<H>::parse(self.endian, data).ok()?;
        hash.symbol_table_length(self.endian).map(u64::from)
    }

    fn sort_out(
        &self,
        parsed: &mut Parsed<'d>,
        table: &Table<'d, H>,
        versions: Option<&VersionTable<'d, H>>,
    ) -> Result<()> {
        let endian = self.endian;
        let mut needs = self.needs(versions)?;
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        for (index, symbol) in table.symbols.iter().enumerate() {
            let hidden = matches!(symbol.st_visibility(), elf::STV_HIDDEN | elf::STV_INTERNAL);
            if index == 0 || symbol.is_local() || hidden {
                continue;
            }
            // A malformed name is no reason to drop the others.
            let Ok(name) = symbol.name(endian, table.strings) else { continue };
            if name.is_empty() {
                continue;
            }
            let name = self.view.text(name)?;
            let version = self.version(versions, index)?;
            if symbol.is_undefined(endian) {
                let (library, version) = version.map_or((None, None), |(f, v)| (f, Some(v)));
                if let (Some(library), Some(version)) = (&library, &version) {
                    needs.symbol(library, version, &name);
                }
                imports.push(Import { library, name, version, weak: symbol.is_weak() });
            } else {
                let kind = match symbol.st_type() {
                    elf::STT_FUNC => Some("function"),
                    elf::STT_OBJECT | elf::STT_COMMON => Some("data"),
                    elf::STT_TLS => Some("thread_local"),
                    elf::STT_GNU_IFUNC => Some("indirect_function"),
                    _ => None,
                };
                let version = version.map(|(_, version)| version);
                // A symbol with the name of its version stands for the version.
                if version.as_deref() == Some(&name) && symbol.is_absolute(endian) {
                    continue;
                }
                exports.push(Export {
                    kind: kind.map(str::to_owned),
                    version,
                    ..Export::named(name)
                });
            }
        }
        imports.sort();
        imports.dedup();
        exports.sort();
        exports.dedup();
        parsed.image.imports = imports;
        parsed.image.exports = go::exports(exports);
        parsed.image.requirements = needs.finish();
        Ok(())
    }

    /// The versions that libraries must have, by the table of needed versions alone.
    fn needs(&self, versions: Option<&VersionTable<'d, H>>) -> Result<Needs> {
        let wrong = wrong(self.view, FORMAT);
        let mut needs = Needs::default();
        if versions.is_none() {
            return Ok(needs);
        }
        let table = self.sections.gnu_verneed(self.endian, self.view).map_err(&wrong)?;
        let Some((mut libraries, link)) = table else { return Ok(needs) };
        let strings = self.sections.strings(self.endian, self.view, link).map_err(&wrong)?;
        while let Some((library, mut versions)) = libraries.next().map_err(&wrong)? {
            let file = library.file(self.endian, strings).map_err(&wrong)?;
            let file = self.view.text(file)?;
            while let Some(version) = versions.next().map_err(&wrong)? {
                let name = version.name(self.endian, strings).map_err(&wrong)?;
                let weak = version.vna_flags.get(self.endian).contains(elf::VER_FLG_WEAK);
                needs.version(&file, &self.view.text(name)?, weak);
            }
        }
        Ok(needs)
    }

    /// The version of a symbol: the library it comes from, and its name.
    fn version(
        &self,
        versions: Option<&VersionTable<'d, H>>,
        index: usize,
    ) -> Result<Option<(Option<String>, String)>> {
        let Some(versions) = versions else { return Ok(None) };
        let index = versions.version_index(self.endian, SymbolIndex(index)).index();
        let Ok(Some(version)) = versions.version(index) else { return Ok(None) };
        let library = version.file().map(|file| self.view.text(file)).transpose()?;
        Ok(Some((library, self.view.text(version.name())?)))
    }
}

//! Imports, delayed imports and exports, found where they are in memory.

use super::Pe;
use crate::error::{InspectError, Result, malformed};
use crate::facts::{Export, Import};
use crate::go;
use crate::read::{Identity, Parsed};
use crate::space::Space;
use object::LittleEndian as LE;
use object::pe::{self, ImageDelayloadDescriptor, ImageExportDirectory, ImageImportDescriptor};
use object::pod::Pod;
use std::collections::BTreeMap;

/// The most libraries, and the most symbols of all of them.
const MAX_LIBRARIES: u64 = 10_000;
const MAX_SYMBOLS: usize = 500_000;

pub(super) fn fill(parsed: &mut Parsed<'_>, pe: &Pe<'_>) -> Result<()> {
    let reader = Reader { pe, space: &parsed.space };
    let mut imports = Vec::new();
    let needed = reader.imports(&mut imports)?;
    let optional = reader.delayed(&mut imports)?;
    let exports = reader.exports()?;
    imports.sort();
    imports.dedup();
    parsed.image.imports = imports;
    parsed.image.linkage.needed = needed;
    parsed.image.linkage.optional = optional;
    let Some((place, directory, name, list)) = exports else { return Ok(()) };
    parsed.mark(Identity::Timestamp, place + 4, 4);
    parsed.image.linkage.name = name;
    parsed.image.exports = go::exports(list);
    if let Some(facts) = &mut parsed.image.pe {
        facts.export_timestamp = Some(directory.time_date_stamp.get(LE));
    }
    Ok(())
}

type Exported<'d> = (u64, &'d ImageExportDirectory, Option<String>, Vec<Export>);

struct Reader<'a, 'd> {
    pe: &'a Pe<'d>,
    space: &'a Space,
}

impl<'d> Reader<'_, 'd> {
    fn at<T: Pod>(&self, address: u64) -> Option<&'d T> {
        let bytes = self.bytes(address, size_of::<T>() as u64)?;
        object::pod::from_bytes::<T>(bytes).ok().map(|(value, _)| value)
    }

    fn bytes(&self, address: u64, size: u64) -> Option<&'d [u8]> {
        self.space.bytes(self.pe.view, self.pe.base.wrapping_add(address), size)
    }

    fn name(&self, address: u64) -> Result<Option<String>> {
        let name = self.space.name(self.pe.view, self.pe.base.wrapping_add(address));
        name.map(|name| self.pe.view.text(name)).transpose()
    }

    fn library(&self, address: u32) -> Result<String> {
        let name = self.name(address.into())?;
        name.ok_or_else(|| malformed("PE", "the name of an imported library is in no section"))
    }

    fn imports(&self, imports: &mut Vec<Import>) -> Result<Vec<String>> {
        let mut libraries = Vec::new();
        let Some((start, _)) = self.pe.directory(pe::IMAGE_DIRECTORY_ENTRY_IMPORT) else {
            return Ok(libraries);
        };
        for index in 0..MAX_LIBRARIES {
            let Some(entry) = self.at::<ImageImportDescriptor>(start + 20 * index) else {
                return Err(malformed("PE", "its import table is in no section, or has no end"));
            };
            if entry.name.get(LE) == 0 {
                return Ok(libraries);
            }
            let library = self.library(entry.name.get(LE))?;
            let names = match entry.original_first_thunk.get(LE) {
                // Some linkers leave the first list out; before the image is loaded the second has
                // the same names.
                0 => entry.first_thunk.get(LE),
                names => names,
            };
            self.thunks(&library, names.into(), 0, imports)?;
            libraries.push(library);
        }
        Err(malformed("PE", format!("more than {MAX_LIBRARIES} imported libraries")))
    }

    fn delayed(&self, imports: &mut Vec<Import>) -> Result<Vec<String>> {
        let mut libraries = Vec::new();
        let Some((start, _)) = self.pe.directory(pe::IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT) else {
            return Ok(libraries);
        };
        for index in 0..MAX_LIBRARIES {
            let entry = self.at::<ImageDelayloadDescriptor>(start + 32 * index);
            let Some(entry) = entry.filter(|entry| entry.dll_name_rva.get(LE) != 0) else { break };
            // Old linkers wrote addresses here, not distances from the base.
            let base = if entry.attributes.get(LE) & 1 == 0 { self.pe.base } else { 0 };
            let relative = |address: u32| u64::from(address).wrapping_sub(base);
            let Some(library) = self.name(relative(entry.dll_name_rva.get(LE)))? else { break };
            let names = relative(entry.import_name_table_rva.get(LE));
            self.thunks(&library, names, base, imports)?;
            libraries.push(library);
        }
        Ok(libraries)
    }

    /// The symbols of one library: a list of addresses of names, or of numbers.
    fn thunks(&self, library: &str, list: u64, base: u64, imports: &mut Vec<Import>) -> Result<()> {
        let width = if self.pe.wide { 8 } else { 4 };
        let start = self.pe.base.wrapping_add(list);
        let Some((offset, left)) = self.space.offset(start) else {
            return Err(malformed(
                "PE",
                format!("the list of imports of {library} is in no section"),
            ));
        };
        for index in 0..left / width {
            let Some(bytes) = self.pe.view.bytes(offset + index * width, width) else { break };
            let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
            let entry = bytes.iter().rev().fold(0, fold);
            if entry == 0 {
                return Ok(());
            }
            // The highest bit: the low 16 bits are an ordinal, not the place of a name.
            let by_number = entry >> (8 * width - 1) == 1;
            let name = if by_number {
                format!("#{}", entry & 0xffff)
            } else {
                // Two bytes in front of the name are a hint where it is in the library's own table.
                let name = self.name((entry & 0x7fff_ffff).wrapping_sub(base).wrapping_add(2))?;
                name.ok_or_else(|| {
                    malformed(
                        "PE",
                        format!("a name that is imported from {library} is in no section"),
                    )
                })?
            };
            if imports.len() >= MAX_SYMBOLS {
                let what = "imported symbols".into();
                let limit = MAX_SYMBOLS as u64;
                return Err(InspectError::Limit { what, limit, unit: "symbols" });
            }
            let library = Some(library.to_owned());
            imports.push(Import { library, name, version: None, weak: false });
        }
        Err(malformed("PE", format!("the list of imports of {library} has no end")))
    }

    fn exports(&self) -> Result<Option<Exported<'d>>> {
        let Some((start, size)) = self.pe.directory(pe::IMAGE_DIRECTORY_ENTRY_EXPORT) else {
            return Ok(None);
        };
        let Some(directory) = self.at::<ImageExportDirectory>(start) else {
            return Err(malformed("PE", "its export table is in no section"));
        };
        let place = self.space.offset(self.pe.base.wrapping_add(start)).map_or(0, |(at, _)| at);
        let (functions, names) =
            (directory.number_of_functions.get(LE), directory.number_of_names.get(LE));
        let table = |address: u32, count: u32, width: u64| {
            if count == 0 {
                return Ok(&[][..]);
            }
            let bytes = self.bytes(address.into(), u64::from(count) * width);
            bytes.ok_or_else(|| malformed("PE", "a list of its export table is in no section"))
        };
        let addresses = table(directory.address_of_functions.get(LE), functions, 4)?;
        let pointers = table(directory.address_of_names.get(LE), names, 4)?;
        let ordinals = table(directory.address_of_name_ordinals.get(LE), names, 2)?;
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |sum, b| sum << 8 | u32::from(*b));
        let mut named: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (pointer, index) in pointers.chunks_exact(4).zip(ordinals.chunks_exact(2)) {
            if let Some(name) = self.name(word(pointer).into())? {
                named.entry(word(index)).or_default().push(name);
            }
        }
        let base = directory.base.get(LE);
        let mut exports = Vec::new();
        for (index, address) in addresses.chunks_exact(4).enumerate() {
            let address = u64::from(word(address));
            if address == 0 {
                continue;
            }
            let index = index as u32;
            let ordinal = base.wrapping_add(index);
            // An address inside the export table itself is no code: it is the name of another
            // library's function.
            let inside = (start..start.saturating_add(size)).contains(&address);
            let forward = if inside { self.name(address)? } else { None };
            let names = named.remove(&index).unwrap_or_else(|| vec![format!("#{ordinal}")]);
            for name in names {
                let ordinal = Some(ordinal);
                exports.push(Export { ordinal, forward: forward.clone(), ..Export::named(name) });
            }
        }
        exports.sort();
        let name = self.name(directory.name.get(LE).into())?;
        Ok(Some((place, directory, name, exports)))
    }
}

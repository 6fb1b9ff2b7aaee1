//! Symbols: of a linked image only those that other images see.

use super::FORMAT;
use super::commands::Commands;
use crate::error::{InspectError, Result};
use crate::facts::{Export, Import, Kind, SectionKind};
use crate::go;
use crate::read::{Parsed, inside, wrong};
use crate::source::View;
use object::Endianness;
use object::macho;
use object::read::macho::{MachHeader, Nlist};
use object::read::{ReadRef as _, StringTable};

/// The most symbols of one image that are described.
const MAX_SYMBOLS: u64 = 1_000_000;

pub(super) fn fill<H: MachHeader<Endian = Endianness>>(
    parsed: &mut Parsed<'_>,
    endian: Endianness,
    commands: &Commands<'_>,
) -> Result<()> {
    let view = parsed.view;
    parsed.image.stripped.symbols = true;
    let Some(table) = commands.symbols else { return Ok(()) };
    let each = size_of::<H::Nlist>() as u64;
    let (start, total) = (u64::from(table.symoff.get(endian)), u64::from(table.nsyms.get(endian)));
    let (strings, size) =
        (u64::from(table.stroff.get(endian)), u64::from(table.strsize.get(endian)));
    inside(view, FORMAT, || "the symbol table".into(), start, total * each)?;
    inside(view, FORMAT, || "the string table".into(), strings, size)?;
    parsed.table("(symbol table)", SectionKind::Symbols, start, total * each);
    parsed.table("(symbol names)", SectionKind::Symbols, strings, size);
    let strings = StringTable::new(view, strings, strings + size);
    let group = |first: u32, count: u32| (u64::from(first), u64::from(count));
    let (locals, offered, needed) = match commands.dynamic {
        Some(dynamic) => (
            u64::from(dynamic.nlocalsym.get(endian)),
            group(dynamic.iextdefsym.get(endian), dynamic.nextdefsym.get(endian)),
            group(dynamic.iundefsym.get(endian), dynamic.nundefsym.get(endian)),
        ),
        // Without LC_DYSYMTAB nothing says which symbols are local.
        None => (total, (0, total), (0, total)),
    };
    parsed.image.stripped.symbols = locals == 0 && parsed.image.kind != Kind::Object;
    let read = |(first, count): (u64, u64)| -> Result<&[H::Nlist]> {
        if count > MAX_SYMBOLS {
            let what = "Mach-O symbols".into();
            return Err(InspectError::Limit { what, limit: MAX_SYMBOLS, unit: "symbols" });
        }
        let count = count.min(total.saturating_sub(first));
        let found = view.read_slice_at::<H::Nlist>(start + first * each, count as usize);
        found.map_err(|()| {
            view.refusal()
                .unwrap_or_else(|| crate::error::malformed("Mach-O", "its symbols cannot be read"))
        })
    };
    let mut imports = Vec::new();
    for symbol in read(needed)?.iter().filter(|s| s.is_undefined() && !s.is_stab()) {
        imports.push(import(view, symbol, strings, endian, &commands.libraries)?);
    }
    let mut exports = Vec::new();
    // N_PEXT: global while it was linked, private to the image since.
    let hidden =
        |s: &&H::Nlist| s.n_type().contains(macho::N_PEXT) || !s.n_type().contains(macho::N_EXT);
    for symbol in read(offered)?.iter().filter(|s| s.is_definition() && !hidden(s)) {
        let name = symbol.name(endian, strings).map_err(wrong(view, FORMAT))?;
        exports.push(Export::named(view.text(name)?));
    }
    imports.sort();
    imports.dedup();
    exports.sort();
    exports.dedup();
    parsed.image.imports = imports;
    parsed.image.exports = go::exports(exports);
    Ok(())
}

fn import<'d, N: Nlist<Endian = Endianness>>(
    view: View<'d>,
    symbol: &N,
    strings: StringTable<'d, View<'d>>,
    endian: Endianness,
    libraries: &[String],
) -> Result<Import> {
    let name = symbol.name(endian, strings).map_err(wrong(view, FORMAT))?;
    // Libraries count from 1: 0 is the image itself, and the highest numbers mean any library or
    // the program.
    let ordinal = usize::from(symbol.library_ordinal(endian).0);
    let library = ordinal.checked_sub(1).and_then(|index| libraries.get(index)).cloned();
    let weak = symbol.n_desc(endian).contains(macho::N_WEAK_REF);
    Ok(Import { library, name: view.text(name)?, version: None, weak })
}

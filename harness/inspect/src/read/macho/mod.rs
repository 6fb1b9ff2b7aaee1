//! Mach-O, one image at a time; fat files give an image for each slice.

mod commands;
mod fat;
mod format;
mod signature;
mod symbols;

pub(super) use fat::is as is_fat;

use super::{Parsed, flags, inside, sections as by_name, wrong};
use crate::error::{Result, malformed};
use crate::facts::{Check, Class, Endian, Image, Kind, LinkageKind, MachoFacts, Mark, Slice};
use crate::go;
use crate::source::View;
use commands::Commands;
use format::FORMAT;
use object::Endianness;
use object::macho::{self, MachHeader32, MachHeader64};
use object::read::macho::MachHeader;
use std::collections::BTreeMap;

/// The most load commands: large programs have a hundred.
const MAX_COMMANDS: u32 = 20_000;

/// The image of each slice of a fat file.
pub(super) fn slices(view: View<'_>) -> Result<Vec<(Slice, Parsed<'_>)>> {
    fat::slices(view, read)
}

pub(super) fn read(view: View<'_>) -> Result<Parsed<'_>> {
    match view.bytes(0, 4) {
        Some([0xfe, 0xed, 0xfa, 0xce] | [0xce, 0xfa, 0xed, 0xfe]) => {
            of_class::<MachHeader32<Endianness>>(view)
        }
        _ => of_class::<MachHeader64<Endianness>>(view),
    }
}

fn of_class<H: MachHeader<Endian = Endianness>>(view: View<'_>) -> Result<Parsed<'_>> {
    let wrong = wrong(view, FORMAT);
    inside(view, FORMAT, || "the file header".into(), 0, size_of::<H>() as u64)?;
    let header = H::parse(view, 0).map_err(&wrong)?;
    let endian = header.endian().map_err(&wrong)?;
    let size = u64::from(header.sizeofcmds(endian));
    inside(view, FORMAT, || "the load commands".into(), size_of::<H>() as u64, size)?;
    if header.ncmds(endian) > MAX_COMMANDS {
        return Err(malformed("Mach-O", format!("more than {MAX_COMMANDS} load commands")));
    }
    let class = if header.is_type_64() { Class::Bits64 } else { Class::Bits32 };
    let order = if header.is_big_endian() { Endian::Big } else { Endian::Little };
    let kind = match header.filetype(endian) {
        macho::MH_EXECUTE => Kind::Executable,
        macho::MH_DYLIB | macho::MH_DYLIB_STUB => Kind::SharedLibrary,
        macho::MH_BUNDLE => Kind::Bundle,
        macho::MH_OBJECT => Kind::Object,
        macho::MH_CORE => Kind::Core,
        macho::MH_DSYM => Kind::DebugFile,
        macho::MH_KEXT_BUNDLE => Kind::Kernel,
        _ => Kind::Other,
    };
    let mut parsed = Parsed::new(view, FORMAT, class, order, kind);
    parsed.image.machine = machine(header.cputype(endian), header.cpusubtype(endian));
    parsed.image.platform.arch = Some(fat::arch(header.cputype(endian), header.cpusubtype(endian)));
    parsed.image.macho =
        Some(MachoFacts { flags: flags(header.flags(endian), "MH_"), ..MachoFacts::default() });
    let commands = Commands::read(header, endian, &mut parsed)?;
    symbols::fill::<H>(&mut parsed, endian, &commands)?;
    if let Some((offset, size)) = commands.signature {
        signature::fill(&mut parsed, offset, size)?;
    }
    if let Some(code) = parsed.image.sections.iter().find(|s| s.name == "__TEXT,__text") {
        let offset = code.offset;
        go::raw(&mut parsed, offset);
    }
    // An object's symbols are in no segment.
    let tables = parsed.tables.iter().map(|table| table.offset.saturating_add(table.size));
    let end = tables.fold(0, u64::max);
    let image = &mut parsed.image;
    image.linkage.kind = linkage(image);
    image.stripped.debug = !by_name::have_debug(&image.sections);
    image.hardening = hardening(image, header.flags(endian));
    image.overlay = commands.overlay(view.size(), end);
    Ok(parsed)
}

fn machine(kind: macho::CpuType, subtype: macho::CpuSubtype) -> String {
    let name = format!("{kind:?}");
    let name = name.strip_prefix("CPU_TYPE_").unwrap_or(&name).to_owned();
    let subtype = subtype.0 & 0x00ff_ffff;
    if subtype == 0 { name } else { format!("{name} subtype {subtype}") }
}

fn linkage(image: &Image) -> LinkageKind {
    match image.kind {
        Kind::Object => LinkageKind::Relocatable,
        Kind::SharedLibrary | Kind::Bundle => LinkageKind::Dynamic,
        _ if !image.linkage.needed.is_empty() => LinkageKind::Dynamic,
        _ if image.linkage.interpreter.is_some() => LinkageKind::Interpreted,
        _ => LinkageKind::Static,
    }
}

fn hardening(image: &Image, flags: macho::FileFlags) -> BTreeMap<Check, Mark> {
    if matches!(image.kind, Kind::Object | Kind::Core | Kind::DebugFile) {
        return BTreeMap::new();
    }
    let imports = |name: &str| image.imports.iter().any(|import| import.name == name);
    let signature = image.macho.as_ref().and_then(|facts| facts.signature.as_ref());
    let runtime = signature.is_some_and(|s| s.flags.iter().any(|flag| flag == "RUNTIME"));
    let program = image.kind == Kind::Executable;
    let pie = match program {
        true => Mark::of(flags.contains(macho::MH_PIE)),
        false => Mark::NotApplicable,
    };
    let canary = match imports("___stack_chk_fail") {
        true => Mark::Yes,
        false if image.ids.go.is_some() || image.imports.is_empty() => Mark::NotApplicable,
        false => Mark::No,
    };
    BTreeMap::from([
        (Check::PositionIndependent, pie),
        (Check::StackCanary, canary),
        (Check::NonExecutable, Mark::of(!flags.contains(macho::MH_ALLOW_STACK_EXECUTION))),
        (Check::Signed, Mark::of(signature.is_some())),
        (Check::HardenedRuntime, if program { Mark::of(runtime) } else { Mark::NotApplicable }),
        (Check::Relro, Mark::NotApplicable),
        (Check::NoRpath, Mark::of(image.linkage.runpath.is_empty())),
    ])
}

//! Hardening of PE files.

use super::Pe;
use crate::facts::{Check, Image, Mark, SectionKind};
use crate::space::Space;
use object::pe;
use std::collections::BTreeMap;

/// Offset of the stack cookie's address in the load configuration, for 32 and 64 bits.
const COOKIE: (u64, u64) = (60, 88);

pub(super) fn marks(
    image: &Image,
    pe: &Pe<'_>,
    characteristics: pe::FileFlags,
    flags: pe::DllFlags,
    space: &Space,
) -> BTreeMap<Check, Mark> {
    let has = |flag: pe::DllFlags| flags.contains(flag);
    let fixed = characteristics.contains(pe::IMAGE_FILE_RELOCS_STRIPPED);
    let movable = has(pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE) && !fixed;
    let facts = image.pe.as_ref();
    let extended = |name: &str| {
        facts.is_some_and(|facts| facts.dll_characteristics.iter().any(|flag| flag == name))
    };
    let entropy = match pe.wide {
        true => Mark::of(movable && has(pe::IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA)),
        false => Mark::NotApplicable,
    };
    // Microsoft's compiler names its cookie in the load configuration; MinGW's code calls a
    // function.
    let canary = match (cookie(pe, space), imports_c(image)) {
        (Some(true), _) => Mark::Yes,
        (None, false) => Mark::NotApplicable,
        _ => Mark::of(image.imports.iter().any(|i| i.name.starts_with("__stack_chk"))),
    };
    let writable = image.sections.iter().any(|section| {
        section.kind == SectionKind::Code
            && space.ranges.iter().any(|r| r.address == section.address && r.writable)
    });
    BTreeMap::from([
        (Check::PositionIndependent, Mark::of(movable)),
        (Check::HighEntropyAddresses, entropy),
        (Check::NonExecutable, Mark::of(has(pe::IMAGE_DLLCHARACTERISTICS_NX_COMPAT))),
        (Check::NoWritableCode, Mark::of(!writable)),
        (Check::ControlFlow, Mark::of(has(pe::IMAGE_DLLCHARACTERISTICS_GUARD_CF))),
        (Check::ReturnAddresses, Mark::of(extended("EX_CET_COMPAT"))),
        (Check::StackCanary, canary),
        (Check::Signed, Mark::of(facts.is_some_and(|facts| facts.signature_size.is_some()))),
        (Check::Relro, Mark::NotApplicable),
        (Check::Fortify, Mark::NotApplicable),
    ])
}

/// Whether the load configuration names a stack cookie.
fn cookie(pe: &Pe<'_>, space: &Space) -> Option<bool> {
    let (start, size) = pe.directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG)?;
    let (at, width) = if pe.wide { (COOKIE.1, 8) } else { (COOKIE.0, 4) };
    if size < at + width {
        return None;
    }
    let bytes = space.bytes(pe.view, pe.base.wrapping_add(start + at), width)?;
    Some(bytes.iter().any(|byte| *byte != 0))
}

/// Whether it uses a C runtime, by the libraries that are one.
fn imports_c(image: &Image) -> bool {
    image.linkage.needed.iter().any(|library| {
        let name = library.to_ascii_lowercase();
        ["msvcr", "ucrtbase", "api-ms-win-crt", "vcruntime"].iter().any(|p| name.starts_with(p))
    })
}

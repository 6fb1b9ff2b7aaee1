//! Facts that follow from the names of sections, in every format.

use crate::facts::{Section, SectionKind};

/// Whether a section holds debug information, by its name in ELF, PE, Mach-O or WebAssembly.
pub(super) fn is_debug(name: &str) -> bool {
    let name = name.rsplit(',').next().unwrap_or(name);
    let known = [".debug", ".zdebug", "__debug", "__zdebug", ".stab", ".gnu.debuglto", ".dw"];
    known.iter().any(|prefix| name.starts_with(prefix))
        || matches!(name, ".gdb_index" | ".debug_gdb_scripts" | "__apple_names" | "__apple_types")
}

/// Whether there is DWARF, or another debug format, in these sections. A script for a debugger is
/// none.
pub(super) fn have_debug(sections: &[Section]) -> bool {
    let script = |name: &str| name.contains("debug_gdb_scripts");
    sections.iter().any(|s| s.kind == SectionKind::Debug && s.stored > 0 && !script(&s.name))
}

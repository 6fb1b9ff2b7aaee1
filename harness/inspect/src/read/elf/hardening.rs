//! Hardening of ELF files.

use super::Elf;
use super::dynamic::Dynamic;
use crate::facts::{Check, Image, Kind, LinkageKind, Mark};
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader};
use std::collections::BTreeMap;

impl<H: FileHeader<Endian = Endianness>> Elf<'_, H> {
    pub(super) fn hardening(&self, image: &Image, dynamic: &Dynamic) -> BTreeMap<Check, Mark> {
        if matches!(image.kind, Kind::Object | Kind::Core | Kind::DebugFile | Kind::Kernel) {
            return BTreeMap::new();
        }
        let has = |kind| self.program(kind).is_some();
        let relro = match has(elf::PT_GNU_RELRO) {
            // Without a loader nothing is relocated when it is started.
            _ if image.linkage.kind == LinkageKind::Static && !has(elf::PT_GNU_RELRO) => {
                Mark::NotApplicable
            }
            // Without `now` the loader binds functions lazily, and the table of their addresses
            // stays writable.
            true if dynamic.bind_now || image.linkage.kind == LinkageKind::StaticPie => Mark::Yes,
            true if image.linkage.kind == LinkageKind::Static => Mark::Yes,
            true => Mark::Partial,
            false => Mark::No,
        };
        let imports = |test: &dyn Fn(&str) -> bool| image.imports.iter().any(|i| test(&i.name));
        let offers = |name: &str| {
            let own = image.exports.own.iter().any(|e| e.name == name);
            own || image.exports.runtime.iter().any(|e| e == name)
        };
        let libc = !image.imports.is_empty();
        // A static program has the function itself.
        let canary =
            imports(&|name| name.starts_with("__stack_chk_")) || offers("__stack_chk_fail");
        // `__memcpy_chk` and the like: what glibc's headers call with _FORTIFY_SOURCE.
        let fortify = imports(&|name| name.starts_with("__") && name.ends_with("_chk"));
        // Go's own code has neither: without C there is nothing to say.
        let of_c = |found: bool| match (found, libc) {
            (true, _) => Mark::Yes,
            (false, true) => Mark::No,
            (false, false) => Mark::NotApplicable,
        };
        let loads = |test: &dyn Fn(elf::ProgramFlags) -> bool| {
            let mut loaded = self.programs.iter().filter(|p| p.p_type(self.endian) == elf::PT_LOAD);
            loaded.any(|p| test(p.p_flags(self.endian)))
        };
        let stack = self.program(elf::PT_GNU_STACK).map(|p| p.p_flags(self.endian));
        // Without this header the kernel's choice depends on the machine; on most it is executable.
        let nx = Mark::of(stack.is_some_and(|flags| !flags.contains(elf::PF_X)));
        let writable = loads(&|flags| flags.contains(elf::PF_W) && flags.contains(elf::PF_X));
        let pie = match image.kind {
            Kind::Executable => Mark::of(self.header.e_type(self.endian) == elf::ET_DYN),
            _ => Mark::NotApplicable,
        };
        let features = image.elf.as_ref().map(|facts| facts.properties.features.as_slice());
        let feature = |names: [&str; 2]| {
            // The note of properties exists for these processors only.
            let known = matches!(image.machine.as_str(), "X86_64" | "386" | "AARCH64");
            let there = features.unwrap_or_default().iter().any(|f| names.contains(&f.as_str()));
            if known { Mark::of(there) } else { Mark::NotApplicable }
        };
        let of_path = |paths: &[String]| match dynamic.present {
            true => Mark::of(paths.is_empty()),
            false => Mark::NotApplicable,
        };
        BTreeMap::from([
            (Check::Relro, relro),
            (Check::StackCanary, of_c(canary)),
            (Check::Fortify, of_c(fortify)),
            (Check::NonExecutable, nx),
            (Check::NoWritableCode, Mark::of(!writable)),
            (Check::PositionIndependent, pie),
            (Check::NoRpath, of_path(&image.linkage.rpath)),
            (Check::NoRunpath, of_path(&image.linkage.runpath)),
            (Check::ControlFlow, feature(["IBT", "BTI"])),
            (Check::ReturnAddresses, feature(["SHSTK", "PAC"])),
        ])
    }
}

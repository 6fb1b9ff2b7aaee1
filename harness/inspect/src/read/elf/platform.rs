//! Machine and system, in Go's words where it has one.

use crate::facts::{Class, Endian, Image};
use object::elf::{self, Machine, OsAbi};

/// Fills in machine, ABI and platform. The system named by notes stays.
pub(super) fn fill(image: &mut Image, machine: Machine, abi: OsAbi) {
    let name = format!("{machine:?}");
    image.machine = name.strip_prefix("EM_").unwrap_or(&name).to_owned();
    let name = format!("{abi:?}");
    image.abi = Some(name.strip_prefix("ELFOSABI_").unwrap_or(&name).to_owned());
    image.platform.arch = Some(arch(machine, image.class, image.endian));
    // ELFOSABI_NONE shows nothing: nearly all linkers write it, for every system.
    let by_abi = match abi {
        elf::ELFOSABI_FREEBSD => Some("freebsd"),
        elf::ELFOSABI_NETBSD => Some("netbsd"),
        elf::ELFOSABI_OPENBSD => Some("openbsd"),
        elf::ELFOSABI_SOLARIS => Some("solaris"),
        // GNU's tools set it where a file uses their extensions, such as indirect functions.
        elf::ELFOSABI_GNU => Some("linux"),
        _ => None,
    };
    let loader = image.linkage.interpreter.as_deref();
    let os = image.platform.os.take().or_else(|| by_abi.map(str::to_owned));
    image.platform.os = os.or_else(|| by_interpreter(loader?).map(str::to_owned));
}

/// The system whose loader this is.
fn by_interpreter(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    match name {
        _ if path.starts_with("/system/bin/linker") => Some("android"),
        // `ld64.so.2` is of ppc64le, `ld64.so.1` of s390x and big-endian ppc64.
        _ if name.starts_with("ld-linux") || name.starts_with("ld-musl") || name == "ld64.so.2" => {
            Some("linux")
        }
        "ld64.so.1" => Some("linux"),
        _ if path.starts_with("/libexec/ld-elf.so") => Some("freebsd"),
        _ if path.starts_with("/usr/libexec/ld-elf.so.2") => Some("dragonfly"),
        _ if path.starts_with("/usr/libexec/ld.elf_so") => Some("netbsd"),
        _ if path.starts_with("/usr/libexec/ld.so") => Some("openbsd"),
        // Linux has this name too, in /lib.
        "ld.so.1" if path.starts_with("/usr/lib/") => Some("solaris"),
        _ => None,
    }
}

fn arch(machine: Machine, class: Class, endian: Endian) -> String {
    let wide = class == Class::Bits64;
    let little = endian == Endian::Little;
    let name = match machine {
        elf::EM_386 => "386",
        elf::EM_X86_64 if wide => "amd64",
        elf::EM_X86_64 => "amd64p32",
        elf::EM_ARM if little => "arm",
        elf::EM_ARM => "armbe",
        elf::EM_AARCH64 if little => "arm64",
        elf::EM_AARCH64 => "arm64be",
        elf::EM_MIPS => match (wide, little) {
            (true, true) => "mips64le",
            (true, false) => "mips64",
            (false, true) => "mipsle",
            (false, false) => "mips",
        },
        elf::EM_PPC64 if little => "ppc64le",
        elf::EM_PPC64 => "ppc64",
        elf::EM_PPC => "ppc",
        elf::EM_RISCV if wide => "riscv64",
        elf::EM_RISCV => "riscv",
        elf::EM_S390 if wide => "s390x",
        elf::EM_S390 => "s390",
        elf::EM_LOONGARCH if wide => "loong64",
        elf::EM_SPARCV9 => "sparc64",
        elf::EM_SPARC => "sparc",
        other => return format!("elf{}", other.0),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/lib64/ld-linux-x86-64.so.2", Some("linux"))]
    #[case("/lib/ld-musl-aarch64.so.1", Some("linux"))]
    #[case("/lib/ld64.so.1", Some("linux"))]
    #[case("/system/bin/linker64", Some("android"))]
    #[case("/libexec/ld-elf.so.1", Some("freebsd"))]
    #[case("/usr/libexec/ld-elf.so.2", Some("dragonfly"))]
    #[case("/usr/libexec/ld.so", Some("openbsd"))]
    #[case("/usr/libexec/ld.elf_so", Some("netbsd"))]
    #[case("/usr/lib/amd64/ld.so.1", Some("solaris"))]
    #[case("/lib/ld.so.1", None)]
    #[case("/opt/loader", None)]
    fn the_loader_identifies_the_system(#[case] path: &str, #[case] os: Option<&str>) {
        assert_eq!(by_interpreter(path), os);
    }
}

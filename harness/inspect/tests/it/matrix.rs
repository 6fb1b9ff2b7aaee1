//! A program built for many platforms: format, machine, system and Go's build information, compared
//! with file(1), `go version -m` and `go tool buildid`.

use rstest::rstest;
use twinproof_inspect::{BuildId, Format, Kind, LinkageKind, debian_with_glibc};

use crate::built::pure;
use crate::tools::{headers, image, tool};

#[rstest]
#[case::linux_amd64("linux/amd64", Format::Elf, "X86_64", "ELF 64-bit LSB executable, x86-64")]
#[case::linux_386("linux/386", Format::Elf, "386", "ELF 32-bit LSB executable, Intel 80386")]
#[case::linux_arm("linux/arm", Format::Elf, "ARM", "ELF 32-bit LSB executable, ARM")]
#[case::linux_arm64(
    "linux/arm64",
    Format::Elf,
    "AARCH64",
    "ELF 64-bit LSB executable, ARM aarch64"
)]
#[case::linux_mips("linux/mips", Format::Elf, "MIPS", "ELF 32-bit MSB executable, MIPS")]
#[case::linux_ppc64le(
    "linux/ppc64le",
    Format::Elf,
    "PPC64",
    "ELF 64-bit LSB executable, 64-bit PowerPC"
)]
#[case::linux_riscv64(
    "linux/riscv64",
    Format::Elf,
    "RISCV",
    "ELF 64-bit LSB executable, UCB RISC-V"
)]
#[case::linux_s390x("linux/s390x", Format::Elf, "S390", "ELF 64-bit MSB executable, IBM S/390")]
#[case::freebsd(
    "freebsd/amd64",
    Format::Elf,
    "X86_64",
    "ELF 64-bit LSB executable, x86-64, version 1 (FreeBSD)"
)]
#[case::windows_amd64("windows/amd64", Format::Pe, "AMD64", "PE32+ executable (console) x86-64")]
#[case::windows_386("windows/386", Format::Pe, "I386", "PE32 executable (console) Intel 80386")]
#[case::darwin_amd64("darwin/amd64", Format::Macho, "X86_64", "Mach-O 64-bit x86_64 executable")]
#[case::darwin_arm64("darwin/arm64", Format::Macho, "ARM64", "Mach-O 64-bit arm64 executable")]
#[case::aix("aix/ppc64", Format::Xcoff, "U64_TOCMAGIC", "64-bit XCOFF executable")]
#[case::plan9("plan9/386", Format::Plan9, "I_MAGIC", "Plan 9 executable, Intel 386")]
fn platform_is_recognised(
    #[case] platform: &str,
    #[case] format: Format,
    #[case] machine: &str,
    #[case] by_file: &str,
) {
    let Some(file) = pure(platform) else { return };
    let image = image(headers(&file));
    assert_eq!((image.format, image.kind), (format, Kind::Executable));
    assert_eq!(image.machine.split(' ').next().unwrap(), machine);
    assert_eq!(image.platform.name(), platform);
    assert_eq!(image.platform.declared.as_deref(), Some(platform));
    assert!(!image.stripped.symbols);
    if let Some(said) = tool("file", &["-b"], &file) {
        assert!(said.starts_with(by_file), "{said}");
    }
    same_as_go(&file, &image);
}

/// Build information and build ID, as the go command reads them.
fn same_as_go(file: &std::path::Path, image: &twinproof_inspect::Image) {
    let id = tool("go", &["tool", "buildid"], file).unwrap();
    assert_eq!(image.ids.go, BuildId::parse(id.trim()));
    assert_eq!(image.ids.go.as_ref().unwrap().to_string(), id.trim());
    let go = image.go.as_ref().unwrap();
    let said = tool("go", &["version", "-m"], file).unwrap();
    let mut lines = said.lines();
    let version = lines.next().unwrap().rsplit(": ").next().unwrap();
    assert_eq!(go.version, version);
    let mut settings = 0;
    for line in lines {
        let fields: Vec<&str> = line.trim().split('\t').collect();
        match fields[..] {
            ["path", path] => assert_eq!(go.path.as_deref(), Some(path)),
            ["mod", path, ..] => assert_eq!(go.main.as_ref().unwrap().path, path),
            ["build", setting] => {
                let (key, value) = setting.split_once('=').unwrap();
                assert_eq!(go.settings.get(key).unwrap(), value.trim_matches('"'));
                settings += 1;
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(settings, go.settings.len());
}

#[rstest]
#[case("js/wasm", "gojs", "js")]
#[case("wasip1/wasm", "wasi_snapshot_preview1", "wasip1")]
fn platform_of_webassembly_is_recognised(
    #[case] platform: &str,
    #[case] module: &str,
    #[case] os: &str,
) {
    let Some(file) = pure(platform) else { return };
    let image = image(headers(&file));
    assert_eq!(image.format, Format::Wasm);
    assert_eq!(image.platform.name(), platform);
    assert_eq!(image.platform.os.as_deref(), Some(os));
    assert_eq!(image.linkage.needed, [module]);
    assert!(image.exports.own.is_empty(), "{:?}", image.exports);
    let producers = &image.wasm.as_ref().unwrap().producers;
    assert!(producers[0].starts_with("language Go go1."), "{producers:?}");
    let id = tool("go", &["tool", "buildid"], &file).unwrap();
    assert_eq!(image.ids.go, BuildId::parse(id.trim()));
}

#[test]
fn sections_of_elf_are_those_of_readelf() {
    let Some(file) = pure("linux/arm64") else { return };
    let Some(said) = tool("readelf", &["-SW"], &file) else { return };
    let image = image(headers(&file));
    let mut rows = 0;
    for line in said.lines().filter(|line| line.trim_start().starts_with('[')) {
        let (_, rest) = line.split_once(']').unwrap();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let [name, kind, address, offset, size, ..] = fields[..] else { continue };
        let Some(section) = image.sections.iter().find(|section| section.name == name) else {
            assert!(matches!(name, "Name" | "NULL"), "{line}");
            continue;
        };
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        let found = (section.address, section.offset, section.size);
        assert_eq!(found, (hex(address), hex(offset), hex(size)), "{name}");
        assert_eq!(section.stored == 0, kind == "NOBITS" || section.size == 0, "{name}");
        rows += 1;
    }
    assert_eq!(rows, image.sections.len());
}

#[test]
fn sections_and_headers_of_pe_are_those_of_objdump() {
    let Some(file) = pure("windows/amd64") else { return };
    let Some(said) = tool("objdump", &["-h", "-p"], &file) else { return };
    let image = image(headers(&file));
    let pe = image.pe.as_ref().unwrap();
    let value = |label: &str| {
        let line = said.lines().find(|line| line.starts_with(label)).unwrap();
        line[label.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(pe.image_base, u64::from_str_radix(&value("ImageBase"), 16).unwrap());
    let version = format!("{}.{}", value("MajorSubsystemVersion"), value("MinorSubsystemVersion"));
    assert_eq!(pe.subsystem_version, version);
    let entry = u64::from_str_radix(&value("AddressOfEntryPoint"), 16).unwrap();
    assert_eq!(image.entry, Some(pe.image_base + entry));
    for section in image.sections.iter().filter(|s| s.stored > 0 && s.size > 0) {
        let row = said.lines().map(|l| l.split_whitespace().collect::<Vec<_>>());
        let row = row.filter(|fields| fields.len() == 7).find(|fields| fields[1] == section.name);
        let row = row.unwrap_or_else(|| panic!("{} is not in {said}", section.name));
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        assert_eq!(
            (section.address, section.offset),
            (hex(row[3]), hex(row[5])),
            "{}",
            section.name
        );
    }
    let functions =
        said.lines().filter(|line| line.starts_with('\t') && line.contains("  ")).count();
    assert!(functions >= image.imports.len(), "{functions} rows");
    assert_eq!(image.linkage.needed, ["kernel32.dll"]);
}

#[test]
fn program_without_cgo_is_static_and_needs_no_glibc() {
    let Some(file) = pure("linux/amd64") else { return };
    let image = image(headers(&file));
    assert_eq!(image.linkage.kind, LinkageKind::Static);
    assert!(image.requirements.is_empty());
    assert!(image.imports.is_empty());
    assert_eq!(debian_with_glibc("2.34"), Some("12 bookworm"));
}

#[test]
fn signature_of_darwin_arm64_covers_every_page() {
    let Some(file) = pure("darwin/arm64") else { return };
    let image = image(headers(&file));
    let macho = image.macho.unwrap();
    let signature = macho.signature.unwrap();
    assert_eq!(signature.identifier, "a.out");
    assert_eq!(signature.flags, ["ADHOC", "LINKER_SIGNED"]);
    assert_eq!(signature.wrong_pages, Some(Vec::new()));
    assert!(signature.pages > 100, "{}", signature.pages);
    assert_eq!(macho.platform.as_deref(), Some("macos"));
    assert!(macho.minimum_os.is_some());
    assert!(image.ids.uuid.is_some());
}

#[test]
fn changed_page_is_found_by_its_hash() {
    let Some(file) = pure("darwin/arm64") else { return };
    let mut bytes = std::fs::read(file).unwrap();
    bytes[5 * 4096 + 7] ^= 1;
    let found = twinproof_inspect::describe(bytes.as_slice(), &Default::default()).unwrap();
    let signature = image(found).macho.unwrap().signature.unwrap();
    assert_eq!(signature.wrong_pages, Some(vec![5]));
}

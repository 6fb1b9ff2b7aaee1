//! Binaries that cgo links, compared with readelf and objdump.

use twinproof_inspect::{Check, Kind, LeakKind, LinkageKind, Mark, Options, describe};

use crate::built::{Build, LIBRARY, shared_library, windows_library};
use crate::tools::{deep, headers, image, tool};

#[test]
fn exports_of_a_shared_library_are_apart_from_the_runtimes() {
    let Some(file) = shared_library() else { return };
    let image = image(headers(&file));
    let own: Vec<&str> = image.exports.own.iter().map(|export| export.name.as_str()).collect();
    assert_eq!(own, ["Add", "Free", "Greet"]);
    assert_eq!((image.kind, image.linkage.kind), (Kind::SharedLibrary, LinkageKind::Dynamic));
    let Some(said) = tool("readelf", &["-W", "--dyn-syms"], &file) else { return };
    let defined = said.lines().filter(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        matches!(fields[..], [_, _, _, _, "GLOBAL" | "WEAK", "DEFAULT", section, _, ..] if section != "UND")
    });
    assert_eq!(defined.count(), own.len() + image.exports.runtime.len());
}

#[test]
fn versions_of_symbols_are_those_of_objdump() {
    let Some(file) = shared_library() else { return };
    let Some(said) = tool("objdump", &["-T"], &file) else { return };
    let image = image(headers(&file));
    let mut needed = Vec::new();
    for line in said.lines().filter(|line| line.contains("*UND*")) {
        let Some((_, rest)) = line.split_once("(GLIBC_") else { continue };
        let (version, name) = rest.split_once(')').unwrap();
        needed.push((name.trim().to_owned(), format!("GLIBC_{version}")));
    }
    needed.sort();
    let mut found: Vec<(String, String)> = image
        .imports
        .iter()
        .filter_map(|import| Some((import.name.clone(), import.version.clone()?)))
        .collect();
    found.sort();
    assert_eq!(found, needed);
    let highest = image.requirements.iter().find(|need| need.family == "GLIBC").unwrap();
    let mut by_highest: Vec<&str> = needed
        .iter()
        .filter(|(_, version)| *version == format!("GLIBC_{}", highest.version))
        .map(|(name, _)| name.as_str())
        .collect();
    by_highest.sort_unstable();
    assert_eq!(highest.symbols, by_highest);
    assert!(!by_highest.is_empty());
}

#[test]
fn dynamic_section_is_that_of_readelf() {
    let Some(file) = shared_library() else { return };
    let Some(said) = tool("readelf", &["-dW"], &file) else { return };
    let image = image(headers(&file));
    let values = |tag: &str| -> Vec<String> {
        let lines = said.lines().filter(|line| line.contains(&format!("({tag})")));
        lines.filter_map(|l| Some(l.split_once('[')?.1.split_once(']')?.0.to_owned())).collect()
    };
    assert_eq!(image.linkage.needed, values("NEEDED"));
    assert_eq!(image.linkage.name, values("SONAME").into_iter().next());
    let flags = |tag: &str| -> Vec<String> {
        let line = said.lines().find(|line| line.contains(&format!("({tag})"))).unwrap_or_default();
        let list = line.split(')').nth(1).unwrap_or_default().replace("Flags:", "");
        let mut flags: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
        flags.sort();
        flags
    };
    let elf = image.elf.unwrap();
    assert_eq!(elf.flags, flags("FLAGS"));
    assert_eq!(elf.flags_1, flags("FLAGS_1"));
    assert!(elf.initial_exec_relocations > 0);
    assert_eq!(elf.tls_size, Some(8));
}

#[test]
fn gnu_build_id_is_that_of_readelf() {
    let Some(file) = shared_library() else { return };
    let Some(said) = tool("readelf", &["-n"], &file) else { return };
    let id = said.lines().find_map(|line| line.trim().strip_prefix("Build ID: ")).unwrap();
    assert_eq!(image(headers(&file)).ids.gnu.as_deref(), Some(id));
}

#[test]
fn hardening_follows_the_flags_of_the_c_compiler() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let gcc = twinproof_testkit::program("gcc").unwrap_or_else(|absent| absent.end_test());
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("a.c");
    let text = "#include <stdio.h>\n#include <string.h>\nint main(int c, char **v) {\n\
                char b[64]; memcpy(b, v[0], strlen(v[0])); puts(b); return c; }\n";
    std::fs::write(&source, text).unwrap();
    let build = |name: &str, flags: &[&str]| {
        let output = dir.path().join(name);
        let done = std::process::Command::new(&gcc)
            .args(flags)
            .arg("-o")
            .arg(&output)
            .arg(&source)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        image(headers(&output))
    };
    let hard = build(
        "hard",
        &[
            "-O2",
            "-D_FORTIFY_SOURCE=2",
            "-fstack-protector-all",
            "-pie",
            "-fPIE",
            "-Wl,-z,relro,-z,now",
            "-Wl,-rpath,/opt/x",
        ],
    );
    let soft = build(
        "soft",
        &[
            "-O0",
            "-U_FORTIFY_SOURCE",
            "-fno-stack-protector",
            "-no-pie",
            "-Wl,-z,norelro",
            "-z",
            "execstack",
        ],
    );
    let checks = [
        (Check::Relro, Mark::Yes, Mark::No),
        (Check::StackCanary, Mark::Yes, Mark::No),
        (Check::Fortify, Mark::Yes, Mark::No),
        (Check::PositionIndependent, Mark::Yes, Mark::No),
        (Check::NonExecutable, Mark::Yes, Mark::No),
    ];
    for (check, of_hard, of_soft) in checks {
        assert_eq!(
            (hard.hardening[&check], soft.hardening[&check]),
            (of_hard, of_soft),
            "{check:?}"
        );
    }
    assert_eq!(hard.hardening[&Check::NoRunpath], Mark::No);
    assert_eq!(hard.linkage.runpath, ["/opt/x"]);
    let wanted = hard.imports.iter().find(|i| i.name == "__memcpy_chk").unwrap();
    assert_eq!(wanted.version.as_deref(), Some("GLIBC_2.3.4"));
}

#[test]
fn folder_given_to_the_c_compiler_leaks_unless_trimmed() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let _ = twinproof_testkit::program("gcc").unwrap_or_else(|absent| absent.end_test());
    let env = [("CGO_ENABLED", "1"), ("CC", "gcc"), ("CGO_CFLAGS", "-I/home/somebody/include")];
    let build = |args| Build { output: "leaky", source: LIBRARY, args, env: &env }.get();
    let (Some(plain), Some(trimmed)) = (build(&[]), build(&["-trimpath"])) else { return };
    let user = |file: &std::path::Path| -> Vec<String> {
        let leaks = deep(file).deep.unwrap().leaks;
        leaks.into_iter().filter(|l| l.kind == LeakKind::User).map(|l| l.value).collect()
    };
    let home = std::env::var("HOME").unwrap_or_default();
    let others = |values: Vec<String>| -> Vec<String> {
        values.into_iter().filter(|value| *value != home).collect()
    };
    assert_eq!(others(user(&plain)), ["/home/somebody"]);
    assert_eq!(others(user(&trimmed)), Vec::<String>::new());
    let options = Options { deep: true, leaks: vec!["somebody".into()] };
    let found = image(describe(&plain, &options).unwrap()).deep.unwrap().leaks;
    let asked = found.iter().find(|leak| leak.kind == LeakKind::Asked).unwrap();
    assert!(asked.places.iter().any(|place| place.section == ".go.buildinfo"), "{asked:?}");
}

#[test]
fn debug_information_names_both_compilers() {
    let Some(file) = shared_library() else { return };
    let dwarf = deep(&file).deep.unwrap().dwarf.unwrap();
    let has = |start: &str| dwarf.producers.iter().any(|producer| producer.starts_with(start));
    assert!(has("Go cmd/compile go1.") && has("GNU C"), "{:?}", dwarf.producers);
    let Some(said) = tool("readelf", &["--debug-dump=info", "-W"], &file) else { return };
    let units = said.lines().filter(|line| line.contains("Compilation Unit @")).count();
    assert_eq!(dwarf.units, units as u64);
}

#[test]
fn windows_library_exports_three_functions_and_its_name() {
    let Some(file) = windows_library("lib.dll") else { return };
    let image = image(headers(&file));
    let own: Vec<&str> = image.exports.own.iter().map(|export| export.name.as_str()).collect();
    assert_eq!(own, ["Add", "Free", "Greet"]);
    assert!(image.exports.runtime.is_empty());
    assert_eq!(image.linkage.name.as_deref(), Some("lib.dll"));
    assert!(image.linkage.needed.iter().any(|l| l.eq_ignore_ascii_case("msvcrt.dll")));
    let pe = image.pe.unwrap();
    assert_eq!((pe.timestamp, pe.export_timestamp), (0, Some(0)));
    assert!(pe.characteristics.iter().any(|flag| flag == "DLL"));
}

#[test]
fn archive_for_c_has_times_of_zero_and_the_same_functions() {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let _ = twinproof_testkit::program("gcc").unwrap_or_else(|absent| absent.end_test());
    let env = [("CGO_ENABLED", "1"), ("CC", "gcc")];
    let args = ["-trimpath", "-buildmode=c-archive"];
    let build = Build { output: "lib.a", source: LIBRARY, args: &args, env: &env };
    let Some(file) = build.get() else { return };
    let found = headers(&file);
    let twinproof_inspect::Content::Archive(archive) = &found.content else { panic!("{found:?}") };
    assert_eq!(archive.dialect, "gnu");
    assert!(archive.members.iter().all(|m| (m.modified, m.owner, m.group) == (0, 0, 0)));
    let Some(said) = tool("ar", &["t"], &file) else { return };
    let names: Vec<&str> = archive.members.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, said.lines().collect::<Vec<_>>());
    let own = found.images().iter().flat_map(|(_, image)| &image.exports.own).collect::<Vec<_>>();
    for name in ["Add", "Free", "Greet"] {
        assert!(own.iter().any(|export| export.name == name), "{name}");
    }
}

//! Reports of people who build for other machines: for each its smallest input, and the facts that
//! show the problem. The reports are named in the documentation of `inspect`.

use twinproof_inspect::{
    CompareOptions, Description, Expectation, LinkageKind, Options, Verdict, compare, describe,
};

use crate::built::{Build, LIBRARY, linux, pure, shared_library, windows_library};
use crate::tools::{headers, image};

fn unmet(description: &Description, expectation: Expectation) -> Vec<String> {
    expectation.unmet(description)
}

#[test]
fn program_of_a_new_glibc_names_the_symbols_that_an_old_one_lacks() {
    // golang/go#58550: linked on glibc 2.34 or later, started on 2.31.
    let Some(file) = shared_library() else { return };
    let found = headers(&file);
    let said =
        unmet(&found, Expectation { max_glibc: Some("2.31".into()), ..Expectation::default() });
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("it needs glibc 2."), "{said:?}");
    assert!(said[0].contains("pthread_create"), "{said:?}");
    assert!(said[0].ends_with(", more than 2.31"), "{said:?}");
    let all = Expectation { max_glibc: Some("9.9".into()), ..Expectation::default() };
    assert_eq!(unmet(&found, all), Vec::<String>::new());
}

#[test]
fn shared_library_that_musl_cannot_load_late_shows_why() {
    // golang/go#54805: thread-local storage of the initial-exec model.
    let Some(file) = shared_library() else { return };
    let elf = image(headers(&file)).elf.unwrap();
    assert!(elf.flags.contains(&"STATIC_TLS".to_owned()), "{:?}", elf.flags);
    assert!(elf.flags_1.contains(&"NODELETE".to_owned()), "{:?}", elf.flags_1);
    assert!(elf.initial_exec_relocations > 0);
}

#[test]
fn package_net_brings_a_loader_unless_cgo_is_off() {
    // docker-library/golang#453.
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let _ = twinproof_testkit::program("gcc").unwrap_or_else(|absent| absent.end_test());
    let source = "package main\n\nimport \"net\"\n\nfunc main() { println(net.IPv4len) }\n";
    let build = |name, env: &[(&str, &str)]| {
        Build { output: name, source, args: &["-trimpath"], env }.get()
    };
    let (Some(with), Some(without)) = (
        build("with", &[("CGO_ENABLED", "1"), ("CC", "gcc")]),
        build("without", &[("CGO_ENABLED", "0")]),
    ) else {
        return;
    };
    let expectation = Expectation { fully_static: true, ..Expectation::default() };
    let (with, without) = (headers(&with), headers(&without));
    let said = expectation.unmet(&with);
    let loader = "it is not static: /lib64/ld-linux-x86-64.so.2 loads libc.so.6";
    assert_eq!(said, [loader]);
    assert_eq!(expectation.unmet(&without), Vec::<String>::new());
    assert_eq!(image(with).linkage.kind, LinkageKind::Dynamic);
    assert_eq!(image(without).linkage.kind, LinkageKind::Static);
}

#[test]
fn position_independent_program_without_cgo_has_a_loader_and_no_library() {
    let Some(file) = linux("pie", &["-trimpath", "-buildmode=pie"], &[]) else { return };
    let found = headers(&file);
    let expectation = Expectation { fully_static: true, ..Expectation::default() };
    let said = expectation.unmet(&found);
    assert_eq!(said, ["it is not static: it is loaded by /lib64/ld-linux-x86-64.so.2"]);
    assert_eq!(image(found).linkage.kind, LinkageKind::Interpreted);
}

#[test]
fn build_mode_spelled_out_changes_only_ids() {
    // golang/go#63559.
    let (Some(a), Some(b)) =
        (linux("h", &["-trimpath"], &[]), linux("h", &["-trimpath", "-buildmode=exe"], &[]))
    else {
        return;
    };
    let found = compare(&a, &b, &CompareOptions::default()).unwrap();
    assert_eq!(found.verdict, Verdict::OnlyIds, "{found:?}");
    assert!(found.sections.iter().all(|section| section.only_identity), "{:?}", found.sections);
    let names: Vec<&str> = found.sections.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, [".note.go.buildid", ".note.gnu.build-id"]);
}

#[test]
fn one_file_under_three_labels_is_right_for_one() {
    // Vaultwarden-API#47: the same amd64 file labelled amd64, arm64 and arm/v7.
    let Some(file) = pure("linux/amd64") else { return };
    let found = headers(&file);
    let said = |label: &str| {
        let platform = Some(label.parse().unwrap());
        unmet(&found, Expectation { platform, ..Expectation::default() })
    };
    assert_eq!(said("linux/amd64"), Vec::<String>::new());
    assert_eq!(said("linux/arm64"), ["it is for linux/amd64 (X86_64), not for linux/arm64"]);
    assert_eq!(said("linux/arm/v7"), ["it is for linux/amd64 (X86_64), not for linux/arm"]);
    assert_eq!(said("windows/amd64"), ["it is for linux/amd64 (X86_64), not for windows/amd64"]);
}

#[test]
fn level_of_the_processor_is_declared_and_checked_for() {
    // mihomo#123: GOAMD64=v3 on an old processor.
    let level = |value: &str| {
        let file = linux("h", &["-trimpath"], &[("GOAMD64", value)])?;
        image(headers(&file)).microarchitecture
    };
    let (Some(v1), Some(v3)) = (level("v1"), level("v3")) else { return };
    assert_eq!((v1.declared.as_str(), v1.guard, v1.guard_agrees), ("v1", None, Some(true)));
    assert_eq!(
        (v3.declared.as_str(), v3.guard.as_deref(), v3.guard_agrees),
        ("v3", Some("v3"), Some(true))
    );
    let Some(file) = linux("h", &["-trimpath"], &[("GOAMD64", "v3")]) else { return };
    let found = headers(&file);
    let said = |label: &str| {
        let platform = Some(label.parse().unwrap());
        unmet(&found, Expectation { platform, ..Expectation::default() })
    };
    assert_eq!(said("linux/amd64/v3"), Vec::<String>::new());
    assert_eq!(said("linux/amd64/v2"), ["it is built with GOAMD64=v3, for more than v2"]);
}

#[test]
fn level_that_go_does_not_know_disagrees_with_the_guard() {
    let go = twinproof_testkit::go().unwrap_or_else(|absent| absent.end_test());
    // Whether a release accepts it is the release's affair: 1.22 refuses, 1.26 does not.
    let dir = tempfile::tempdir().unwrap();
    crate::built::write_module(dir.path(), "package main\n\nfunc main() {}\n");
    let output = dir.path().join("h");
    let mut command = std::process::Command::new(go);
    command.args(["build", "-o"]).arg(&output).arg(".").current_dir(dir.path());
    command.env("GOFLAGS", "-buildvcs=false").env("GOAMD64", "v5").env("CGO_ENABLED", "0");
    let done = command.env("GOOS", "linux").env("GOARCH", "amd64").output().unwrap();
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.contains("GOAMD64"), "{said}");
        return;
    }
    let level = image(headers(&output)).microarchitecture.unwrap();
    assert_eq!((level.declared.as_str(), level.known), ("v5", false));
    assert_eq!((level.guard, level.guard_agrees), (None, Some(false)));
}

#[test]
fn library_linked_under_another_name_names_the_name() {
    // golang/go#38244.
    let (Some(a), Some(b)) = (windows_library("lib.dll"), windows_library("lib-b.dll")) else {
        return;
    };
    let found = compare(&a, &b, &CompareOptions::default()).unwrap();
    assert_eq!(found.cause, "inputs differ: the library's own name (lib.dll and lib-b.dll)");
    assert!(found.facts.iter().any(|fact| fact.fact == "pe.image_base"), "{:?}", found.facts);
    assert!(found.differing.other > 10_000, "{:?}", found.differing);
    let remedy = "the same file name in another folder: -o DIR/NAME.dll";
    assert_eq!(found.remedy.as_deref(), Some(remedy));
    // Build as the remedy says: the files must then be equal.
    let dir = tempfile::tempdir().unwrap();
    let go = twinproof_testkit::go().unwrap_or_else(|absent| absent.end_test());
    crate::built::write_module(dir.path(), LIBRARY);
    let output = dir.path().join("elsewhere").join("lib.dll");
    let env = [
        ("CGO_ENABLED", "1"),
        ("GOOS", "windows"),
        ("GOARCH", "amd64"),
        ("CC", "x86_64-w64-mingw32-gcc"),
    ];
    let args = ["-trimpath", "-buildmode=c-shared"];
    crate::built::run_go(&go, dir.path(), &output, &args, &env);
    let found = compare(&a, &output, &CompareOptions::default()).unwrap();
    assert_eq!(found.verdict, Verdict::Identical, "{found:?}");
}

#[test]
fn descriptions_are_the_same_from_a_file_and_from_its_bytes() {
    let options = Options { deep: true, leaks: Vec::new() };
    for platform in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm", "plan9/386"] {
        let Some(file) = pure(platform) else { return };
        let bytes = std::fs::read(&file).unwrap();
        let by_path = describe(&file, &options).unwrap();
        let by_bytes = describe(bytes.as_slice(), &options).unwrap();
        assert_eq!(by_path, by_bytes);
        let text = serde_json::to_string(&by_path).unwrap();
        assert_eq!(serde_json::from_str::<Description>(&text).unwrap(), by_path);
        assert!(!text.contains(file.parent().unwrap().to_str().unwrap()));
    }
}

//! Pairs of builds, and why they differ.

use std::path::Path;

use twinproof_inspect::{CompareOptions, Comparison, Ignore, Verdict, compare};

use crate::built::{linux, pure, run_go, write_module};

fn of(a: &Path, b: &Path, ignore: &[Ignore]) -> Comparison {
    compare(a, b, &CompareOptions { ignore: ignore.to_vec() }).unwrap()
}

fn unequal(comparison: &Comparison) -> Vec<&str> {
    comparison.build_id.iter().filter(|p| !p.equal).map(|p| p.part.as_str()).collect()
}

#[test]
fn same_file_is_identical() {
    let Some(file) = pure("linux/amd64") else { return };
    let found = of(&file, &file, &[]);
    assert_eq!((found.verdict, found.equal), (Verdict::Identical, true));
    assert_eq!((found.sections.len(), found.facts.len()), (0, 0));
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn program_of_another_compiler_is_not_taken_for_one_of_another_release_of_go() {
    let Some(file) = pure("linux/amd64") else { return };
    let found = of(&file, &std::env::current_exe().unwrap(), &[]);
    assert_eq!(found.verdict, Verdict::InputsDiffer, "{}", found.cause);
    assert!(found.likely.unwrap().starts_with("only one of them says that Go built it"));
    assert_eq!(found.remedy, None);
}

#[test]
fn line_ends_change_two_parts_of_the_id_and_nothing_else() {
    let go = twinproof_testkit::go().unwrap_or_else(|absent| absent.end_test());
    let dir = tempfile::tempdir().unwrap();
    let source = "package main\n\nfunc main() { println(\"hello\") }\n";
    let build = |name: &str, source: &str| {
        let module = dir.path().join(name);
        write_module(&module, source);
        let output = module.join("hello");
        let env = [("CGO_ENABLED", "0"), ("GOOS", "linux"), ("GOARCH", "amd64")];
        run_go(&go, &module, &output, &["-trimpath"], &env);
        output
    };
    let (unix, dos) = (build("unix", source), build("dos", &source.replace('\n', "\r\n")));
    let found = of(&unix, &dos, &[]);
    assert_eq!(found.verdict, Verdict::OnlyIds, "{found:?}");
    assert_eq!(found.cause, "same program: only build IDs differ");
    assert_eq!(unequal(&found), ["link action", "main package action"]);
    assert!(found.likely.as_deref().unwrap().contains("line ends"), "{found:?}");
    assert!(found.remedy.as_deref().unwrap().contains("-ldflags=-buildid="));
    assert!(!found.equal);
    assert!(of(&unix, &dos, &[Ignore::BuildId]).equal);
    assert_eq!(found.differing.other, 0);
}

#[test]
fn remedy_for_ids_makes_the_files_equal() {
    let args = ["-trimpath", "-ldflags=-buildid="];
    let with_mode = ["-trimpath", "-buildmode=exe", "-ldflags=-buildid="];
    let (Some(a), Some(b)) = (linux("a", &args, &[]), linux("b", &with_mode, &[])) else { return };
    let a = std::fs::read(a).unwrap();
    let b = std::fs::read(b).unwrap();
    let found = compare(a.as_slice(), b.as_slice(), &CompareOptions::default()).unwrap();
    let facts: Vec<&str> = found.facts.iter().map(|f| f.fact.as_str()).collect();
    // Only the build information may still differ.
    assert!(
        found.verdict == Verdict::Identical || facts == ["go.settings.-buildmode"],
        "{found:?}"
    );
}

#[test]
fn other_input_is_named_with_the_flag_that_makes_it_equal() {
    let trimmed = ["-trimpath"];
    let (Some(v1), Some(v3)) =
        (linux("h", &trimmed, &[]), linux("h", &trimmed, &[("GOAMD64", "v3")]))
    else {
        return;
    };
    let found = of(&v1, &v3, &[]);
    assert_eq!(found.verdict, Verdict::InputsDiffer, "{found:?}");
    assert_eq!(found.cause, "inputs differ: GOAMD64 (v1 and v3)");
    assert!(found.remedy.as_deref().unwrap().contains("GOAMD64"), "{found:?}");
    let Some(plain) = linux("h", &[], &[]) else { return };
    let found = of(&v1, &plain, &[]);
    assert_eq!(found.cause, "inputs differ: -trimpath (true and none)");
    assert_eq!(found.remedy.as_deref(), Some("-trimpath"));
}

#[test]
fn stripped_program_has_the_same_code() {
    let Some(whole) = pure("linux/amd64") else { return };
    let strip = twinproof_testkit::program("strip").unwrap_or_else(|absent| absent.end_test());
    let dir = tempfile::tempdir().unwrap();
    let stripped = dir.path().join("stripped");
    let done =
        std::process::Command::new(strip).arg("-o").arg(&stripped).arg(&whole).status().unwrap();
    assert!(done.success());
    let found = of(&whole, &stripped, &[]);
    assert_eq!(found.verdict, Verdict::OnlyDebug, "{found:?}");
    assert_eq!(found.cause, "same code and data: only one of them is stripped");
    assert!(of(&whole, &stripped, &[Ignore::Debug]).equal);
}

#[test]
fn changed_instruction_is_code() {
    let Some(file) = pure("linux/arm64") else { return };
    let mut bytes = std::fs::read(&file).unwrap();
    let image = crate::tools::image(crate::tools::headers(&file));
    let text = image.sections.iter().find(|section| section.name == ".text").unwrap();
    let at = text.offset as usize + 100;
    bytes[at] ^= 1;
    let found = compare(&file, bytes.as_slice(), &CompareOptions::default()).unwrap();
    assert_eq!(found.verdict, Verdict::CodeDiffers);
    assert_eq!(found.first_difference, Some(at as u64));
    assert_eq!((found.sections.len(), found.sections[0].differing), (1, Some(1)));
    assert_eq!(unequal(&found), Vec::<&str>::new());
    assert!(found.likely.as_deref().unwrap().contains("after it was linked"), "{found:?}");
}

#[test]
fn other_platform_and_other_format_are_reported_first() {
    let (Some(amd64), Some(arm64), Some(windows)) =
        (pure("linux/amd64"), pure("linux/arm64"), pure("windows/amd64"))
    else {
        return;
    };
    let found = of(&amd64, &arm64, &[]);
    assert_eq!(found.cause, "different platforms: linux/amd64 and linux/arm64");
    let found = of(&amd64, &windows, &[]);
    assert_eq!(found.cause, "different formats: ELF and PE");
}

#[test]
fn other_signature_is_a_verdict_of_its_own() {
    let Some(file) = pure("darwin/arm64") else { return };
    let whole = std::fs::read(&file).unwrap();
    let image = crate::tools::image(crate::tools::headers(&file));
    let size = image.macho.unwrap().signature.unwrap().size;
    let mut other = whole.clone();
    let len = other.len();
    // The hash of the last page, which is not signed by anybody.
    other[len - 1 - (size as usize / 8)] ^= 1;
    let found = compare(whole.as_slice(), other.as_slice(), &CompareOptions::default()).unwrap();
    assert_eq!(found.verdict, Verdict::OnlySignature, "{found:?}");
    assert_eq!(found.cause, "same program: only the signature differs");
    let ignore = vec![Ignore::Signature];
    let found = compare(whole.as_slice(), other.as_slice(), &CompareOptions { ignore }).unwrap();
    assert!(found.equal);
}

#[test]
fn stripped_program_has_sections_without_bytes_beyond_its_end() {
    let args = ["-trimpath", "-ldflags=-s -w"];
    let (Some(whole), Some(stripped)) = (pure("linux/amd64"), linux("stripped", &args, &[])) else {
        return;
    };
    let found = of(&whole, &stripped, &[]);
    assert_eq!(found.verdict, Verdict::OnlyDebug, "{found:?}");
}

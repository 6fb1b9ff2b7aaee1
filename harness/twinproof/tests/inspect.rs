//! `inspect` and `diff`: their output for small files, and their exit codes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use rstest::rstest;
use std::path::{Path, PathBuf};

fn twinproof() -> Command {
    Command::new(assert_cmd::cargo::cargo_bin!("twinproof"))
}

/// A small file of a format.
fn seed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/fuzz/seeds/inspect").join(name)
}

fn stdout(assert: &Assert) -> String {
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    text.replace(&seed("").display().to_string(), "").replace("twinproof.exe", "twinproof")
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[rstest]
#[case::elf("elf")]
#[case::library("elf-library")]
#[case::debug("elf-debug-object")]
#[case::big_endian("elf-big-endian-object")]
#[case::coff("coff-object")]
#[case::pe("pe-library")]
#[case::macho("macho-object")]
#[case::fat("fat")]
#[case::wasm("wasm-object")]
#[case::archive("archive")]
fn file_is_described(#[case] name: &str) {
    let assert = twinproof().args(["inspect", "--deep"]).arg(seed(name)).assert().code(0);
    let said = stdout(&assert);
    // Narrow terminals and CI logs cut longer lines.
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
    insta::assert_snapshot!(format!("inspect-{name}"), said);
}

#[test]
fn everything_is_printed_as_json() {
    let assert = twinproof().args(["inspect", "--json"]).arg(seed("elf-library")).assert().code(0);
    insta::assert_snapshot!(stdout(&assert));
}

#[test]
fn many_files_are_a_table() {
    let files = ["elf", "elf-library", "pe-library", "fat", "archive"].map(seed);
    let assert = twinproof().args(["inspect", "--table"]).args(files).assert().code(0);
    insta::assert_snapshot!(stdout(&assert));
}

#[rstest]
#[case::platform(&["--expect", "linux/amd64", "--static"], "elf", 0, "")]
#[case::other_platform(
    &["--expect", "linux/arm64"], "elf", 1,
    "not as expected: it is for ?/amd64 (X86_64), not for linux/arm64"
)]
#[case::not_static(&["--static"], "elf-library", 1, "not as expected: it is not static: it is dynamic")]
#[case::leak(&["--leaks", "add"], "elf-library", 1, "not as expected: `add` is in it 1 time,")]
#[case::no_leak(&["--leaks", "/home/nobody"], "elf-library", 0, "")]
#[case::cut(&[], "pe-go-start", 1, "pe-go-start: PE: truncated: the symbol table would end at byte ")]
fn expectation_decides_the_exit_code(
    #[case] args: &[&str],
    #[case] file: &str,
    #[case] code: i32,
    #[case] message: &str,
) {
    let assert = twinproof().arg("inspect").args(args).arg(seed(file)).assert().code(code);
    assert!(stderr(&assert).contains(message), "{}", stderr(&assert));
    // Errors go to standard error, and nothing else does.
    assert_eq!(stderr(&assert).is_empty(), code == 0);
}

#[rstest]
#[case::no_file(&["inspect"], "required arguments were not provided")]
#[case::nowhere(&["inspect", "nowhere"], "nowhere: cannot be read: ")]
#[case::architecture(
    &["inspect", "--expect", "linux/x64", "x"], "`x64` is no architecture that is known here"
)]
#[case::platform(&["inspect", "--expect", "linux", "x"], "`linux` is no platform: write OS/ARCH")]
#[case::glibc(&["inspect", "--max-glibc", "new", "x"], "`new` is no version")]
#[case::both(&["inspect", "--json", "--table", "x"], "cannot be used with")]
#[case::one(&["diff", "x"], "required arguments were not provided")]
#[case::nowhere_twice(&["diff", "nowhere", "nowhere"], "error: nowhere: cannot be read: ")]
#[case::ignore(&["diff", "--ignore", "everything", "x", "y"], "possible values: build-id, signature")]
fn wrong_invocation_is_refused_with_its_reason(#[case] args: &[&str], #[case] message: &str) {
    let assert = twinproof().args(args).assert().code(254);
    assert!(stderr(&assert).contains(message), "{}", stderr(&assert));
}

#[test]
fn an_unreadable_file_does_not_hide_the_others() {
    let files = [seed("elf"), "nowhere".into(), seed("fat")];
    let assert = twinproof().args(["inspect", "--table"]).args(files).assert().code(254);
    assert_eq!(stdout(&assert).lines().count(), 3, "a head and two files");
    assert!(stderr(&assert).starts_with("nowhere: cannot be read: "), "{}", stderr(&assert));
    assert_eq!(stderr(&assert).lines().count(), 1);
}

#[test]
fn first_line_of_a_difference_is_its_cause() {
    let diff = |a: &str, b: &str| twinproof().arg("diff").args([seed(a), seed(b)]).assert();
    assert_eq!(stdout(&diff("elf", "elf").code(0)), "the files are identical\n");
    let said = stdout(&diff("elf", "pe-library").code(1));
    assert!(said.starts_with("different formats: ELF and PE\n"), "{said}");
    let said = stdout(&diff("elf-debug-object", "elf-big-endian-object").code(1));
    assert!(said.starts_with("different platforms: ?/amd64 and ?/ppc\n"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");
}

#[test]
fn ignored_parts_are_no_difference() {
    let dir = tempfile::tempdir().unwrap();
    let library = std::fs::read(seed("pe-library")).unwrap();
    let mut other = library.clone();
    // The time stamp of the file header.
    // The DOS header has the place of the PE header at 0x3c.
    let header = u32::from_le_bytes(library[0x3c..0x40].try_into().unwrap()) as usize;
    other[header + 8] ^= 1;
    let path = dir.path().join("other.dll");
    std::fs::write(&path, other).unwrap();
    let diff = |args: &[&str]| {
        twinproof().arg("diff").arg(seed("pe-library")).arg(&path).args(args).assert()
    };
    let said = stdout(&diff(&[]).code(1));
    assert!(said.starts_with("same program: only time stamps or checksums differ\n"), "{said}");
    diff(&["--ignore", "build-id,signature"]).code(1);
    diff(&["--ignore", "timestamp"]).code(0);
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&diff(&["--json"]).code(1))).unwrap();
    assert_eq!(json["verdict"], "only_timestamps");
    assert_eq!(json["differing"]["timestamps"], 1);
}

#[rstest]
#[case("inspect")]
#[case("diff")]
fn help(#[case] command: &str) {
    let assert = twinproof().args([command, "--help"]).env("COLUMNS", "80").assert().code(0);
    insta::assert_snapshot!(format!("help-{command}"), stdout(&assert));
}

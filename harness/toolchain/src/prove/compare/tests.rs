//! Every category of difference, over small trees. The reference is a double: a few files.

use std::fs;

use rstest::rstest;

use super::*;
use crate::progress::Silent;
use crate::prove::report::{ProofReport, Status};

/// The reference's files.
const FILES: [(&str, &[u8]); 9] = [
    ("VERSION", b"go1.22.5\ntime 2024-06-27T20:11:12Z\n"),
    ("LICENSE", b"Copyright\n"),
    ("bin/go.exe", b"MZ go\0\x01\x02"),
    ("go.env", b"GOPROXY=off\n"),
    ("lib/time/zoneinfo.zip", b"PK\x03\x04\0\0"),
    ("pkg/tool/windows_amd64/compile.exe", b"MZ compile\0\x01\x02"),
    ("src/fmt/print.go", b"package fmt\n\nfunc Print() {}\n"),
    ("src/testdata/crlf.txt", b"a\r\nb\n"),
    ("src/testdata/latin1.txt", b"\xe4\nb\n"),
];

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        for side in ["reference", "found"] {
            for (name, content) in FILES {
                lab.write(side, name, content);
            }
        }
        lab
    }

    fn write(&self, side: &str, name: &str, content: &[u8]) {
        let path = self.dir.path().join(side).join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn compare(&self) -> (u64, Vec<Difference>) {
        let reference = self.dir.path().join("reference");
        let sides = Sides {
            found: &self.dir.path().join("found"),
            reference: &reference,
            files: &Manifest::of_dir(&reference).unwrap(),
            platform: Platform::WINDOWS_AMD64,
            go: None,
        };
        compare(sides, &mut Silent).unwrap()
    }
}

#[test]
fn equal_trees_are_proved() {
    let (equal, differences) = Lab::new().compare();
    assert_eq!((equal, differences.as_slice()), (9, [].as_slice()));
    assert_eq!(ProofReport::judge(&differences), Status::Proved);
}

fn line(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[rstest]
#[case::added("src/fmt/extra.go", b"package fmt\n", Change::Added { bytes: 12 }, Status::Differs)]
#[case::added_by_a_packager("__init__.py", b"import os\n", Change::Added { bytes: 10 }, Status::ProvedInPart)]
#[case::uncovered("misc/wasm/index.html", b"x", Change::Uncovered, Status::ProvedInPart)]
#[case::executable(
    "pkg/tool/windows_amd64/compile.exe", b"MZ compilf\0\x01\x02",
    Change::Executable { offset: 9, differing: 1, sizes: (13, 13), section: None, build_info_differs: None },
    Status::Differs
)]
#[case::longer_executable(
    "bin/go.exe", b"MZ go\0\x01\x02++",
    Change::Executable { offset: 8, differing: 2, sizes: (8, 10), section: None, build_info_differs: None },
    Status::Differs
)]
#[case::line(
    "src/fmt/print.go", b"package fmt\n\nfunc Print() { evil() }\n",
    Change::Text { line: 3, expected: line("func Print() {}"), found: line("func Print() { evil() }"), lines: (1, 1) },
    Status::Differs
)]
#[case::line_at_the_end(
    "src/fmt/print.go", b"package fmt\n\nfunc Print() {}\n// more\n",
    Change::Text { line: 4, expected: line(""), found: line("// more"), lines: (0, 1) },
    Status::Differs
)]
#[case::crlf("src/fmt/print.go", b"package fmt\r\n\r\nfunc Print() {}\r\n", Change::Crlf { lines: 3 }, Status::Differs)]
#[case::crlf_where_some_was("src/testdata/crlf.txt", b"a\r\nb\r\n", Change::Crlf { lines: 1 }, Status::Differs)]
#[case::crlf_in_latin_1("src/testdata/latin1.txt", b"\xe4\r\nb\r\n", Change::Crlf { lines: 2 }, Status::Differs)]
#[case::lf_where_crlf_was(
    "src/testdata/crlf.txt", b"a\nb\n",
    Change::Text { line: 1, expected: line("a\r"), found: line("a"), lines: (1, 1) },
    Status::Differs
)]
#[case::data("lib/time/zoneinfo.zip", b"PK\x03\x05\0\0", Change::Data { offset: 3, sizes: (6, 6) }, Status::Differs)]
#[case::licence(
    "LICENSE", b"Copyleft\n",
    Change::Text { line: 1, expected: line("Copyright"), found: line("Copyleft"), lines: (1, 1) },
    Status::Differs
)]
fn one_written_file(
    #[case] name: &str,
    #[case] content: &[u8],
    #[case] change: Change,
    #[case] status: Status,
) {
    let lab = Lab::new();
    lab.write("found", name, content);
    let (_, differences) = lab.compare();
    assert_eq!(differences, [Difference { file: name.to_owned(), reach: Reach::of(name), change }]);
    assert_eq!(ProofReport::judge(&differences), status);
}

#[rstest]
#[case("src/fmt/print.go", Status::Differs)]
#[case("pkg/tool/windows_amd64/compile.exe", Status::Differs)]
#[case("LICENSE", Status::ProvedInPart)]
fn one_missing_file(#[case] name: &str, #[case] status: Status) {
    let lab = Lab::new();
    fs::remove_file(lab.dir.path().join("found").join(name)).unwrap();
    let (equal, differences) = lab.compare();
    assert_eq!(equal, 8);
    assert_eq!(
        differences,
        [Difference { file: name.to_owned(), reach: Reach::of(name), change: Change::Missing }]
    );
    assert_eq!(ProofReport::judge(&differences), status);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_tree_are_reported_and_not_followed() {
    let lab = Lab::new();
    std::os::unix::fs::symlink(
        lab.dir.path().join("reference/src"),
        lab.dir.path().join("found/src/loop"),
    )
    .unwrap();
    let (_, differences) = lab.compare();
    assert_eq!(differences.len(), 1);
    assert!(matches!(differences[0].change, Change::Link { .. }));
    assert_eq!(ProofReport::judge(&differences), Status::Differs);
}

#[cfg(unix)]
#[test]
fn a_link_to_an_equal_file_out_of_the_tree_is_no_equal_file() {
    let lab = Lab::new();
    let (found, out) = (lab.dir.path().join("found"), lab.dir.path().join("reference"));
    fs::remove_file(found.join("src/fmt/print.go")).unwrap();
    std::os::unix::fs::symlink(out.join("src/fmt/print.go"), found.join("src/fmt/print.go"))
        .unwrap();
    let (_, differences) = lab.compare();
    assert_eq!(differences.len(), 1);
    assert!(matches!(differences[0].change, Change::Link { .. }), "{differences:?}");
    // Within the tree it is one.
    fs::remove_file(found.join("src/fmt/print.go")).unwrap();
    fs::copy(out.join("src/fmt/print.go"), found.join("src/fmt/own.go")).unwrap();
    std::os::unix::fs::symlink("own.go", found.join("src/fmt/print.go")).unwrap();
    let (_, differences) = lab.compare();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(matches!(differences[0].change, Change::Added { .. }), "{differences:?}");
}

#[cfg(unix)]
#[test]
fn a_program_for_unix_needs_its_run_bit() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for (side, mode) in [("reference", 0o755), ("found", 0o644)] {
        let path = dir.path().join(side).join("bin/go");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"\x7fELF").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let reference = dir.path().join("reference");
    let files = Manifest::of_dir(&reference).unwrap();
    let found = dir.path().join("found");
    let platform = Platform::LINUX_AMD64;
    let sides = Sides { found: &found, reference: &reference, files: &files, platform, go: None };
    let (_, differences) = compare(sides, &mut Silent).unwrap();
    assert_eq!(differences[0].change, Change::NotExecutable);
}

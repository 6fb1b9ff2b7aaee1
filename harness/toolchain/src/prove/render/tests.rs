//! A proof as a terminal shows it.

use rstest::rstest;

use super::*;
use crate::manifest::Manifest;
use crate::platform::Platform;
use crate::version::Version;

fn report(differences: Vec<(&str, Change)>) -> ProofReport {
    let tree = Manifest::default().tree_hash().unwrap();
    let (version, platform) = (Version::release(22, 5), Platform::WINDOWS_AMD64);
    let differences: Vec<Difference> = differences
        .into_iter()
        .map(|(file, change)| Difference { file: file.to_owned(), reach: Reach::of(file), change })
        .collect();
    ProofReport {
        status: ProofReport::judge(&differences),
        goroot: "/sdk/go".into(),
        version,
        platform,
        equal: 9,
        differences,
        reference: Provenance {
            kind: Kind::Verified,
            version,
            platform,
            tree,
            files: 9,
            zip: tree,
            database: None,
            made: None,
        },
    }
}

/// The text after the lines that name the two SDKs.
fn body(report: &ProofReport) -> String {
    render(report).lines().skip(5).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_proof_names_what_it_compared() {
    let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(
        render(&report(Vec::new())),
        format!(
            "go1.22.5 for windows/amd64 in /sdk/go\ncompared with the verified SDK\n  zip  {hash}\n  \
             tree {hash}\n\nPROVED: all 9 files are equal.\n"
        )
    );
}

#[test]
fn every_kind_is_described() {
    let text = |line: &str| Some(line.to_owned());
    let differences = vec![
        ("api/go1.txt", Change::Uncovered),
        ("misc/a", Change::Uncovered),
        ("misc/b", Change::Uncovered),
        ("__init__.py", Change::Added { bytes: 458 }),
        ("src/fmt/x.go", Change::Added { bytes: 1 }),
        ("src/fmt/gone.go", Change::Missing),
        (
            "bin/go.exe",
            Change::Executable {
                offset: 5000,
                differing: 1,
                sizes: (9000, 9000),
                section: text(".text"),
                build_info_differs: Some(false),
            },
        ),
        (
            "src/fmt/print.go",
            Change::Text {
                line: 3,
                expected: text("\tok()"),
                found: text("\tevil()\u{1b}[2J"),
                lines: (1, 2),
            },
        ),
        ("src/os/file.go", Change::Crlf { lines: 7 }),
        ("lib/time/zoneinfo.zip", Change::Data { offset: 3, sizes: (6, 7) }),
    ];
    let expected = r"What differs:
  added files: 1
    src/fmt/x.go (1 byte)
  missing files: 1
    src/fmt/gone.go
  changed executables: 1
    bin/go.exe
      1 byte changed, the first at 5000 in .text;
      9000 bytes, expected 9000; build information is equal
  changed texts: 1
    src/fmt/print.go
      from line 3 on, 2 lines for 1
      - \tok()
      + \tevil()\u{1b}[2J
  texts with CRLF for LF, equal otherwise: 1
    src/os/file.go (7 lines)
  changed data files: 1
    lib/time/zoneinfo.zip
      first at byte 3; 7 bytes, expected 6

What is not covered, and what go neither reads nor runs:
  not covered by the verified zip: 3
    api/ (1 file)
    misc/ (2 files)
  added files: 1
    __init__.py (458 bytes)

NOT PROVED: 6 differences where go reads or runs them; 9 are equal.
"
    .replace("\\\\", "\\");
    assert_eq!(body(&report(differences)), expected);
}

#[rstest]
#[case(vec![("misc/a", Change::Uncovered)], 2)]
#[case(vec![("src/a", Change::Missing)], 1)]
#[case(vec![], 0)]
fn the_exit_code_says_whether_the_sdk_is_proved(
    #[case] differences: Vec<(&str, Change)>,
    #[case] code: u8,
) {
    assert_eq!(report(differences).status.exit_code(), code);
}

#[test]
fn lines_fit_80_columns_and_long_lists_end() {
    let name = format!("src/{}", "long/".repeat(40));
    let many: Vec<(String, Change)> =
        (0..50).map(|n| (format!("{name}{n}.go"), Change::Crlf { lines: 1 })).collect();
    let text = render(&report(
        many.iter().map(|(name, change)| (name.as_str(), change.clone())).collect(),
    ));
    assert!(text.contains("… and 30 more; the JSON names all"));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

//! The source document's snippets: its own mistakes are found, by the claims they are about.

use std::path::Path;
use twinproof_configlint::{Options, Set, lint, load};

#[test]
fn the_documents_mistakes_are_found_by_name() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/config/document.md");
    let set = Set::new(vec![load::read(&path).unwrap()], Options::default());
    let mut claims: Vec<&str> =
        lint(&set).iter().flat_map(|finding| finding.rule.claims).copied().collect();
    claims.sort_unstable();
    claims.dedup();
    for claim in [
        "SRC-05", "SRC-06", "SRC-12", "SRC-13", "SRC-15", "SRC-31", "SRC-32", "SRC-46", "SRC-49",
        "SRC-54", "SRC-55", "SRC-57", "SRC-58", "SRC-61", "SRC-63", "SRC-65", "SRC-66", "SRC-69",
        "SRC-73", "SRC-74", "SRC-75", "SRC-77", "SRC-83", "SRC-84",
    ] {
        assert!(claims.contains(&claim), "{claim} is not found: {claims:?}");
    }
}

#[test]
fn nothing_is_found_in_text_without_snippets() {
    let text =
        "# Notes\n\nWe mount the disk, go on holiday and export nothing.\n\nA = B is no key.\n";
    let set = Set::of_texts(&[("notes.md", text)], Options::default());
    let found: Vec<_> = lint(&set).iter().map(|f| (f.rule.id, f.message.clone())).collect();
    assert_eq!(found, []);
}

#[test]
fn fenced_snippets_are_read_as_what_they_are() {
    let text = "Do:\n\n```ini\n# /etc/wsl.conf\n[net]\nhostname=a\n```\n\n```bash\nchattr +i /etc/resolv.conf\n```\n\n\
                ```dockerfile\nFROM golang:1.27\nENV GOROOT=/x\n```\n\n```json\n{ \"go.goroot\": \"/usr/local/go\" }\n```\n";
    let set = Set::of_texts(&[("notes.md", text)], Options::default());
    let found: Vec<_> = lint(&set)
        .iter()
        .map(|f| (f.rule.id, set.sources[0].position(f.range.start).line))
        .collect();
    assert_eq!(found, [("CONF-042", 5), ("CONF-062", 10), ("CONF-054", 15), ("CONF-043", 19)]);
}

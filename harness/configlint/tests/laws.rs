//! Properties of every input: no panic, places inside the file, fixing twice changes nothing more.

use proptest::collection::vec;
use proptest::prelude::*;
use twinproof_configlint::kind::Kind;
use twinproof_configlint::rules::all;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Options, Set, fix, lint, output};

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::NAMES.map(|(_, kind)| kind).to_vec())
}

/// Pieces of the rules' own examples, cut anywhere and joined, with bytes between them.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let samples: Vec<&'static str> = all()
        .into_iter()
        .flat_map(|rule| rule.bad.iter().chain(rule.good))
        .map(|(_, text)| *text)
        .collect();
    let piece =
        (prop::sample::select(samples), any::<prop::sample::Index>(), any::<prop::sample::Index>())
            .prop_map(|(text, from, to)| {
                let bytes = text.as_bytes();
                let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
                bytes[from.min(to)..from.max(to)].to_vec()
            });
    vec(prop_oneof![6 => piece, 1 => vec(any::<u8>(), 0..6)], 0..6)
        .prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_of_any_kind_are_linted(kind in kind(), bytes in file()) {
        let options = Options { kind: Some(kind), wsl_version: None };
        let set = Set::new(vec![Source::new("f".to_owned(), None, bytes)], options.clone());
        let found = lint(&set);
        for finding in &found {
            let text = set.sources[0].text();
            prop_assert!(text.get(finding.range.clone()).is_some(), "{} {:?}", finding.rule.id, finding.range);
            for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                prop_assert!(text.get(edit.range.clone()).is_some(), "{} {:?}", finding.rule.id, edit);
            }
        }
        prop_assert!(!output::human(&set, &found).is_empty());
        prop_assert!(!output::json(&set, &found).is_empty());
        prop_assert!(output::sarif(&set, &found, "0").contains("2.1.0"));
        for fixed in fix::apply(&set.sources, &options) {
            prop_assert!(fixed.count > 0);
        }
    }
}

#[test]
fn a_file_of_one_mistake_has_a_thousand_findings_at_most() {
    let text = "192.0.2.1\n".repeat(5000);
    let set = Set::of_texts(&[("hosts", &text)], Options::default());
    assert_eq!(lint(&set).len(), 1000);
}

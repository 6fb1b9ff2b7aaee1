//! Loading ends with cases or with errors that point into the files, whatever the files hold.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use twinproof_suite::{LoadOptions, Source, load};

const GOOD: &str = include_str!("good/path/gobin.toml");
const COMMON: &str = include_str!("good/path/_common.toml");
const TEN: &str = include_str!("bad/ten-mistakes/path/ten.toml");
const STEPS: &str = include_str!("bad/steps/path/a.toml");
const CONTROLS: &str = include_str!("bad/controls/path/a.toml");

fn good() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/good")
}

/// The good folder with two files replaced.
fn with(case: &[u8], common: &[u8], claims: Option<&[u8]>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["claims.toml", "classes.toml", "normalisers.toml", "floors.toml"] {
        std::fs::copy(good().join(name), dir.path().join(name)).unwrap();
    }
    std::fs::create_dir(dir.path().join("path")).unwrap();
    std::fs::write(dir.path().join("path/gobin.toml"), case).unwrap();
    std::fs::write(dir.path().join("path/_common.toml"), common).unwrap();
    if let Some(claims) = claims {
        std::fs::write(dir.path().join("claims.toml"), claims).unwrap();
    }
    dir
}

/// Loads and renders; every place must lie in its file.
fn check(dir: &tempfile::TempDir) {
    let options =
        LoadOptions { images: vec!["trixie".into(), "musl".into()], ..LoadOptions::default() };
    let Err(wrong) = load(&Source::Dir(dir.path().to_owned()), &options) else { return };
    assert!(!wrong.is_empty());
    for plain in [true, false] {
        assert!(!wrong.render(plain).is_empty());
    }
    for item in wrong.items() {
        // Line 0 stands for a file as a whole.
        for place in item.others.iter().chain([&item.place]).filter(|p| p.line > 0) {
            let bytes = std::fs::read(dir.path().join(&place.file)).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(place.start <= place.end && place.end <= text.len(), "{item:?}");
            let lines = text[..place.start].matches('\n').count() + 1;
            assert_eq!(place.line, lines, "{item:?}");
        }
    }
}

fn mutated(of: &'static str) -> impl Strategy<Value = Vec<u8>> {
    // Characters with a meaning in TOML and in templates come often, to get beyond the lexer.
    let edit = (any::<prop::sample::Index>(), 0_usize..12, "[\\PC\n\"'${}\\[\\]=.,#-]{0,6}");
    proptest::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut bytes = of.as_bytes().to_vec();
        for (at, remove, insert) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + remove).min(bytes.len());
            bytes.splice(at..end, insert.into_bytes());
        }
        bytes
    })
}

proptest! {
    // Every case writes and loads a folder, so 64 are what fits into a second or two.
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_diagnostics_and_no_panic(case in any::<Vec<u8>>(), common in any::<Vec<u8>>(), claims in any::<Vec<u8>>()) {
        check(&with(&case, &common, Some(&claims)));
    }

    #[test]
    fn any_text_gives_diagnostics_and_no_panic(case in "\\PC*", common in "(\\[\\[case\\]\\]|step|=|\\[|\\]|\\{|\\}|\"|a|1|\n|,)*") {
        check(&with(case.as_bytes(), common.as_bytes(), None));
        check(&with(common.as_bytes(), case.as_bytes(), None));
    }

    #[test]
    fn mutations_of_a_good_file(case in mutated(GOOD), common in mutated(COMMON)) {
        check(&with(&case, COMMON.as_bytes(), None));
        check(&with(GOOD.as_bytes(), &common, None));
    }

    #[test]
    fn mutations_of_bad_files(ten in mutated(TEN), steps in mutated(STEPS), controls in mutated(CONTROLS)) {
        check(&with(&ten, &steps, None));
        check(&with(&steps, COMMON.as_bytes(), None));
        check(&with(&controls, COMMON.as_bytes(), Some(&ten)));
    }
}

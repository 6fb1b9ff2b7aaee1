//! Suite files: read without a panic, mistakes shown with their places.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;
use tempfile::TempDir;
use twinproof_suite::{LoadOptions, Source, load};

const CLAIMS: &str = "[[claim]]\nid = \"X-001\"\nlevel = \"must\"\ntext = \"x\"\nref = \"x\"\n";

/// A folder of suites with the one file that is written again and again.
static FOLDER: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("claims.toml"), CLAIMS).expect("written");
    std::fs::create_dir(folder.path().join("s")).expect("made");
    let file = folder.path().join("s/case.toml");
    (folder, file)
});

fuzz_target!(|text: &[u8]| {
    std::fs::write(&FOLDER.1, text).expect("written");
    if let Err(mistakes) = load(&Source::Dir(FOLDER.0.path().to_owned()), &LoadOptions::default()) {
        assert!(!mistakes.is_empty());
        let _ = mistakes.render(false);
    }
});

//! The recorded vectors of the real program, and files that are wrong in one way each.

use std::path::{Path, PathBuf};
use twinproof_wslpath::check;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/path/wslpath-vectors.json")
}

#[test]
fn all_recorded_vectors_match() {
    let report = check(&suite()).unwrap();
    assert_eq!(report.render(), "124 vectors: 124 match, 0 mismatch\n");
    assert!(report.is_match());
}

//! Policies and key rings.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use twinproof_masksync::keys::Ring;
use twinproof_masksync::policy::read;

fuzz_target!(|text: &str| {
    if let Err(mistakes) = read("policy.toml", text, Path::new("")) {
        assert!(!mistakes.is_empty());
    }
    let _ = Ring::from_text(text);
});

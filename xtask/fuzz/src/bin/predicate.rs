//! Predicates.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_masksync::predicate::Predicate;

fuzz_target!(|text: &str| {
    if let Ok(predicate) = Predicate::read(text) {
        assert!(!predicate.columns().is_empty());
    }
});

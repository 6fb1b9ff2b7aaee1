//! Executables and archives: described whole, and compared with themselves and with a part of
//! themselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_inspect::{CompareOptions, Options, Verdict, compare, describe};

fuzz_target!(|input: &[u8]| {
    let options = Options { deep: true, leaks: vec!["/home".into()] };
    if let Ok(description) = describe(input, &options) {
        let json = serde_json::to_string(&description).expect("a description is JSON");
        let again = serde_json::from_str(&json).expect("a description is read again");
        assert_eq!(description, again);
        let _ = twinproof_inspect::render::description("file", &description);
    }
    let same = compare(input, input, &CompareOptions::default());
    if let Ok(comparison) = same {
        assert_eq!(comparison.verdict, Verdict::Identical);
    }
    let half = input.get(..input.len() / 2).unwrap_or_default();
    let _ = compare(input, half, &CompareOptions::default());
});

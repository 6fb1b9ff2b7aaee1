//! WSL's configuration: wsl.conf, .wslconfig, WSLENV, host names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_wslconf::apply::apply;
use twinproof_wslconf::parse::parse;
use twinproof_wslconf::{Dialect, value, wslenv};

fuzz_target!(|input: &[u8]| {
    for dialect in [Dialect::WslConf, Dialect::WslConfig] {
        let Ok(parsed) = parse(dialect, input) else { continue };
        let applied = apply(&parsed);
        for warning in &applied.warnings {
            assert!(!warning.message(dialect, "F").is_empty());
            assert!(warning.item < parsed.items.len());
        }
        assert!(applied.changed(dialect).len() <= applied.settings.len());
    }
    let name = value::hostname(input);
    // Applied twice it gives the same, or the name would differ at the next start.
    assert_eq!(value::hostname(name.as_bytes()), name);
    for entry in wslenv::entries(input) {
        assert!(entry.at < input.len());
    }
});

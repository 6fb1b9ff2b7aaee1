//! The small formats: patterns, GOPROXY lists, go.mod lines, archives, versions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_gomod::gomodfile::GoMod;
use twinproof_gomod::goproxy::ProxyList;
use twinproof_gomod::pseudo::Pseudo;
use twinproof_gomod::txtar::Archive;
use twinproof_gomod::{glob, semver, versions};

fuzz_target!(|input: &[u8]| {
    let archive = Archive::parse(input);
    if let Ok(written) = archive.format() {
        assert_eq!(Archive::parse(&written), archive);
    }
    let _ = GoMod::parse(input);
    let Ok(text) = str::from_utf8(input) else { return };
    if let Ok(list) = text.parse::<ProxyList>() {
        assert_eq!(list.to_string().parse::<ProxyList>().as_ref(), Ok(&list));
    }
    let list: Vec<&str> = versions::parse(text).collect();
    for version in &list {
        if let Some(pseudo) = Pseudo::parse(version) {
            let _ = (pseudo.base(), pseudo.time());
        }
        assert!(semver::compare(version, version).is_eq());
    }
    let _ = versions::latest(list.iter().copied(), |_| true);
    if let Some((pattern, name)) = text.split_once('\n') {
        let _ = glob::match_path(pattern, name);
        let _ = glob::match_prefix_patterns(pattern, name);
    }
});

//! Targets of requests: an accepted one is safe as a path of a file, and reads the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_gomod::Request;

fuzz_target!(|target: &[u8]| {
    let Ok(request) = Request::decode(target) else { return };
    let path = request.store_path().expect("what was decoded can be stored");
    assert!(
        path.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'\\' && !b.is_ascii_uppercase())
    );
    assert!(
        path.split('/').all(|element| !matches!(element, "" | "." | "..") && element.len() < 256)
    );
    let again = request.target().expect("what was decoded can be asked for");
    assert_eq!(Request::decode(again), Ok(request));
});

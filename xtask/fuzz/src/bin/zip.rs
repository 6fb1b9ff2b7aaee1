//! Module zips: judged whole and as they arrive, to the same verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_gomod::zip::{Stream, ZipLimits, check};

const MODULE: &str = "example.com/m";
const VERSION: &str = "v1.0.0";

fuzz_target!(|input: &[u8]| {
    // The last byte, which may be a comment's, gives the size of the pieces, less one.
    let chunk = usize::from(input.last().copied().unwrap_or(0)) + 1;
    let limits = ZipLimits { uncompressed: 1 << 20, entries: 1000, ..ZipLimits::default() };
    let whole = check(input, MODULE, VERSION, limits);
    let mut stream = Stream::new(MODULE, VERSION, limits).expect("a module");
    let pushed = input.chunks(chunk).try_for_each(|part| stream.push(part));
    let arrived = match pushed {
        Ok(()) => stream.finish(input),
        Err(refusal) => Err(refusal.into()),
    };
    match (whole, arrived) {
        (Ok(whole), Ok(arrived)) => assert_eq!(whole, arrived),
        (Err(_), Err(_)) => {}
        // Entries that the directory does not have are judged only by who sees them go by.
        (Ok(_), Err(_)) => {}
        (Err(error), Ok(_)) => panic!("refused as a whole: {error}"),
    }
});

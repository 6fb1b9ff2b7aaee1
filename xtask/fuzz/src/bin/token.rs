//! Tokens: none that was not made opens.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};
use twinproof_masksync::keys::Ring;
use twinproof_masksync::mask::{Encoding, Opener};

static OPENER: LazyLock<Option<Opener>> = LazyLock::new(|| {
    let ring = "[[key]]\nid = 1\nstate = \"primary\"\n\
                secret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
    Some(Opener::new(Arc::new(Ring::from_text(ring).ok()?), "acme".into()))
});

fuzz_target!(|data: &[u8]| {
    let Some(opener) = OPENER.as_ref() else { return };
    for encoding in [Encoding::Text, Encoding::Binary] {
        let place = ("shop.users", "phone");
        assert!(opener.randomised(data, encoding, "phone", place, b"").is_err());
        assert!(opener.deterministic(data, encoding, "phone").is_err());
    }
});

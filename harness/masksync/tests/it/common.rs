//! What the tests share.

use std::sync::Arc;
use twinproof_masksync::keys::{Ring, Unbounded};
use twinproof_masksync::mask::Keys;

/// A ring with key 1 (added), 2 (primary) and 3 (retired).
pub const RING: &str = r#"
[[key]]
id = 1
state = "decrypt"
secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[[key]]
id = 2
state = "primary"
secret = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
[[key]]
id = 3
state = "retired"
secret = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
"#;

/// The keys of that ring, for tenant `acme`.
pub fn keys() -> Keys {
    keys_of(RING)
}

/// The keys of a ring.
pub fn keys_of(ring: &str) -> Keys {
    Keys {
        ring: Arc::new(Ring::from_text(ring).unwrap()),
        tenant: "acme".into(),
        reserve: Arc::new(Unbounded),
    }
}

//! Shared helpers.

use crate::ring::RING;
use std::sync::Arc;
use twinproof_masksync::keys::{Ring, Unbounded};
use twinproof_masksync::mask::Keys;

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

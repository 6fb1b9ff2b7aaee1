//! Authenticates positions: shows that a position in staging is the one that this program wrote
//! last.
//!
//! `KEY:HEX`: the key's id, and HMAC-SHA-256 with the subkey for positions over pipeline, tables and
//! position, the first two each as its length in 8 bytes, big-endian, and its bytes.

use crate::keys::{Purpose, Ring, RingError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Authenticates positions of one pipeline beside one state of its tables.
#[derive(Clone)]
pub struct PositionMac {
    key: u32,
    /// With everything but the position in it.
    begun: Hmac<Sha256>,
}

impl PositionMac {
    /// With a key of the ring; `tables` is the JSON that stands beside the position.
    ///
    /// # Errors
    /// When there is no such key, or it is retired.
    pub fn new(
        ring: &Ring,
        key: u32,
        tenant: &str,
        pipeline: &str,
        tables: &str,
    ) -> Result<Self, RingError> {
        let subkey = ring.subkey(key, Purpose::Position, tenant, pipeline)?;
        let mut begun = Hmac::<Sha256>::new(subkey.whole().into());
        for part in [pipeline, tables] {
            // With lengths, so that no end of one part can be taken for the begin of the next.
            begun.update(&(part.len() as u64).to_be_bytes());
            begun.update(part.as_bytes());
        }
        Ok(Self { key, begun })
    }

    /// The key of a MAC.
    #[must_use]
    pub fn key(mac: &str) -> Option<u32> {
        mac.split_once(':')?.0.parse().ok()
    }

    /// The MAC of a position.
    #[must_use]
    pub fn of(&self, position: &str) -> String {
        let mut mac = self.begun.clone();
        mac.update(position.as_bytes());
        let bytes = mac.finalize().into_bytes();
        format!("{}:{}", self.key, twinproof_base::hex::encode(&bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_fits_one_position_of_one_pipeline_beside_its_tables() {
        let ring = Ring::of_tests();
        let mac = |pipeline, tables, position| {
            PositionMac::new(&ring, 7, "acme", pipeline, tables).unwrap().of(position)
        };
        let one = mac("a.b", "{}", "0-1-7");
        assert_eq!(one, mac("a.b", "{}", "0-1-7"));
        assert_eq!(PositionMac::key(&one), Some(7));
        assert_eq!(one.len(), 2 + 64);
        for other in
            [mac("a.b", "{}", "0-1-6"), mac("a.b", "{ }", "0-1-7"), mac("a.b{", "}", "0-1-7")]
        {
            assert_ne!(one, other);
        }
        assert!(PositionMac::new(&ring, 8, "acme", "a.b", "{}").is_err());
        assert_eq!(PositionMac::key("x"), None);
    }
}

//! Subkeys: one for each key, purpose, tenant and domain, by HKDF with SHA-256 (RFC 5869).
//!
//! The salt is `twinproof-masksync/1`; the information is the purpose's byte, then tenant and
//! domain, each as its length in 4 bytes, big-endian, and its UTF-8 bytes.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const SALT: &[u8] = b"twinproof-masksync/1";

/// The use that a subkey is derived for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// Randomised AEAD.
    Randomised = 1,
    /// Deterministic AEAD.
    Deterministic = 2,
    /// Tokens by HMAC.
    Token = 3,
    /// Format-preserving encryption.
    Format = 4,
    /// Choice of invented values.
    Fake = 5,
    /// Hashes of keys in reports, and of rows that are compared.
    Report = 6,
    /// Authentication of the position in staging.
    Position = 7,
    /// Keys of rows that wait to be copied again.
    Repair = 8,
}

/// A subkey of 64 bytes; shorter keys are its first bytes.
#[derive(Clone)]
pub struct SubKey(Zeroizing<[u8; 64]>);

impl SubKey {
    /// The subkey of a secret.
    #[must_use]
    pub(super) fn derive(secret: &[u8; 32], purpose: Purpose, tenant: &str, domain: &str) -> Self {
        let mut info = vec![purpose as u8];
        for part in [tenant, domain] {
            // With their lengths: (`ab`, `c`) and (`a`, `bc`) must not give one key.
            info.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            info.extend_from_slice(part.as_bytes());
        }
        let mut key = Zeroizing::new([0; 64]);
        let expanded = Hkdf::<Sha256>::new(Some(SALT), secret).expand(&info, key.as_mut());
        // 64 bytes are two blocks; HKDF gives up to 255.
        debug_assert!(expanded.is_ok());
        Self(key)
    }

    /// All 64 bytes.
    #[must_use]
    pub fn whole(&self) -> &[u8; 64] {
        &self.0
    }

    /// The first 32 bytes.
    #[must_use]
    pub fn half(&self) -> &[u8; 32] {
        self.0.first_chunk().unwrap_or(&[0; 32])
    }
}

impl std::fmt::Debug for SubKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_purpose_tenant_and_domain_has_its_own() {
        let derive = |purpose, tenant, domain| {
            SubKey::derive(&[7; 32], purpose, tenant, domain).whole().to_vec()
        };
        let all: BTreeSet<_> = [
            derive(Purpose::Randomised, "", "phone"),
            derive(Purpose::Deterministic, "", "phone"),
            derive(Purpose::Randomised, "p", "hone"),
            derive(Purpose::Randomised, "phone", ""),
            SubKey::derive(&[8; 32], Purpose::Randomised, "", "phone").whole().to_vec(),
        ]
        .into_iter()
        .collect();
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn subkeys_are_those_of_rfc_5869() {
        let ours = SubKey::derive(&[7; 32], Purpose::Token, "a", "b");
        let salt = ring::hkdf::Salt::new(ring::hkdf::HKDF_SHA256, SALT);
        struct Len;
        impl ring::hkdf::KeyType for Len {
            fn len(&self) -> usize {
                64
            }
        }
        let mut theirs = [0; 64];
        let info = [3, 0, 0, 0, 1, b'a', 0, 0, 0, 1, b'b'];
        let key = salt.extract(&[7; 32]);
        key.expand(&[&info], Len).unwrap().fill(&mut theirs).unwrap();
        assert_eq!(ours.whole(), &theirs);
    }
}

//! Key rings, and the subkeys that tokens are made with: HKDF with SHA-256, as docs/masking.md says.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every key that was in a ring during a history, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// Secrets, base64.
    pub secrets: BTreeMap<u32, String>,
    /// The one that deterministic domains are pinned to.
    pub pinned: u32,
    /// The one that randomised tokens are made with, at the end.
    pub primary: u32,
}

/// The use that a subkey is derived for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Randomised = 1,
    Deterministic = 2,
    Token = 3,
}

struct Bytes64;

impl KeyType for Bytes64 {
    fn len(&self) -> usize {
        64
    }
}

impl Keys {
    /// The secret's bytes.
    #[must_use]
    pub fn secret(&self, id: u32) -> Option<Vec<u8>> {
        BASE64_STANDARD.decode(self.secrets.get(&id)?).ok()
    }

    pub(crate) fn subkey(
        &self,
        id: u32,
        purpose: Purpose,
        tenant: &str,
        domain: &str,
    ) -> Option<[u8; 64]> {
        let mut info = vec![purpose as u8];
        for part in [tenant, domain] {
            // With their lengths: (`ab`, `c`) and (`a`, `bc`) must not give one key.
            info.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            info.extend_from_slice(part.as_bytes());
        }
        let salt = Salt::new(HKDF_SHA256, b"twinproof-masksync/1");
        let mut key = [0; 64];
        salt.extract(&self.secret(id)?).expand(&[&info], Bytes64).ok()?.fill(&mut key).ok()?;
        Some(key)
    }
}

//! Tokens by HMAC-SHA-256: equal for equal values of a domain, not to be undone.

use super::token::{self, Encoding};
use crate::keys::SubKey;
use crate::value::Cell;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Hashes with a key. Where a key is prepared once, each hash is two blocks cheaper.
#[derive(Clone)]
pub(crate) struct Hash(Hmac<Sha256>);

impl Hash {
    pub(crate) fn new(subkey: &SubKey) -> Self {
        // The key has the length of SHA-256's block, for which nothing is to be hashed first.
        Self(Hmac::<Sha256>::new(subkey.whole().into()))
    }

    pub(crate) fn of(&self, bytes: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(bytes).finalize().into_bytes().into()
    }
}

/// Makes tokens of one domain.
pub(super) struct Token {
    pub(super) hash: Hash,
    pub(super) length: usize,
    pub(super) encoding: Encoding,
}

impl Token {
    pub(super) fn apply(&self, plain: &[u8]) -> Cell<'static> {
        let hash = self.hash.of(plain);
        // A shorter tag is a policy's choice between room and collisions.
        token::written(hash[..self.length.min(hash.len())].to_vec(), self.encoding)
    }
}

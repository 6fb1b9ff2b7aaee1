//! Randomised encryption: AES-256-GCM, bound to tenant, table, column and row.

use super::nonce::Nonces;
use super::token::{self, Binding, Encoding, FORMAT_RANDOMISED, HEAD};
use crate::defect::{Defect, has};
use crate::keys::{Exhausted, Reserve, SubKey};
use crate::value::Cell;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use std::sync::Arc;

/// Number of uses of a key in the first reservation, and the most in one. Each reservation doubles,
/// so that neither a program that is started often nor one that encrypts much wastes many uses.
const BLOCKS: (u64, u64) = (1 << 10, 1 << 20);

/// Encrypts the cells of one column.
pub(super) struct Randomised {
    cipher: Aes256Gcm,
    key: u32,
    class: Arc<str>,
    binding: Binding,
    encoding: Encoding,
    nonces: Nonces,
    reserve: Arc<dyn Reserve>,
    left: u64,
    block: u64,
    bound: Vec<u8>,
}

/// Encryption that was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the value is too long to be encrypted")]
    Long,
}

impl Randomised {
    pub(super) fn new(
        subkey: &SubKey,
        key: u32,
        class: Arc<str>,
        binding: Binding,
        encoding: Encoding,
        reserve: Arc<dyn Reserve>,
    ) -> Self {
        Self {
            cipher: Aes256Gcm::new(subkey.half().into()),
            key,
            class,
            binding,
            encoding,
            nonces: Nonces::new(),
            reserve,
            left: 0,
            block: BLOCKS.0,
            bound: Vec::new(),
        }
    }

    /// Encrypts canonical bytes of a row.
    pub(super) fn apply(&mut self, plain: &[u8], row: &[u8]) -> Result<Cell<'static>, Refused> {
        if self.left == 0 && has(Defect::NoCeiling) {
            self.left = self.block;
        }
        if self.left == 0 {
            // Before the token is made: a use counts even if the program dies before it is written.
            self.left = self.reserve.reserve(self.key, &self.class, self.block)?;
            self.block = (self.block * 2).min(BLOCKS.1);
        }
        self.left -= 1;
        let mut nonce = self.nonces.next()?;
        if has(Defect::EqualTokens) {
            let mut filled = [0; 12];
            plain.iter().zip(&mut filled).for_each(|(from, to)| *to = *from);
            nonce = filled;
        }
        let row = if has(Defect::UnboundToken) { &[] } else { row };
        self.binding.with_row(row, &mut self.bound);
        if has(Defect::EqualTokens) {
            self.binding.with_row(&[], &mut self.bound);
        }
        let token = seal(&self.cipher, self.key, nonce, &self.bound, plain)?;
        Ok(token::written(token, self.encoding))
    }
}

/// The bytes of a token.
pub(super) fn seal(
    cipher: &Aes256Gcm,
    key: u32,
    nonce: [u8; 12],
    bound: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Refused> {
    let mut token = Vec::with_capacity(token::OVERHEAD.0 + plain.len());
    token.push(FORMAT_RANDOMISED);
    token.extend_from_slice(&key.to_be_bytes());
    token.extend_from_slice(&nonce);
    token.extend_from_slice(plain);
    let body = &mut token[HEAD + 12..];
    let tag = cipher
        .encrypt_inout_detached(&nonce.into(), bound, body.into())
        .map_err(|_| Refused::Long)?;
    token.extend_from_slice(&tag);
    Ok(token)
}

/// The plaintext of a token whose format and length were looked at; `None` when it was changed, or
/// is bound to something else.
pub(super) fn open(subkey: &SubKey, bound: &[u8], token: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = token.get(HEAD..)?.split_first_chunk::<12>()?;
    let (body, tag) = sealed.split_last_chunk::<16>()?;
    let mut plain = body.to_vec();
    let cipher = Aes256Gcm::new(subkey.half().into());
    if has(Defect::NoTagCheck) {
        // Encrypting again applies the same key stream, and checks no tag.
        cipher.encrypt_inout_detached(nonce.into(), bound, plain.as_mut_slice().into()).ok()?;
        return Some(plain);
    }
    cipher
        .decrypt_inout_detached(nonce.into(), bound, plain.as_mut_slice().into(), tag.into())
        .ok()
        .map(|()| plain)
}

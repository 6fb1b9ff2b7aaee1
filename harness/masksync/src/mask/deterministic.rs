//! Deterministic encryption: AES-256-SIV (RFC 5297), bound to tenant and domain. Equal values of a
//! domain become equal tokens: joins, unique indexes and keys need that, and it shows which values
//! are equal.

use super::token::{self, Binding, Encoding, FORMAT_DETERMINISTIC, HEAD};
use crate::defect::{Defect, has};
use crate::keys::SubKey;
use crate::value::Cell;
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;

/// Encrypts the cells of a domain.
pub(super) struct Deterministic {
    cipher: Aes256Siv,
    key: u32,
    binding: Binding,
    encoding: Encoding,
}

impl Deterministic {
    pub(super) fn new(subkey: &SubKey, key: u32, binding: Binding, encoding: Encoding) -> Self {
        Self { cipher: Aes256Siv::new(subkey.whole().into()), key, binding, encoding }
    }

    /// Encrypts canonical bytes; `None` when they are too long.
    pub(super) fn apply(&mut self, plain: &[u8]) -> Option<Cell<'static>> {
        let mut token = Vec::with_capacity(token::OVERHEAD.1 + plain.len());
        token.push(FORMAT_DETERMINISTIC);
        token.extend_from_slice(&self.key.to_be_bytes());
        // Room for the synthetic IV, which is known only when all of the value has been read.
        token.extend_from_slice(&[0; 16]);
        token.extend_from_slice(plain);
        let (head, body) = token.split_at_mut(HEAD + 16);
        let start = std::process::id().to_be_bytes();
        let headers = [if has(Defect::RestlessKey) { &start[..] } else { self.binding.bytes() }];
        let iv = self.cipher.encrypt_inout_detached(headers, body.into()).ok()?;
        head[HEAD..].copy_from_slice(&iv);
        Some(token::written(token, self.encoding))
    }
}

/// The plaintext of a token whose format and length were looked at; `None` when it was changed, or
/// is bound to something else.
pub(super) fn open(subkey: &SubKey, binding: &Binding, token: &[u8]) -> Option<Vec<u8>> {
    let (iv, body) = token.get(HEAD..)?.split_first_chunk::<16>()?;
    let mut plain = body.to_vec();
    Aes256Siv::new(subkey.whole().into())
        .decrypt_inout_detached([binding.bytes()], plain.as_mut_slice().into(), iv.into())
        .ok()
        .map(|()| plain)
}

//! Signed notes: a text and the signatures under it (C2SP signed-note, golang.org/x/mod/sumdb/note).
//!
//! # Format
//!
//! UTF-8 without control characters but the newline. The text ends at the *last* blank line; each
//! line behind it is a signature: an em dash, a space, the key's name, a space, and the base64 of
//! four bytes of key hash and the signature of the text (its last newline included).
//!
//! ```text
//! If you think cryptography is the answer to your problem,
//! then you don't know what your problem is.
//!
//! — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
//! ```
//!
//! # Keys
//!
//! - verifier: `name+8 hex digits+base64(algorithm byte ‖ public key)`
//! - signer: `PRIVATE+KEY+name+8 hex digits+base64(algorithm byte ‖ seed)`
//!
//! The hex digits are the key hash: the first four bytes of `SHA-256(name ‖ newline ‖ algorithm
//! byte ‖ public key)`. Algorithm 1 is Ed25519, and the only one. A name is not empty and has
//! neither spaces nor a plus.
//!
//! # Opening
//!
//! A signature by an unknown key is kept apart; one by a known key that does not verify is fatal;
//! more than [`MAX_SIGNATURES`] lines are malformed; at least one known key must have signed.
//! Base64 is read strictly, so that no byte of a signature line can change unnoticed.

mod file;
mod key;
mod open;

pub use file::KeyFileError;
pub use key::{KeyError, Signer, Verifier};
pub use open::{MAX_SIGNATURES, Note, NoteError, Signature, open, sign};

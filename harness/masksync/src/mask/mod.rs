//! Masks: what becomes of a sensitive cell.
//!
//! [`Transformer`] says what is to be done, [`Masker`] does it with keys, [`Opener`] reads tokens
//! again. `docs/masking-format.md` has the tokens byte by byte.

mod conditional;
mod deterministic;
mod error;
mod fake;
mod fixed;
mod format;
mod hidden;
pub(crate) mod hmac;
mod json;
mod masker;
mod nonce;
mod opener;
mod path;
mod randomised;
mod token;
mod transformer;

pub use error::MaskError;
pub use masker::{Keys, Masker, RowContext};
pub use opener::{Opener, TokenError};
pub use path::{JsonPath, PathError};
pub use token::{Binding, Encoding, FORMAT_DETERMINISTIC, FORMAT_RANDOMISED, parse as parse_token};
pub use transformer::{
    Alphabet, Case, FakeKind, Fallback, FixedValue, JsonRest, Keyed, Named, Transformer,
};

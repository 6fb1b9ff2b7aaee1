//! Opens tokens with the keys that made them.

use super::format::Format;
use super::token::{self, Binding, Encoding, FORMAT_DETERMINISTIC};
use super::transformer::{Alphabet, Keyed};
use super::{deterministic, randomised};
use crate::keys::{Purpose, Ring, RingError};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A token that is not opened. Neither the token nor a value is in the text.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The text is not a token.
    #[error("this is no token: {0}")]
    Malformed(&'static str),
    /// Its key is missing or retired.
    #[error(transparent)]
    Key(#[from] RingError),
    /// The token was changed, or belongs to another tenant, table, column, row or domain.
    #[error("the token does not belong here, or was changed")]
    Foreign,
    /// The text was not encrypted in place.
    #[error("this was not encrypted in place: {0}")]
    Format(&'static str),
}

/// Opens tokens with a ring.
#[derive(Clone, Debug)]
pub struct Opener {
    ring: Arc<Ring>,
    tenant: Arc<str>,
}

impl Opener {
    /// An opener for a tenant.
    #[must_use]
    pub fn new(ring: Arc<Ring>, tenant: Arc<str>) -> Self {
        Self { ring, tenant }
    }

    /// The canonical bytes in a randomised token of a class, at a row of a table's column. `row` is
    /// made by [`Binding::row_part`].
    ///
    /// # Errors
    /// When it is no such token, or its key is not available.
    pub fn randomised(
        &self,
        written: &[u8],
        encoding: Encoding,
        class: &str,
        (table, column): (&str, &str),
        row: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let (token, format, key) =
            token::parse(written, encoding).map_err(TokenError::Malformed)?;
        // A token is opened only under the binding of its own kind: the deterministic one has no
        // row in it.
        if format == FORMAT_DETERMINISTIC {
            return Err(TokenError::Malformed("it is a deterministic one"));
        }
        let subkey = self.ring.subkey(key, Purpose::Randomised, &self.tenant, class)?;
        let mut bound = Vec::new();
        Binding::to_column(key, &self.tenant, table, column).with_row(row, &mut bound);
        randomised::open(&subkey, &bound, &token).map(Zeroizing::new).ok_or(TokenError::Foreign)
    }

    /// The canonical bytes in a deterministic token of a domain.
    ///
    /// # Errors
    /// When it is no such token, or its key is not available.
    pub fn deterministic(
        &self,
        written: &[u8],
        encoding: Encoding,
        domain: &str,
    ) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let (token, format, key) =
            token::parse(written, encoding).map_err(TokenError::Malformed)?;
        if format != FORMAT_DETERMINISTIC {
            return Err(TokenError::Malformed("it is a randomised one"));
        }
        let subkey = self.ring.subkey(key, Purpose::Deterministic, &self.tenant, domain)?;
        let binding = Binding::to_domain(key, &self.tenant, domain);
        deterministic::open(&subkey, &binding, &token)
            .map(Zeroizing::new)
            .ok_or(TokenError::Foreign)
    }

    /// The text that was encrypted in place.
    ///
    /// # Errors
    /// When it has not that form, or the key is not available.
    pub fn format(
        &self,
        text: &str,
        keyed: &Keyed,
        alphabet: Alphabet,
    ) -> Result<Zeroizing<String>, TokenError> {
        let subkey = self.ring.subkey(keyed.key, Purpose::Format, &self.tenant, &keyed.domain)?;
        let format = Format::new(&subkey, alphabet).ok_or(TokenError::Foreign)?;
        format.decrypt(text).map(Zeroizing::new).map_err(|unfit| TokenError::Format(unfit.words()))
    }
}

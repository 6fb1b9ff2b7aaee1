//! Transformers: how a cell is masked, as the policy says.

use super::path::JsonPath;
use super::token::Encoding;
use std::sync::Arc;

/// A transformer that a policy named.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The class it belongs to.
    pub class: Arc<str>,
    /// The mask.
    pub transformer: Transformer,
}

/// The mask of a cell. NULL stays NULL, except under `Fixed`.
#[derive(Clone, Debug, PartialEq)]
pub enum Transformer {
    /// The value stays: the column is public.
    Keep,
    /// The value becomes NULL.
    Null,
    /// The value becomes one that the policy names.
    Fixed(FixedValue),
    /// Each character becomes this one, or the whole text becomes a fixed number of them.
    Redact {
        /// The character.
        with: char,
        /// Number of characters; as many as the text has where none is given, which shows its
        /// length.
        length: Option<usize>,
    },
    /// A text keeps characters at its ends.
    Partial {
        /// At its beginning.
        first: usize,
        /// At its end.
        last: usize,
        /// The character that replaces the others. At least `hidden` are replaced, and all of a
        /// shorter text.
        with: char,
        /// The least number of replaced characters.
        hidden: usize,
    },
    /// The value becomes a token by HMAC-SHA-256, equal for equal values of a domain. It cannot be
    /// reversed.
    Token {
        /// Key and domain.
        keyed: Keyed,
        /// Bytes of the hash that are kept, 16 to 32.
        length: usize,
        /// The written form of the token.
        encoding: Encoding,
    },
    /// The value is encrypted; equal values of a domain become equal tokens.
    Deterministic {
        /// Key and domain.
        keyed: Keyed,
        /// The written form of the token.
        encoding: Encoding,
    },
    /// The value is encrypted; no two tokens are equal.
    Randomised {
        /// The written form of the token.
        encoding: Encoding,
    },
    /// Characters of an alphabet become others of it, length and separators stay (FF1).
    Format {
        /// Key and domain.
        keyed: Keyed,
        /// The characters to encrypt.
        alphabet: Alphabet,
        /// The mask of values below the floor, or with other characters.
        fallback: Fallback,
    },
    /// The value becomes an invented one, the same for the same value of a domain.
    Fake {
        /// Key and domain.
        keyed: Keyed,
        /// The kind of invented value.
        kind: FakeKind,
    },
    /// Another column of the row chooses the mask.
    Conditional {
        /// The deciding column.
        column: Arc<str>,
        /// The cases; the first that has the column's value applies.
        cases: Vec<Case>,
        /// The mask where no case applies.
        otherwise: Box<Named>,
    },
    /// Parts of a JSON document are masked.
    Json {
        /// Paths, each with the mask of the values at it. The first path that fits applies.
        paths: Vec<(JsonPath, Named)>,
        /// The mask of values that no path names.
        rest: JsonRest,
    },
}

/// A case of a conditional transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The canonical values of the deciding column; `None` is NULL.
    pub is: Vec<Option<String>>,
    /// The mask of the cell in this case.
    pub then: Named,
}

/// The key of an equality-preserving transformer, and the domain within which equality is
/// preserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyed {
    /// The key's id. It is pinned: another one changes every value.
    pub key: u32,
    /// The domain.
    pub domain: Arc<str>,
}

/// A value that a policy names.
#[derive(Clone, Debug, PartialEq)]
pub enum FixedValue {
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A text.
    Text(String),
}

/// The characters that are encrypted in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Alphabet {
    /// `0-9`.
    Digits,
    /// `0-9A-Za-z`.
    Alphanumeric,
}

/// The treatment of a value that cannot be encrypted in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// The stream halts.
    Halt,
    /// The value becomes NULL.
    Null,
    /// Each character becomes `*`.
    Redact,
}

/// The kinds of invented values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FakeKind {
    /// A first and a last name.
    Name,
    /// An address below `example.invalid`, of 64 bits.
    Email,
    /// Eleven digits that begin with `100`.
    Phone,
    /// A city.
    City,
    /// A UUID of version 8.
    Uuid,
}

/// The treatment of the values of a JSON document that no path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonRest {
    /// The values become null.
    Null,
    /// The values stay.
    Keep,
}

impl Transformer {
    /// Whether the row can still be found by what the cell becomes: it depends on the cell alone,
    /// and different cells stay different but for collisions of 128-bit hashes.
    #[must_use]
    pub fn keeps_keys(&self) -> bool {
        matches!(
            self,
            Self::Keep
                | Self::Token { .. }
                | Self::Deterministic { .. }
                | Self::Format { fallback: Fallback::Halt, .. }
        )
    }

    /// Whether nothing is hidden.
    #[must_use]
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

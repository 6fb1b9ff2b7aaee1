//! Counts the encryptions with a random nonce that each subkey has left.
//!
//! Uses are reserved in blocks before they are made, where they outlive the program; a program that
//! dies wastes what is left of its block. So the count never falls short of what was used.

use std::sync::Mutex;
use std::sync::PoisonError;

/// Encryptions with random 96-bit nonces under one key (SP 800-38D, section 8.3).
pub const CEILING: u64 = 1 << 32;

/// A subkey is used up, or its uses cannot be reserved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// The ceiling is reached.
    #[error(
        "key {0} has made 2^32 tokens of class `{1}`; promote another key, see docs/masking.md"
    )]
    Ceiling(u32, String),
    /// The count cannot be kept.
    #[error("uses of key {0} cannot be reserved: {1}")]
    Unreserved(u32, String),
}

/// The uses that a store gave of a key for a class, or the reason why there are none.
pub(crate) fn reserved(
    key: u32,
    class: &str,
    given: Result<u64, impl std::fmt::Display>,
) -> Result<u64, Exhausted> {
    match given {
        Ok(0) => Err(Exhausted::Ceiling(key, class.to_owned())),
        Ok(given) => Ok(given),
        Err(error) => Err(Exhausted::Unreserved(key, error.to_string())),
    }
}

/// A store for the counts of key uses.
pub trait Reserve: Send + Sync {
    /// Reserves up to `wanted` uses of a key for a class, and gives how many those are.
    ///
    /// # Errors
    /// When none is left, or the count cannot be kept.
    fn reserve(&self, key: u32, class: &str, wanted: u64) -> Result<u64, Exhausted>;
}

/// Counts nothing: for previews, known answers and tests, which keep no token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unbounded;

impl Reserve for Unbounded {
    fn reserve(&self, _: u32, _: &str, wanted: u64) -> Result<u64, Exhausted> {
        Ok(wanted)
    }
}

/// Counts in memory, below a ceiling.
#[derive(Debug)]
pub struct Ceiling {
    ceiling: u64,
    used: Mutex<std::collections::HashMap<(u32, String), u64>>,
}

impl Ceiling {
    /// Counts from nothing.
    #[must_use]
    pub fn new(ceiling: u64) -> Self {
        Self { ceiling, used: Mutex::default() }
    }
}

impl Reserve for Ceiling {
    fn reserve(&self, key: u32, class: &str, wanted: u64) -> Result<u64, Exhausted> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let used = used.entry((key, class.to_owned())).or_default();
        // Give the rest when less is left than wanted, so that the last uses of a key are not lost.
        let given = wanted.min(self.ceiling - *used);
        *used += given;
        if given == 0 { Err(Exhausted::Ceiling(key, class.to_owned())) } else { Ok(given) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_use_is_given_beyond_the_ceiling() {
        let ceiling = Ceiling::new(10);
        assert_eq!(ceiling.reserve(1, "phone", 7), Ok(7));
        assert_eq!(ceiling.reserve(1, "phone", 7), Ok(3));
        assert_eq!(ceiling.reserve(1, "phone", 1), Err(Exhausted::Ceiling(1, "phone".to_owned())));
        assert_eq!(ceiling.reserve(2, "phone", 1), Ok(1));
    }
}

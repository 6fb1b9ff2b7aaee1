//! The text that a checksum database signs: the size and root hash of its tree.
//!
//! Three lines, each ending in a newline:
//!
//! ```text
//! go.sum database tree
//! 2
//! nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=
//! ```
//!
//! The size is canonical decimal. Further lines are left for the future and ignored.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hash::Hash;

const FIRST_LINE: &str = "go.sum database tree";

/// The longest text of a tree head that is parsed, in bytes.
const MAX_TEXT: usize = 1_000_000;

/// The largest tree this crate works with: 2⁶² records, so that every stored-hash index fits.
pub const MAX_TREE_SIZE: u64 = 1 << 62;

/// The size and root hash of a log at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TreeHead {
    /// Number of records.
    pub size: u64,
    /// Root hash.
    pub hash: Hash,
}

impl TreeHead {
    /// The head of the empty log.
    pub const EMPTY: Self = Self { size: 0, hash: Hash::EMPTY };

    /// Parses the text of a tree note.
    ///
    /// # Errors
    /// Says which line is not as it should be.
    pub fn parse(text: &str) -> Result<Self, ParseHeadError> {
        if text.len() > MAX_TEXT {
            return Err(ParseHeadError("it is longer than 1,000,000 bytes"));
        }
        let mut lines = text.splitn(4, '\n');
        if lines.next() != Some(FIRST_LINE) {
            return Err(ParseHeadError("line 1 is not \"go.sum database tree\""));
        }
        let (Some(size), Some(hash), Some(_)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(ParseHeadError("it has fewer than three lines"));
        };
        let size = size
            .parse::<u64>()
            .ok()
            .filter(|n| n.to_string() == size && *n <= MAX_TREE_SIZE)
            .ok_or(ParseHeadError("line 2 is not a canonical decimal tree size"))?;
        let hash = hash
            .parse()
            .map_err(|_| ParseHeadError("line 3 is not the base64 of a 32-byte hash"))?;
        Ok(Self { size, hash })
    }
}

impl fmt::Display for TreeHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FIRST_LINE}\n{}\n{}\n", self.size, self.hash)
    }
}

/// The text is not that of a tree head.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed tree head: {0}")]
pub struct ParseHeadError(pub &'static str);

//! The size of a read.

/// How much is read at a time, in bytes.
pub(super) const PIECE: usize = 64 << 10;

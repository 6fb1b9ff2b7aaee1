//! The size of a read.

/// Number of bytes read at a time.
pub(super) const PIECE: usize = 64 << 10;

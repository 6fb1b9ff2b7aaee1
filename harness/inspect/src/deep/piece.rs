//! The size of the pieces in which contents are read.

/// Number of bytes read at a time.
pub(super) const PIECE: usize = 64 << 10;

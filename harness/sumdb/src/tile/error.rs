//! Errors in reading hashes from tiles.

use crate::tlog::TlogError;
use twinproof_gomod::tile::Tile;

/// An error in reading hashes from tiles.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The tiles do not support the tree's hash, so that at least one of them is wrong. The
    /// message is cmd/go's.
    #[error("downloaded inconsistent tile")]
    Inconsistent {
        /// The tile whose hash is not the one its parent holds, or `None` when the topmost tiles
        /// do not give the root hash and any of them may be wrong.
        tile: Option<Tile>,
    },
    /// A tile has the wrong number of bytes.
    #[error("{tile} has {got} bytes and should have {want}")]
    Length {
        /// The tile.
        tile: Tile,
        /// Bytes it has.
        got: usize,
        /// Bytes it should have.
        want: usize,
    },
    /// The hash is not in this tile.
    #[error("{tile} does not hold the hash at index {index}")]
    Elsewhere {
        /// The tile.
        tile: Tile,
        /// Index of the stored hash.
        index: u64,
    },
    /// The index is outside the tree, or the height outside its bounds.
    #[error(
        "no tile of height {height} in a tree of {size} records holds the hash at index {index}"
    )]
    NoTile {
        /// Height of the tiles.
        height: u8,
        /// Size of the tree.
        size: u64,
        /// Index of the stored hash.
        index: u64,
    },
    /// Hashes were asked of a data tile.
    #[error("{tile} holds records, not hashes")]
    NotHashes {
        /// The tile.
        tile: Tile,
    },
    /// A tree operation failed.
    #[error(transparent)]
    Tree(#[from] TlogError),
}

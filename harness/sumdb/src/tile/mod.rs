//! Tiles: the log's stored hashes cut into files that never change once full.
//!
//! A tile of height `H` at level `L` with number `N` lists `W` consecutive hashes of the tree's
//! level `H·L`, from offset `N·2ᴴ`. A full tile lists `2ᴴ`; a partial one fewer. It stands for the
//! whole subtree of height `H` over those hashes: the levels between are computed. The level `data`
//! holds the records themselves, texts with a blank line behind each. Coordinates and paths are
//! those of [`twinproof_gomod::tile`].
//!
//! # Example
//!
//! A log of 1000 records with tiles of height 8, so that a full tile lists 256 hashes:
//!
//! ```text
//! tile/8/0/000  tile/8/0/001  tile/8/0/002   full: records 0 to 255, 256 to 511, 512 to 767
//! tile/8/0/003.p/232                         partial: records 768 to 999
//! tile/8/1/000.p/3                           partial: the hashes of the three full tiles above
//! tile/8/data/000 …                          the records themselves
//! ```
//!
//! To prove that record 500 is in the tree, a client needs three tiles. `tile/8/0/001` has its hash and
//! those around it, from which the hash of the whole tile follows. `tile/8/1/000.p/3` must list that
//! hash as its second. Its three hashes, together with the subtrees of `tile/8/0/003.p/232`, must give
//! the root hash of the signed tree head.
//!
//! When the log has 1024 records, `tile/8/0/003` is full and `tile/8/1/000.p/4` is the new partial tile;
//! files that were full before do not change.
//!
//! # Trust
//!
//! [`TileHashReader`] accepts a tile only if the hash computed from it equals the one in its parent tile,
//! and the topmost tiles only if together they give the signed root hash.
//!
//! Source: golang/proposal `design/25530-sumdb.md`. The fixed-width layout of C2SP tlog-tiles differs and
//! is not supported.

mod error;
mod hashed;
mod hashes;
mod reader;

pub use error::TileError;
pub use hashed::HashedTile;
pub use hashes::{hash_from_tile, new_tiles, read_tile_data, tile_for_index};
pub use reader::{TileHashReader, TileReader};
pub use twinproof_gomod::tile::{Level, MAX_HEIGHT, MAX_LEVEL, Tile, TilePathError};

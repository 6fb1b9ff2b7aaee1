//! Tiles: the log's stored hashes cut into files that never change once full.
//!
//! A tile of height `H` at level `L` with number `N` lists `W` consecutive hashes of the tree's
//! level `H·L`, from offset `N·2ᴴ`. A full tile lists `2ᴴ`; a partial one fewer. It stands for the
//! whole subtree of height `H` over those hashes: the levels between are computed. The level `data`
//! holds the records themselves, texts with a blank line behind each. Coordinates and paths are
//! those of [`twinproof_gomod::tile`].
//!
//! # Trust
//!
//! A tile is believed when the hash computed from it is the one its parent tile holds, and the
//! topmost ones when together they give the signed root hash: [`TileHashReader`] does that.
//!
//! Source: golang/proposal `design/25530-sumdb.md`. The fixed-width layout of C2SP tlog-tiles is
//! another one and is not spoken here.

mod error;
mod hashed;
mod hashes;
mod reader;

pub use error::TileError;
pub use hashed::HashedTile;
pub use hashes::{hash_from_tile, new_tiles, read_tile_data, tile_for_index};
pub use reader::{TileHashReader, TileReader};
pub use twinproof_gomod::tile::{Level, MAX_HEIGHT, MAX_LEVEL, Tile, TilePathError};

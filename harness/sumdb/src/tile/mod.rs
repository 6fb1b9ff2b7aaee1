//! Tiles: the log's stored hashes cut into files that never change once full.
//!
//! A tile of height `H` at level `L` with number `N` lists `W` consecutive hashes of the tree's
//! level `H·L`, from offset `N·2ᴴ`. A full tile lists `2ᴴ`; a partial one fewer. It stands for the
//! whole subtree of height `H` over those hashes: the levels between are computed.
//!
//! # Paths
//!
//! `tile/H/L/NNN[.p/W]`. `N` is written in groups of three digits, all but the last with an `x`
//! in front, so that no directory has more than 3000 entries. `.p/W` is there for a partial tile
//! only. There is exactly one path for a tile, and [`Tile::parse`] takes no other spelling.
//!
//! | tile | path |
//! | --- | --- |
//! | H 8, L 0, N 0, W 256 | `tile/8/0/000` |
//! | H 8, L 0, N 0, W 5 | `tile/8/0/000.p/5` |
//! | H 3, L 4, N 1234067, W 8 | `tile/3/4/x001/x234/067` |
//! | H 3, L 4, N 1234067, W 1 | `tile/3/4/x001/x234/067.p/1` |
//! | H 8, data, N 7, W 256 | `tile/8/data/007` |
//!
//! The level `data` holds the records themselves, texts with a blank line behind each.
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
mod path;
mod reader;

pub use error::TileError;
pub use hashed::HashedTile;
pub use hashes::{hash_from_tile, new_tiles, read_tile_data, tile_for_index};
pub use path::{Level, MAX_HEIGHT, MAX_LEVEL, Tile, TilePathError};
pub use reader::{TileHashReader, TileReader};

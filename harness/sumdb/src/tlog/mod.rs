//! A transparency log: the append-only Merkle tree of RFC 6962, as the checksum database uses it.
//!
//! # Hashes
//!
//! A record hashes to `SHA-256(0x00 ‖ record)`, an inner node to `SHA-256(0x01 ‖ left ‖ right)`,
//! the empty tree to `SHA-256("")`. The two prefixes prevent a record from being presented as a node.
//! A tree of `n` records splits at the largest power of two below `n`:
//!
//! ```text
//! n = 7          root
//!              /      \
//!         [0,4)        [4,7)
//!         /   \        /   \
//!     [0,2)  [2,4)  [4,6)   6
//! ```
//!
//! # Stored hashes
//!
//! The hashes of complete subtrees never change, so they are kept in one flat list, each behind
//! the record that completes it. For seven records, with `level.n` as level and number:
//!
//! ```text
//! index 0    1    2    3    4    5    6    7    8    9    10
//!       0.0  0.1  1.0  0.2  0.3  1.1  2.0  0.4  0.5  1.2  0.6
//! ```
//!
//! [`stored_hash_index`] and [`split_stored_hash_index`] convert between the two.
//!
//! # Proofs
//!
//! An inclusion proof ([`prove_record`], RFC 6962 §2.1.1) lists the siblings on the way from a
//! record up to the root. For record 4 of the tree above: `5`, `6`, `[0,4)`.
//! A consistency proof ([`prove_tree`], §2.1.2) shows that a larger tree begins with a smaller one.
//! From 6 records to 7 it is: `[4,6)`, `6`, `[0,4)`.
//!
//! # Texts
//!
//! [`TreeHead`] is what a database signs, [`Record`] what it logs.
//!
//! This module holds no tree and does no IO: hashes come from a [`HashReader`].

mod block;
mod growth;
mod hash;
mod head;
mod index;
mod proof;
mod record;
mod sha;
#[cfg(target_arch = "x86_64")]
mod shani;
mod tree;

pub use growth::stored_hashes_of_all;
pub use hash::{HASH_SIZE, Hash, ParseHashError};
pub use head::{MAX_TREE_SIZE, ParseHeadError, TreeHead};
pub use index::{split_stored_hash_index, stored_hash_count, stored_hash_index};
pub use proof::{Inclusion, check_record, check_records, check_tree, prove_record, prove_tree};
pub use record::{Record, RecordError};
pub use sha::{node_hash, record_hash};
pub use tree::{HashReader, TlogError, stored_hashes, stored_hashes_for_record_hash, tree_hash};

pub(crate) use index::{stored_hash_indexes, subtree_indexes};
pub(crate) use record::check_text;
pub(crate) use sha::join_pairs;
pub(crate) use tree::join;

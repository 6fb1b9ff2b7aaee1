//! The 32-byte hashes of the log and how they are made and written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use crate::base64;

/// Bytes in a [`struct@Hash`].
pub const HASH_SIZE: usize = 32;

/// A SHA-256 hash of a record, an inner node or a whole tree.
///
/// Written in base64 (44 characters), in notes as in JSON.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; HASH_SIZE]);

impl Hash {
    /// The hash of the empty tree: SHA-256 of nothing (RFC 6962 §2.1).
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64::encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The text is not the base64 of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed hash {0:?}: expected the base64 of 32 bytes")]
pub struct ParseHashError(pub String);

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        base64::decode32(text).map(Self).ok_or_else(|| ParseHashError(text.to_owned()))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The state that SHA-256 begins with (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

type Block = [u8; 64];

/// The blocks of a record that is hashed without a buffer between: nearly every record there is.
const SHORT: usize = 8;

fn digest(state: &[u32; 8]) -> Hash {
    let mut hash = [0; HASH_SIZE];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

/// The hash of a record's text: `SHA-256(0x00 ‖ data)`.
#[must_use]
pub fn record_hash(data: &[u8]) -> Hash {
    // A byte in front, one behind, and the length in bits.
    let count = (data.len() + 10).div_ceil(64);
    let mut blocks: [Block; SHORT] = [[0; 64]; SHORT];
    let bytes = blocks.as_flattened_mut();
    let fits = count <= SHORT;
    match bytes.get_mut(1..=data.len()).filter(|_| fits) {
        Some(place) => place.copy_from_slice(data),
        None => return Hash(Sha256::new().chain_update([0]).chain_update(data).finalize().into()),
    }
    if let Some(end) = bytes.get_mut(data.len() + 1) {
        *end = 0x80;
    }
    let blocks = blocks.get_mut(..count).unwrap_or_default();
    if let Some(length) = blocks.last_mut().and_then(|block| block.last_chunk_mut()) {
        *length = (8 * (data.len() as u64 + 1)).to_be_bytes();
    }
    let mut state = INITIAL;
    compress256(&mut state, blocks);
    digest(&state)
}

/// `0x01 ‖ left ‖ right` in blocks: 520 bits.
fn node_blocks(left: &Hash, right: &Hash) -> [Block; 2] {
    let mut blocks = [[0; 64]; 2];
    if let [one, nodes @ ..] = blocks.as_flattened_mut() {
        *one = 1;
        for (place, hash) in nodes.as_chunks_mut().0.iter_mut().zip([left, right]) {
            *place = hash.0;
        }
    }
    let [_, [_, end, .., high, low]] = &mut blocks;
    (*end, *high, *low) = (0x80, 2, 8);
    blocks
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut state = INITIAL;
    compress256(&mut state, &node_blocks(left, right));
    digest(&state)
}

/// Two nodes at once, which a processor has done sooner than one behind the other: neither waits
/// for the other's rounds.
pub(crate) fn two_node_hashes([a, b]: [[&Hash; 2]; 2]) -> [Hash; 2] {
    let ([a, a_end], [b, b_end]) = (node_blocks(a[0], a[1]), node_blocks(b[0], b[1]));
    let (mut one, mut two) = (INITIAL, INITIAL);
    compress256(&mut one, &[a]);
    compress256(&mut two, &[b]);
    compress256(&mut one, &[a_end]);
    compress256(&mut two, &[b_end]);
    [digest(&one), digest(&two)]
}

/// The hash of the complete subtree over `hashes`, a power of two of them, which are overwritten.
pub(crate) fn fold(mut hashes: &mut [Hash]) -> Option<Hash> {
    while hashes.len() > 1 {
        let half = hashes.len() / 2;
        let mut n = 0;
        while let Some([a, b, c, d]) = hashes.get(2 * n..).and_then(|rest| rest.first_chunk()) {
            let pair = two_node_hashes([[a, b], [c, d]]);
            if let Some(place) = hashes.get_mut(n..).and_then(|rest| rest.first_chunk_mut()) {
                *place = pair;
            }
            n += 2;
        }
        if let Some([a, b]) = hashes.get(2 * n..).and_then(|rest| rest.first_chunk()) {
            let node = node_hash(a, b);
            if let Some(place) = hashes.get_mut(n) {
                *place = node;
            }
        }
        hashes = hashes.get_mut(..half)?;
    }
    hashes.first().copied()
}

//! The hashes of records and inner nodes: SHA-256 of short messages, several at once where that is
//! faster.
//!
//! It puts the blocks of a message together and leaves the rounds to the crate `sha2`, or to
//! `shani` on processors with instructions for them.

use sha2::block_api::compress256;
use sha2::{Digest, Sha256};

use super::block::{Block, INITIAL};
use super::hash::{HASH_SIZE, Hash};
#[cfg(target_arch = "x86_64")]
use super::shani;

/// The most blocks of a record that is hashed without a buffer between: nearly every record there
/// is.
const SHORT: usize = 8;

/// The hashes of messages in whole blocks, of as many blocks each.
fn digests<const N: usize>(messages: [&[Block]; N]) -> [Hash; N] {
    #[cfg(target_arch = "x86_64")]
    if let Some(digests) = shani::messages(messages) {
        return digests.map(Hash);
    }
    messages.map(digest)
}

/// The hash of a message in whole blocks, on any processor.
fn digest(blocks: &[Block]) -> Hash {
    let mut state = INITIAL;
    compress256(&mut state, blocks);
    let mut hash = [0; HASH_SIZE];
    for (bytes, word) in hash.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    Hash(hash)
}

/// Room for a short record in blocks.
const ROOM: [Block; SHORT] = [[0; 64]; SHORT];

/// A record in blocks: a byte in front, one behind, and the length in bits. `None` for one that is
/// too long. `room` is all zeros.
fn record_blocks<'a>(data: &[u8], room: &'a mut [Block; SHORT]) -> Option<&'a [Block]> {
    let count = (data.len() + 10).div_ceil(64);
    let blocks = room.get_mut(..count)?;
    let bytes = blocks.as_flattened_mut();
    *bytes.last_chunk_mut()? = (8 * (data.len() as u64 + 1)).to_be_bytes();
    let (text, end) = bytes.get_mut(1..)?.split_at_mut_checked(data.len())?;
    text.copy_from_slice(data);
    *end.first_mut()? = 0x80;
    Some(blocks)
}

/// The hash of a record's text: `SHA-256(0x00 ‖ data)`.
#[must_use]
pub fn record_hash(data: &[u8]) -> Hash {
    let mut room = ROOM;
    match record_blocks(data, &mut room) {
        Some(blocks) => {
            let [hash] = digests([blocks]);
            hash
        }
        None => Hash(Sha256::new().chain_update([0]).chain_update(data).finalize().into()),
    }
}

/// The hashes of two records' texts.
pub(super) fn two_record_hashes([a, b]: [&[u8]; 2]) -> [Hash; 2] {
    let (mut room_a, mut room_b) = (ROOM, ROOM);
    match (record_blocks(a, &mut room_a), record_blocks(b, &mut room_b)) {
        (Some(a), Some(b)) if a.len() == b.len() => digests([a, b]),
        _ => [record_hash(a), record_hash(b)],
    }
}

/// `0x01 ‖ left ‖ right` in blocks: 520 bits.
fn node_blocks([left, right]: [&Hash; 2]) -> [Block; 2] {
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

/// The hashes of inner nodes over pairs of hashes.
pub(super) fn node_hashes<const N: usize>(pairs: [[&Hash; 2]; N]) -> [Hash; N] {
    #[cfg(target_arch = "x86_64")]
    if let Some(digests) = shani::nodes(pairs.map(|pair| pair.map(|hash| &hash.0))) {
        return digests.map(Hash);
    }
    let blocks = pairs.map(node_blocks);
    digests(blocks.each_ref().map(|blocks| blocks.as_slice()))
}

/// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let [hash] = node_hashes([[left, right]]);
    hash
}

/// Joins neighbours in `below`, an odd one at its end left out, and puts their hashes behind those in
/// `above`.
pub(crate) fn join_pairs(below: &[Hash], above: &mut Vec<Hash>) {
    above.reserve(below.len() / 2);
    let (fours, rest) = below.as_chunks::<4>();
    for [a, b, c, d] in fours {
        above.extend(node_hashes([[a, b], [c, d]]));
    }
    if let [a, b, ..] = rest {
        above.push(node_hash(a, b));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sha256(parts: &[&[u8]]) -> Hash {
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        Hash(hash.finalize().into())
    }

    #[test]
    fn records_of_every_length() {
        let data: Vec<u8> = (0..1200u32).map(|n| (n * 7) as u8).collect();
        for end in 0..data.len() {
            let (a, b) = (&data[..end], &data[end..]);
            let want = [sha256(&[&[0], a]), sha256(&[&[0], b])];
            assert_eq!([record_hash(a), record_hash(b)], want);
            assert_eq!(two_record_hashes([a, b]), want);
            assert_eq!(two_record_hashes([a, a]), [want[0]; 2]);
            if let Some(blocks) = record_blocks(a, &mut ROOM.clone()) {
                assert_eq!(digest(blocks), want[0]);
            }
        }
    }

    proptest! {
        #[test]
        fn nodes_one_and_two_at_once_and_on_any_processor(hashes: [[u8; 32]; 4]) {
            let [a, b, c, d] = &hashes.map(Hash);
            let want = [[a, b], [c, d]].map(|[l, r]| sha256(&[&[1], &l.0, &r.0]));
            prop_assert_eq!([node_hash(a, b), node_hash(c, d)], want);
            prop_assert_eq!(node_hashes([[a, b], [c, d]]), want);
            prop_assert_eq!([digest(&node_blocks([a, b])), digest(&node_blocks([c, d]))], want);
        }
    }
}

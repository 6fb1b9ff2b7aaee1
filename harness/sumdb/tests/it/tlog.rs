//! RFC 6962: known vectors, and laws over every tree of up to 200 records.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_sumdb::tlog::{
    Hash, Record, TlogError, TreeHead, check_record, check_tree, node_hash, prove_record,
    prove_tree, record_hash, split_stored_hash_index, stored_hash_count, stored_hash_index,
    stored_hashes, tree_hash,
};

use crate::log::{record, root, stored};

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

fn hash(text: &str) -> Hash {
    Hash(hex(text).try_into().unwrap())
}

/// The inputs of Certificate Transparency's own tests.
fn vector_log() -> Vec<Hash> {
    let mut hashes = Vec::new();
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    for (n, leaf) in leaves.iter().enumerate() {
        hashes.extend(stored_hashes(n as u64, &hex(leaf), hashes.as_slice()).unwrap());
    }
    hashes
}

#[rstest]
#[case(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
#[case(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
#[case(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
#[case(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
#[case(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
#[case(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
#[case(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
#[case(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
#[case(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
fn roots_are_those_of_certificate_transparency(#[case] size: u64, #[case] want: &str) {
    assert_eq!(tree_hash(size, vector_log().as_slice()).unwrap(), hash(want));
}

#[rstest]
#[case(1, 0, &[])]
#[case(8, 0, &[
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
])]
#[case(3, 2, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"])]
fn audit_paths_are_those_of_certificate_transparency(
    #[case] size: u64,
    #[case] n: u64,
    #[case] want: &[&str],
) {
    let want: Vec<Hash> = want.iter().map(|h| hash(h)).collect();
    assert_eq!(prove_record(size, n, vector_log().as_slice()).unwrap(), want);
}

#[rstest]
#[case(8, 8, &[])]
#[case(8, 6, &[
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
])]
fn consistency_proofs_are_those_of_certificate_transparency(
    #[case] size: u64,
    #[case] n: u64,
    #[case] want: &[&str],
) {
    let want: Vec<Hash> = want.iter().map(|h| hash(h)).collect();
    assert_eq!(prove_tree(size, n, vector_log().as_slice()).unwrap(), want);
}

#[test]
fn every_record_of_every_tree_is_proven_and_no_other() {
    let stored = stored(200);
    for size in 1..=200 {
        let root = root(size, &stored);
        for n in 0..size {
            let proof = prove_record(size, n, stored.as_slice()).unwrap();
            let leaf = record_hash(record(n).as_bytes());
            assert_eq!(check_record(&proof, size, &root, n, &leaf), Ok(()), "{n} of {size}");
            let other = record_hash(b"another");
            let wrong = check_record(&proof, size, &root, n, &other);
            assert_eq!(wrong, Err(TlogError::InvalidProof));
            assert!(check_record(&proof, size, &root, (n + 1) % (size + 1), &leaf).is_err());
        }
    }
}

#[test]
fn every_tree_is_proven_to_begin_with_every_smaller_one() {
    let stored = stored(200);
    for size in 1..=200 {
        let newer = root(size, &stored);
        for n in 1..=size {
            let older = root(n, &stored);
            let proof = prove_tree(size, n, stored.as_slice()).unwrap();
            assert_eq!(check_tree(&proof, size, &newer, n, &older), Ok(()), "{n} of {size}");
            let forged = node_hash(&older, &older);
            assert!(check_tree(&proof, size, &newer, n, &forged).is_err());
            assert!(check_tree(&proof, size, &forged, n, &older).is_err());
        }
    }
}

#[rstest]
#[case(0, 0)]
#[case(5, 5)]
#[case(5, u64::MAX)]
fn records_outside_the_tree_have_no_proof(#[case] size: u64, #[case] n: u64) {
    let want = TlogError::OutOfRange { what: "record", n, size };
    assert_eq!(prove_record(size, n, stored(5).as_slice()), Err(want.clone()));
    assert_eq!(check_record(&[], size, &Hash::EMPTY, n, &Hash::EMPTY), Err(want));
}

#[rstest]
#[case(0, 0)]
#[case(5, 0)]
#[case(5, 6)]
fn trees_that_cannot_be_older_have_no_proof(#[case] size: u64, #[case] n: u64) {
    let want = TlogError::OutOfRange { what: "older tree", n, size };
    assert_eq!(prove_tree(size, n, stored(5).as_slice()), Err(want.clone()));
    assert_eq!(check_tree(&[], size, &Hash::EMPTY, n, &Hash::EMPTY), Err(want));
}

#[test]
fn the_documented_layout_of_stored_hashes() {
    let layout: Vec<_> = (0..11).map(split_stored_hash_index).collect();
    let want =
        [(0, 0), (0, 1), (1, 0), (0, 2), (0, 3), (1, 1), (2, 0), (0, 4), (0, 5), (1, 2), (0, 6)];
    assert_eq!(layout, want);
    assert_eq!(stored_hash_count(7), 11);
}

proptest! {
    #[test]
    fn stored_hash_index_and_its_inverse(level in 0u32..62, n: u64) {
        let n = n >> (level + 2);
        let index = stored_hash_index(level, n);
        prop_assert_eq!(split_stored_hash_index(index), (level, n));
    }

    #[test]
    fn record_indexes_are_the_sum_of_what_stands_in_front(n in 0u64..1 << 62) {
        let sum: u64 = (0..64).map(|shift| n >> shift).sum();
        prop_assert_eq!(stored_hash_index(0, n), sum);
    }

    #[test]
    fn any_index_at_all_is_taken(level: u32, n: u64, index: u64) {
        let _ = (stored_hash_index(level, n), split_stored_hash_index(index));
    }

    #[test]
    fn a_changed_byte_in_a_record_proof_is_found(
        size in 2u64..200, n: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
    ) {
        let stored = stored(size);
        let n = n.index(size as usize) as u64;
        let mut proof = prove_record(size, n, stored.as_slice()).unwrap();
        let at = at.index(proof.len() * 32);
        proof[at / 32].0[at % 32] ^= 1 << bit;
        let leaf = record_hash(record(n).as_bytes());
        let result = check_record(&proof, size, &root(size, &stored), n, &leaf);
        prop_assert_eq!(result, Err(TlogError::InvalidProof));
    }

    #[test]
    fn a_changed_byte_in_a_tree_proof_is_found(
        size in 2u64..200, n: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
    ) {
        let stored = stored(size);
        let n = 1 + n.index(size as usize - 1) as u64;
        let mut proof = prove_tree(size, n, stored.as_slice()).unwrap();
        let at = at.index(proof.len() * 32);
        proof[at / 32].0[at % 32] ^= 1 << bit;
        let (newer, older) = (root(size, &stored), root(n, &stored));
        prop_assert_eq!(check_tree(&proof, size, &newer, n, &older), Err(TlogError::InvalidProof));
    }

    #[test]
    fn proofs_of_any_length_are_judged(
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70), size: u64, n: u64,
    ) {
        let zero = Hash::default();
        prop_assert!(check_record(&proof, size, &zero, n, &zero).is_err());
        prop_assert!(check_tree(&proof, size, &zero, n, &zero).is_err() || size == n);
    }

    #[test]
    fn tree_heads_round_trip(size in 0u64..=1 << 62, hash: [u8; 32]) {
        let head = TreeHead { size, hash: Hash(hash) };
        prop_assert_eq!(TreeHead::parse(&head.to_string()), Ok(head));
    }

    #[test]
    fn records_round_trip(id: u64, lines in prop::collection::vec("[ -~é]{1,20}", 1..5), rest: Vec<u8>) {
        let record = Record { id, text: lines.join("\n") + "\n" };
        let mut message = record.format().unwrap().into_bytes();
        message.extend(&rest);
        prop_assert_eq!(Record::parse(&message), Ok((record, rest.as_slice())));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        let _ = Record::parse(&bytes);
        let _ = TreeHead::parse(&String::from_utf8_lossy(&bytes));
    }
}

const HASH: &str = "nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=";

#[rstest]
#[case::the_documented_one("go.sum database tree\n2\nH\n", true)]
#[case::further_lines_are_ignored("go.sum database tree\n2\nH\nmore\n", true)]
#[case::no_last_newline("go.sum database tree\n2\nH", false)]
#[case::another_version("go.sum database tree v2\n2\nH\n", false)]
#[case::leading_zero("go.sum database tree\n02\nH\n", false)]
#[case::plus("go.sum database tree\n+2\nH\n", false)]
#[case::negative("go.sum database tree\n-2\nH\n", false)]
#[case::too_large("go.sum database tree\n9223372036854775807\nH\n", false)]
#[case::space("go.sum database tree\n2 \nH\n", false)]
#[case::short_hash("go.sum database tree\n2\nAAAA\n", false)]
#[case::empty("", false)]
fn a_tree_head_is_read_as_documented(#[case] text: &str, #[case] valid: bool) {
    let parsed = TreeHead::parse(&text.replace('H', HASH));
    let want = TreeHead { size: 2, hash: HASH.parse().unwrap() };
    assert_eq!(parsed.ok(), valid.then_some(want));
}

#[rstest]
#[case::no_number("a\n\n", "its first line is not a canonical decimal record number")]
#[case::leading_zero("01\na\n\n", "its first line is not a canonical decimal record number")]
#[case::no_newline("1", "no record number")]
#[case::no_blank_line("1\na\n", "no blank line ends its text")]
#[case::no_text("1\n\n\n", "its text has a blank line")]
#[case::control_character("1\na\rb\n\n", "its text has a control character")]
fn a_malformed_record_is_refused_with_its_reason(#[case] message: &str, #[case] reason: &str) {
    let error = Record::parse(message.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), format!("malformed record: {reason}"));
}

#[test]
fn hashes_are_base64_in_json() {
    let json = serde_json::to_string(&Hash::EMPTY).unwrap();
    assert_eq!(json, "\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"");
    assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), Hash::EMPTY);
    assert!(serde_json::from_str::<Hash>("\"47DEQpj8\"").is_err());
}

//! Operations on many records give the same results as one by one.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_sumdb::tlog::{
    Hash, Inclusion, TlogError, check_records, prove_record, record_hash, stored_hash_count,
    stored_hashes_of_all,
};

use crate::log::{record, root, stored};

#[test]
fn hashes_of_many_records_are_those_of_each() {
    let all = stored(80);
    let end = |records| stored_hash_count(records) as usize;
    for old in 0..=40 {
        let there = &all[..end(old)];
        for new in old..=80 {
            let records: Vec<String> = (old..new).map(record).collect();
            let more = stored_hashes_of_all(old, &records, there).unwrap();
            assert_eq!(more, all[end(old)..end(new)], "{old} to {new}");
        }
    }
}

/// So many that they are hashed in several goes.
#[rstest]
fn hashes_of_very_many_records(
    #[values(0, 1, 100, 255, 256, 257, 511)] old: u64,
    #[values(255, 256, 257, 300, 512, 513)] more: u64,
) {
    let all = stored(old + more);
    let there = &all[..stored_hash_count(old) as usize];
    let records: Vec<String> = (old..old + more).map(record).collect();
    let hashes = stored_hashes_of_all(old, &records, there).unwrap();
    assert_eq!(hashes, all[there.len()..]);
}

#[test]
fn hashes_that_are_missing_on_the_left() {
    let records = [record(3)];
    let result = stored_hashes_of_all(3, &records, &stored(1)[..]);
    assert_eq!(result, Err(TlogError::NoHash(3)));
}

/// Every proof of a tree of `size` records, with the record's hash.
fn proofs(size: u64, stored: &[Hash]) -> Vec<(Vec<Hash>, Hash)> {
    let proof = |n| prove_record(size, n, stored).unwrap();
    (0..size).map(|n| (proof(n), record_hash(record(n).as_bytes()))).collect()
}

fn inclusions(proofs: &[(Vec<Hash>, Hash)]) -> Vec<Inclusion<'_>> {
    (0..).zip(proofs).map(|(n, (proof, record))| Inclusion { n, record, proof }).collect()
}

#[test]
fn all_proofs_of_every_tree() {
    let stored = stored(70);
    for size in 0..=70 {
        let proofs = proofs(size, &stored);
        let result = check_records(size, &root(size, &stored), &inclusions(&proofs));
        assert_eq!(result, Ok(()), "{size}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_in_many_proofs_is_found_in_its_place(
        size in 2u64..80, n: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
    ) {
        let stored = stored(size);
        let mut proofs = proofs(size, &stored);
        let n = n.index(size as usize);
        let proof = &mut proofs[n].0;
        let at = at.index(proof.len() * 32);
        proof[at / 32].0[at % 32] ^= 1 << bit;
        let result = check_records(size, &root(size, &stored), &inclusions(&proofs));
        prop_assert_eq!(result, Err((n, TlogError::InvalidProof)));
    }

    #[test]
    fn proofs_of_any_length_are_judged(
        proofs in prop::collection::vec(
            (any::<u64>(), prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70)), 1..5,
        ),
        size: u64,
    ) {
        let zero = Hash::default();
        let inclusions: Vec<_> =
            proofs.iter().map(|(n, proof)| Inclusion { n: *n, record: &zero, proof }).collect();
        prop_assert!(check_records(size, &zero, &inclusions).is_err());
    }
}

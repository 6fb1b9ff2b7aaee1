//! The position of a complete subtree's hash in the flat list of stored hashes.

/// The index of the `n`th hash at `level` (0 is the records') in the list of stored hashes.
///
/// Saturates at `u64::MAX`, which is in no tree up to [`super::MAX_TREE_SIZE`].
#[must_use]
#[inline]
pub fn stored_hash_index(level: u32, n: u64) -> u64 {
    // A hash stands `level` places behind the last record below it. In front of record `r` are
    // r + r/2 + r/4 + … hashes, which is 2r minus the number of ones in r.
    let last = match 1u64.checked_shl(level).and_then(|width| n.checked_add(1)?.checked_mul(width))
    {
        Some(end) if end <= 1 << 63 => end - 1,
        _ => return u64::MAX,
    };
    2 * last - u64::from(last.count_ones()) + u64::from(level)
}

/// The indexes of the `count` hashes at `level` from the `n`th on.
pub(crate) fn stored_hash_indexes(level: u32, n: u64, count: u32) -> impl Iterator<Item = u64> {
    // From one to the next are the hashes of a subtree, and those that it completes.
    let subtree = 2u64.checked_shl(level).map_or(u64::MAX, |double| double - 1);
    let mut index = stored_hash_index(level, n);
    (1..=u64::from(count)).map(move |i| {
        let completed = n.saturating_add(i).trailing_zeros();
        let next = index.saturating_add(subtree).saturating_add(completed.into());
        std::mem::replace(&mut index, next)
    })
}

/// The level and number of the hash at `index`: the inverse of [`stored_hash_index`].
#[must_use]
pub fn split_stored_hash_index(index: u64) -> (u32, u64) {
    // stored_hash_index(0, n) is in (2n - 64, 2n], so the record is found within 64 steps.
    let mut record = index / 2;
    let mut start = stored_hash_index(0, record);
    loop {
        let next = start.checked_add(1 + u64::from((record + 1).trailing_zeros()));
        match next {
            Some(next) if next <= index => {
                record += 1;
                start = next;
            }
            _ => break,
        }
    }
    let level = u32::try_from(index - start).unwrap_or(u32::MAX);
    (level, record.checked_shr(level).unwrap_or(0))
}

/// Number of hashes stored for a log of `records` records.
#[must_use]
pub fn stored_hash_count(records: u64) -> u64 {
    // The next record's own hash comes right behind all that is stored.
    stored_hash_index(0, records)
}

/// The complete subtrees that make up records `lo..hi`, from left to right, as indexes.
///
/// `lo` is a multiple of the largest power of two in the range, as everywhere in RFC 6962.
pub(crate) fn subtree_indexes(mut lo: u64, hi: u64) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let width = hi.checked_sub(lo).filter(|width| *width > 0)?;
        let level = width.ilog2();
        let index = stored_hash_index(level, lo >> level);
        lo += 1 << level;
        Some(index)
    })
}

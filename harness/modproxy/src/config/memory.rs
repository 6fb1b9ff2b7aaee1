//! The memory that `--memory-limit` leaves for clients.

/// Memory of the whole process when nothing is said, in bytes.
pub const LIMIT: u64 = 512 << 20;

/// The part of it for small files by default, in bytes.
pub(super) const CACHE: u64 = 64 << 20;

/// The memory of code, threads and the allocator, whatever clients do: an estimate.
const BASE: u64 = 96 << 20;

/// The least that is left for clients.
const LEAST: u64 = 32 << 20;

/// The bytes that connections and their answers may hold when the process may have `limit` bytes and
/// `caches` of them are for caches.
///
/// # Errors
/// When too little is left, in words.
pub fn for_clients(limit: u64, caches: u64) -> Result<u64, String> {
    let taken = caches.saturating_add(BASE);
    limit.checked_sub(taken).filter(|left| *left >= LEAST).ok_or_else(|| {
        let least = taken.saturating_add(LEAST).div_ceil(1 << 20);
        format!("the limit of memory is at least {least} MiB, of which {} for caches", caches >> 20)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_left_is_computed_before_serving() {
        assert_eq!(for_clients(LIMIT, CACHE), Ok(352 << 20));
        assert_eq!(for_clients(192 << 20, 64 << 20), Ok(32 << 20));
        let said = for_clients(191 << 20, 64 << 20).unwrap_err();
        assert_eq!(said, "the limit of memory is at least 192 MiB, of which 64 for caches");
    }
}

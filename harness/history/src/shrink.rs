//! Shrinking: the fewest parts of a history under which something still happens.

/// The fewest of `parts`, in their order, for which `still` holds, found by taking away halves, then
/// smaller and smaller runs of parts (delta debugging). `still` is asked at most `tries` times.
pub fn shrink<T: Clone>(parts: &[T], tries: usize, still: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = parts.to_vec();
    let mut left = tries;
    // Halves first, as delta debugging does: most of a long history is not needed, and goes in few
    // tries.
    let mut size = kept.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut smaller = false;
        while at < kept.len() {
            if left == 0 {
                return kept;
            }
            left -= 1;
            let mut fewer = kept.clone();
            fewer.drain(at..(at + size).min(kept.len()));
            if still(&fewer) {
                kept = fewer;
                smaller = true;
            } else {
                at += size;
            }
        }
        if size == 1 && !smaller {
            return kept;
        }
        size = size.div_ceil(2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::shrink;

    #[test]
    fn only_what_is_needed_is_left() {
        let parts: Vec<u32> = (0..50).collect();
        let mut asked = 0;
        let left = shrink(&parts, 1000, &mut |some| {
            asked += 1;
            some.contains(&7) && some.contains(&33)
        });
        assert_eq!(left, [7, 33]);
        assert!(asked < 100, "{asked}");
        assert_eq!(shrink(&parts, 0, &mut |_| true), parts);
    }
}

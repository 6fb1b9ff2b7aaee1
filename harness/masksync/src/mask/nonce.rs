//! Random nonces, fetched from the system many at a time: a call for each would cost more than the
//! encryption.

use crate::defect::{Defect, has};
use zeroize::Zeroize as _;

const LENGTH: usize = 12;
const AHEAD: usize = LENGTH * 340;

/// Nonces of 96 random bits. A copy begins with none, so no nonce is given twice.
pub(super) struct Nonces {
    bytes: [u8; AHEAD],
    next: usize,
}

impl Nonces {
    pub(super) fn new() -> Self {
        Self { bytes: [0; AHEAD], next: AHEAD }
    }

    pub(super) fn next(&mut self) -> Result<[u8; LENGTH], getrandom::Error> {
        if self.next == AHEAD {
            getrandom::fill(&mut self.bytes)?;
            if has(Defect::NonceReset) {
                let count = |(i, byte): (usize, &mut u8)| {
                    *byte = if i % LENGTH == 11 { i / LENGTH } else { 0 } as u8
                };
                self.bytes.iter_mut().enumerate().for_each(count);
            }
            self.next = 0;
        }
        let slot = &mut self.bytes[self.next..self.next + LENGTH];
        let mut nonce = [0; LENGTH];
        nonce.copy_from_slice(slot);
        slot.zeroize();
        self.next += LENGTH;
        Ok(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_nonce_is_given_twice() {
        let mut nonces = Nonces::new();
        let given: BTreeSet<_> = (0..10_000).map(|_| nonces.next().unwrap()).collect();
        assert_eq!(given.len(), 10_000);
        assert!(!given.contains(&[0; LENGTH]));
    }
}

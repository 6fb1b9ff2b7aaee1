//! SHA-256 of streams, so that large files need not be held in memory.

use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// SHA-256 of everything left to read, in lower-case hexadecimal.
///
/// # Errors
/// When reading fails.
pub fn sha256(from: &mut impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(crate::hex::encode(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn equals_the_published_example() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(&mut b"abc".as_slice()).unwrap(), abc);
    }
}

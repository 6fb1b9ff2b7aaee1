//! AES-SIV (RFC 5297) with a key of 64 bytes and one header: S2V over CMAC, then CTR.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

type Block = [u8; 16];

fn encrypt(cipher: &Aes256, block: Block) -> Block {
    let mut out = block.into();
    cipher.encrypt_block(&mut out);
    out.into()
}

fn double(block: Block) -> Block {
    let n = u128::from_be_bytes(block);
    // Doubling in GF(2^128): the polynomial x^128 + x^7 + x^2 + x + 1 of CMAC (NIST SP 800-38B).
    let carry = if n >> 127 == 1 { 0x87 } else { 0 };
    ((n << 1) ^ carry).to_be_bytes()
}

fn xor(a: Block, b: Block) -> Block {
    (u128::from_be_bytes(a) ^ u128::from_be_bytes(b)).to_be_bytes()
}

fn cmac(cipher: &Aes256, message: &[u8]) -> Block {
    let first = double(encrypt(cipher, [0; 16]));
    let whole = !message.is_empty() && message.len().is_multiple_of(16);
    let full = if whole { message.len() - 16 } else { message.len() / 16 * 16 };
    let mut mac = [0; 16];
    for chunk in message[..full].as_chunks::<16>().0 {
        mac = encrypt(cipher, xor(mac, *chunk));
    }
    let rest = &message[full..];
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    let last = if whole {
        xor(last, first)
    } else {
        // Padding is one bit and then zeros, which no message can end in by itself: hence the
        // second subkey.
        last[rest.len()] = 0x80;
        xor(last, double(first))
    };
    encrypt(cipher, xor(mac, last))
}

fn s2v(cipher: &Aes256, header: &[u8], plain: &[u8]) -> Block {
    let d = xor(double(cmac(cipher, &[0; 16])), cmac(cipher, header));
    if plain.len() >= 16 {
        let mut end = plain.to_vec();
        let at = end.len() - 16;
        for (to, from) in end[at..].iter_mut().zip(d) {
            *to ^= from;
        }
        return cmac(cipher, &end);
    }
    let mut padded = [0; 16];
    padded[..plain.len()].copy_from_slice(plain);
    padded[plain.len()] = 0x80;
    cmac(cipher, &xor(double(d), padded))
}

/// The synthetic IV and the ciphertext.
pub(crate) fn seal(key: &[u8; 64], header: &[u8], plain: &[u8]) -> Vec<u8> {
    let (first, second) = key.split_at(32);
    let cipher = |key: &[u8]| Aes256::new_from_slice(key).ok();
    let (Some(mac), Some(stream)) = (cipher(first), cipher(second)) else { return Vec::new() };
    let iv = s2v(&mac, header, plain);
    // RFC 5297, 2.6: two bits are cleared so that 32-bit and 64-bit counters never carry out of
    // their word.
    let mut counter = u128::from_be_bytes(iv) & !(1 << 63 | 1 << 31);
    let mut out = iv.to_vec();
    for chunk in plain.chunks(16) {
        let pad = encrypt(&stream, counter.to_be_bytes());
        out.extend(chunk.iter().zip(pad).map(|(a, b)| a ^ b));
        counter = counter.wrapping_add(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4493's example 2 has a key of 128 bits; NIST's CMAC example for AES-256 is this one.
    #[test]
    fn cmac_is_that_of_the_standard() {
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        let cipher = Aes256::new_from_slice(&twinproof_base::hex::decode(key).unwrap()).unwrap();
        let mac = |message: &str| {
            let message = twinproof_base::hex::decode(message).unwrap();
            twinproof_base::hex::encode(&cmac(&cipher, &message))
        };
        assert_eq!(mac(""), "028962f61b7bf89efc6b551f4667d983");
        assert_eq!(mac("6bc1bee22e409f96e93d7e117393172a"), "28a7023f452e8f82bd4bf28d8c37c35c");
    }
}

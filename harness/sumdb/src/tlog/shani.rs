//! SHA-256 by the instructions that x86-64 processors have for it, for one or two messages at once.
//!
//! A round waits for the round before, and a processor has the second message's done meanwhile: two
//! messages take little longer than one. The hash of an inner node is made from two hashes without
//! its blocks being put together in memory.
//!
//! This module knows nothing of trees, and says `None` where a processor lacks the instructions.
#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi32,
    _mm_set_epi64x, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32,
    _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_storeu_si128,
};

use super::block::{Block, INITIAL};
use super::hash::HASH_SIZE;

type Digest = [u8; HASH_SIZE];

/// The constants of the 64 rounds (FIPS 180-4 §4.2.2).
const K: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    ],
    [
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    ],
    [
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    ],
    [
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ],
];

/// The state that a message begins with.
const WORDS: [i32; 8] = {
    let [a, b, c, d, e, f, g, h] = INITIAL;
    [a as i32, b as i32, c as i32, d as i32, e as i32, f as i32, g as i32, h as i32]
};

/// Whether this processor has the instructions.
fn is_available() -> bool {
    is_x86_feature_detected!("sha")
        && is_x86_feature_detected!("sse4.1")
        && is_x86_feature_detected!("ssse3")
}

/// The hashes of the inner nodes over `pairs`: `SHA-256(0x01 ‖ left ‖ right)` of each.
pub(super) fn nodes<const N: usize>(pairs: [[&Digest; 2]; N]) -> Option<[Digest; N]> {
    // SAFETY: the processor has the instructions that the function is compiled for.
    is_available().then(|| unsafe { node_lanes(pairs) })
}

/// The hashes of messages that are in whole blocks already, padding included, and as many in each.
pub(super) fn messages<const N: usize>(messages: [&[Block]; N]) -> Option<[Digest; N]> {
    // SAFETY: the processor has the instructions that the function is compiled for.
    is_available().then(|| unsafe { message_lanes(messages) })
}

/// The state of one message: the words A, B, E, F and C, D, G, H, as the instructions take them.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

#[inline]
#[target_feature(enable = "sse2")]
fn initial() -> State {
    let [a, b, c, d, e, f, g, h] = WORDS;
    State { abef: _mm_set_epi32(a, b, e, f), cdgh: _mm_set_epi32(c, d, g, h) }
}

/// Turns the bytes of each of four words about.
#[inline]
#[target_feature(enable = "ssse3")]
fn swap(bytes: __m128i) -> __m128i {
    let order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm_shuffle_epi8(bytes, order)
}

#[inline]
#[target_feature(enable = "sse2")]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: 16 bytes are read from a reference to 16 bytes, which need not be aligned.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

/// The words of a block.
#[inline]
#[target_feature(enable = "ssse3")]
fn block_words(block: &Block) -> [__m128i; 4] {
    let [a, b, c, d] = block.as_chunks::<16>().0 else { return [_mm_set_epi64x(0, 0); 4] };
    [swap(load(a)), swap(load(b)), swap(load(c)), swap(load(d))]
}

#[inline]
#[target_feature(enable = "sse2")]
fn load2(hash: &Digest) -> [__m128i; 2] {
    let [a, b] = hash.as_chunks::<16>().0 else { return [_mm_set_epi64x(0, 0); 2] };
    [load(a), load(b)]
}

/// The hashes that the states are at the end.
#[inline]
#[target_feature(enable = "ssse3,sse4.1")]
fn digests<const N: usize>(states: &[State; N]) -> [Digest; N] {
    let mut digests = [[0; HASH_SIZE]; N];
    for (digest, state) in digests.iter_mut().zip(states) {
        let feba = _mm_shuffle_epi32(state.abef, 0x1b);
        let dchg = _mm_shuffle_epi32(state.cdgh, 0xb1);
        let dcba = _mm_blend_epi16(feba, dchg, 0xf0);
        let hgfe = _mm_alignr_epi8(dchg, feba, 8);
        for (place, words) in digest.as_chunks_mut::<16>().0.iter_mut().zip([dcba, hgfe]) {
            // SAFETY: 16 bytes are written to a reference to 16 bytes, which need not be aligned.
            unsafe { _mm_storeu_si128(place.as_mut_ptr().cast(), swap(words)) };
        }
    }
    digests
}

/// Four rounds of each message. `words[I]` are the words of these rounds, and become those of the
/// rounds sixteen later.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn rounds<const N: usize, const I: usize>(
    states: &mut [State; N],
    words: &mut [[__m128i; 4]; N],
    [k0, k1, k2, k3]: [u32; 4],
    is_last: bool,
) {
    let k = _mm_set_epi32(k3.cast_signed(), k2.cast_signed(), k1.cast_signed(), k0.cast_signed());
    for (state, words) in states.iter_mut().zip(words) {
        let sum = _mm_add_epi32(words[I], k);
        state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sum);
        let high = _mm_shuffle_epi32(sum, 0x0e);
        state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, high);
        if !is_last {
            let (w1, w2, w3) = (words[(I + 1) % 4], words[(I + 2) % 4], words[(I + 3) % 4]);
            let sum = _mm_sha256msg1_epu32(words[I], w1);
            let sum = _mm_add_epi32(sum, _mm_alignr_epi8(w3, w2, 4));
            words[I] = _mm_sha256msg2_epu32(sum, w3);
        }
    }
}

/// Takes one more block into each state. Its words are given in the order of the message.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress<const N: usize>(states: &mut [State; N], mut words: [[__m128i; 4]; N]) {
    let before = *states;
    let [k0, k1, k2, k3] = &K;
    for (k, is_last) in [(k0, false), (k1, false), (k2, false), (k3, true)] {
        rounds::<N, 0>(states, &mut words, k[0], is_last);
        rounds::<N, 1>(states, &mut words, k[1], is_last);
        rounds::<N, 2>(states, &mut words, k[2], is_last);
        rounds::<N, 3>(states, &mut words, k[3], is_last);
    }
    for (state, before) in states.iter_mut().zip(before) {
        state.abef = _mm_add_epi32(state.abef, before.abef);
        state.cdgh = _mm_add_epi32(state.cdgh, before.cdgh);
    }
}

/// The two blocks of an inner node, in the order of the message: a byte in front moves all others on
/// by one place, and the last into the second block, where the end mark and the length of 520 bits
/// follow.
#[inline]
#[target_feature(enable = "ssse3")]
fn node_words([left, right]: [&Digest; 2]) -> [[__m128i; 4]; 2] {
    let ([a, b], [c, d]) = (load2(left), load2(right));
    let (one, end) = (_mm_set_epi64x(1 << 56, 0), _mm_set_epi64x(0, 0x80));
    let zero = _mm_set_epi64x(0, 0);
    let first = [
        swap(_mm_alignr_epi8(a, one, 15)),
        swap(_mm_alignr_epi8(b, a, 15)),
        swap(_mm_alignr_epi8(c, b, 15)),
        swap(_mm_alignr_epi8(d, c, 15)),
    ];
    [first, [swap(_mm_alignr_epi8(end, d, 15)), zero, zero, _mm_set_epi32(520, 0, 0, 0)]]
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn node_lanes<const N: usize>(pairs: [[&Digest; 2]; N]) -> [Digest; N] {
    let zero = [_mm_set_epi64x(0, 0); 4];
    let (mut first, mut second) = ([zero; N], [zero; N]);
    for ((first, second), pair) in first.iter_mut().zip(&mut second).zip(pairs) {
        [*first, *second] = node_words(pair);
    }
    let mut states = [initial(); N];
    compress(&mut states, first);
    compress(&mut states, second);
    digests(&states)
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn message_lanes<const N: usize>(messages: [&[Block]; N]) -> [Digest; N] {
    let mut states = [initial(); N];
    let count = messages.first().map_or(0, |blocks| blocks.len());
    for n in 0..count {
        let mut words = [[_mm_set_epi64x(0, 0); 4]; N];
        for (words, blocks) in words.iter_mut().zip(messages) {
            if let Some(block) = blocks.get(n) {
                *words = block_words(block);
            }
        }
        compress(&mut states, words);
    }
    digests(&states)
}

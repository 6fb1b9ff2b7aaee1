//! Invented values, chosen by a keyed hash, so that a value always becomes the same one.

use super::hmac::Hash;
use super::transformer::FakeKind;
use crate::value::Cell;

const FIRST: [&str; 32] = [
    "Ada", "Alan", "Anna", "Bela", "Carl", "Clara", "Dana", "David", "Edith", "Emil", "Eva",
    "Felix", "Grace", "Hana", "Hugo", "Ida", "Ivan", "Jan", "Julia", "Karl", "Lea", "Li", "Maria",
    "Max", "Mei", "Nina", "Omar", "Paul", "Rosa", "Sara", "Tom", "Vera",
];
const LAST: [&str; 32] = [
    "Abel", "Baker", "Bauer", "Brandt", "Chen", "Cruz", "Diaz", "Evans", "Fischer", "Gomez",
    "Haas", "Hill", "Ito", "Jansen", "Khan", "Klein", "Kovac", "Lang", "Lopez", "Meyer", "Moreau",
    "Nagy", "Novak", "Olsen", "Park", "Reed", "Rossi", "Sato", "Silva", "Wang", "Weber", "Young",
];
const CITIES: [&str; 16] = [
    "Aarhus", "Bergen", "Bologna", "Brno", "Cork", "Dresden", "Ghent", "Graz", "Kyoto", "Leeds",
    "Lyon", "Malmo", "Porto", "Quito", "Tartu", "Utrecht",
];

/// Invents values of one kind for one domain.
pub(super) struct Fake {
    pub(super) hash: Hash,
    pub(super) kind: FakeKind,
}

impl Fake {
    pub(super) fn apply(&self, plain: &[u8]) -> Cell<'static> {
        let hash = self.hash.of(plain);
        let number = u64::from_be_bytes(*hash.first_chunk().unwrap_or(&[0; 8]));
        let pick =
            |list: &'static [&'static str], byte: usize| list[usize::from(hash[byte]) % list.len()];
        Cell::Utf8(match self.kind {
            FakeKind::Name => format!("{} {}", pick(&FIRST, 8), pick(&LAST, 9)),
            FakeKind::City => pick(&CITIES, 8).to_owned(),
            // `.invalid` is reserved (RFC 2606): no mail can ever be delivered.
            FakeKind::Email => format!("u{number:016x}@example.invalid"),
            // As long as a mobile number of China, none of which begins with 100.
            FakeKind::Phone => format!("100{:08}", number % 100_000_000),
            FakeKind::Uuid => uuid(&hash),
        })
    }
}

/// A UUID of version 8 (RFC 9562), with 122 bits of the hash.
fn uuid(hash: &[u8; 32]) -> String {
    let mut bytes = *hash.first_chunk::<16>().unwrap_or(&[0; 16]);
    // Version 8 and the variant of RFC 9562: a UUID whose bits are one's own.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let n = u128::from_be_bytes(bytes);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        n >> 96,
        n >> 80 & 0xffff,
        n >> 64 & 0xffff,
        n >> 48 & 0xffff,
        n & 0xffff_ffff_ffff
    )
}

//! The id of a request, which ties the lines of a log together.

use http::HeaderMap;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The header field that carries it.
pub const FIELD: &str = "x-request-id";

/// The longest id taken over from a client.
const LONGEST: usize = 64;

/// The id of a request: the client's (`X-Request-Id`) if it is 1 to 64 letters, digits and `.:_-`,
/// else one made here.
///
/// It is in the request's extensions when the server keeps an access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Box<str>);

impl RequestId {
    /// The client's id, or a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        match headers.get(FIELD).and_then(|value| value.to_str().ok()).filter(|id| sane(id)) {
            Some(id) => Self(id.into()),
            None => Self::made(),
        }
    }

    /// A new id, sixteen hexadecimal digits.
    #[must_use]
    pub fn made() -> Self {
        // Ids must differ between requests and runs; nobody must be kept from guessing them. A
        // keyed hash of a counter does both without reading the system's random numbers for each
        // request.
        static START: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut hasher = START.build_hasher();
        hasher.write_u64(NEXT.fetch_add(1, Ordering::Relaxed));
        let digits = hasher.finish().to_be_bytes().map(|byte| [byte >> 4, byte & 15]);
        let text: String = digits
            .iter()
            .flatten()
            .filter_map(|digit| char::from_digit(u32::from(*digit), 16))
            .collect();
        Self(text.into())
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn sane(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use rstest::rstest;

    #[rstest]
    #[case("a-B_9.x:1", true)]
    #[case("", false)]
    #[case("two words", false)]
    #[case("a\u{e9}", false)]
    #[case(&"x".repeat(64), true)]
    #[case(&"x".repeat(65), false)]
    fn a_sane_id_is_taken_over(#[case] id: &str, #[case] taken: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(FIELD, HeaderValue::from_bytes(id.as_bytes()).unwrap());
        let found = RequestId::of(&headers);
        assert_eq!(found.as_str() == id, taken);
        assert!(taken || found.as_str().len() == 16);
    }

    #[test]
    fn made_ids_differ() {
        assert_ne!(RequestId::made(), RequestId::made());
    }
}

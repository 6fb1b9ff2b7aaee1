//! An answer that is made once and sent often.

use crate::request_id::{FIELD, RequestId};
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, DATE};
use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An answer with status 200 to a GET, all but its date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    head: Bytes,
    body: Bytes,
}

/// Bodies up to here are copied behind their heads; with larger ones the head is what costs least.
const BODY: usize = 32 << 10;

/// Bytes of what is put between head and body: date, id and empty line.
const TAIL: usize = 128;

impl Prepared {
    /// The answer with these header fields and this body, unless that is too large to gain by it.
    /// Its length and its date are put beside the fields.
    #[must_use]
    pub fn new(headers: &HeaderMap, body: Bytes) -> Option<Self> {
        if body.len() > BODY {
            return None;
        }
        let mut head = BytesMut::from("HTTP/1.1 200 OK\r\n");
        let own = headers.iter().filter(|(name, _)| ![CONTENT_LENGTH, DATE].contains(name));
        for (name, value) in own {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                head.put_slice(part);
            }
        }
        head.put_slice(format!("content-length: {}\r\ndate: ", body.len()).as_bytes());
        Some(Self { head: head.freeze(), body })
    }

    /// Bytes of the body.
    pub(crate) fn length(&self) -> usize {
        self.body.len()
    }

    /// Writes it behind what is there, with the request's id where it has one.
    pub(crate) fn put(&self, out: &mut BytesMut, id: Option<&RequestId>) {
        out.reserve(self.head.len() + TAIL + self.body.len());
        out.put_slice(&self.head);
        put_date(out);
        if let Some(id) = id {
            for part in ["\r\n", FIELD, ": ", id.as_str()] {
                out.put_slice(part.as_bytes());
            }
        }
        out.put_slice(b"\r\n\r\n");
        out.put_slice(&self.body);
    }
}

/// Writes the date, which is put into words once a second in each thread.
fn put_date(out: &mut BytesMut) {
    // Formatting a date takes longer than the rest of such an answer, and a lock around one shared
    // text would be contended.
    thread_local! {
        static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    LAST.with_borrow_mut(|(second, words)| {
        if *second != now {
            *second = now;
            *words = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now));
        }
        out.put_slice(words.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::CONTENT_TYPE;

    #[test]
    fn it_is_an_answer_of_http() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("7"));
        let mut out = BytesMut::new();
        let body = Bytes::from_static(b"body");
        Prepared::new(&headers, body).expect("a small body").put(&mut out, None);
        let text = std::str::from_utf8(&out).expect("a text");
        let (head, body) = text.split_once("\r\n\r\n").expect("an empty line");
        let (fields, date) = head.rsplit_once("\r\ndate: ").expect("a date");
        assert_eq!(fields, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4");
        let date = httpdate::parse_http_date(date).expect("a date");
        assert!(date.elapsed().expect("not in the future") < Duration::from_secs(60));
        assert_eq!(body, "body");
    }

    #[test]
    fn large_body_is_not_copied() {
        let prepared = |length| Prepared::new(&HeaderMap::new(), vec![0; length].into());
        assert!(prepared(BODY).is_some());
        assert_eq!(prepared(BODY + 1), None);
    }
}

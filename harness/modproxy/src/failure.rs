//! Failures of requests: an HTTP status, and a text that `go` shows.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode};

use crate::body::Body;
use crate::kind::TEXT;
use crate::store::StoreError;

/// `go` shows this many lines of an error's body.
const MAX_LINES: usize = 8;

/// And this many bytes.
const MAX_BYTES: usize = 648;

/// A request that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) text: String,
}

/// The kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// No upstream has it. `go` goes on to its next proxy.
    NotFound,
    /// The request is not one of the protocol.
    Malformed,
    /// Our own rules do not let it through.
    Denied,
    /// Another method than GET and HEAD.
    Method,
    /// The upstream refused it: this status is passed on.
    Refused(u16),
    /// The upstream could not be reached, broke off, or said what cannot be used.
    Upstream,
    /// The upstream took too long.
    Timeout,
    /// Content contradicts the checksum database, or that contradicts itself. Never passed over.
    Security,
    /// The checksum database could not be asked.
    Unconfirmed,
    /// Too much is going on.
    Busy,
    /// The store is full.
    Full,
    /// The store failed otherwise.
    Store,
    /// Something of ours broke.
    Internal,
}

impl Failure {
    pub(crate) fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::new(Reason::NotFound, text)
    }

    /// Whether it means that there is no such thing, as 404 and 410 do.
    pub(crate) fn is_not_found(&self) -> bool {
        self.reason == Reason::NotFound
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self.reason {
            Reason::NotFound => StatusCode::NOT_FOUND,
            Reason::Malformed => StatusCode::BAD_REQUEST,
            Reason::Denied => StatusCode::FORBIDDEN,
            Reason::Method => StatusCode::METHOD_NOT_ALLOWED,
            Reason::Refused(status) => {
                StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY)
            }
            Reason::Upstream | Reason::Security | Reason::Unconfirmed => StatusCode::BAD_GATEWAY,
            Reason::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Reason::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Reason::Full => StatusCode::INSUFFICIENT_STORAGE,
            Reason::Store | Reason::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The answer, for a request with this method.
    pub(crate) fn answer(&self, method: &Method) -> Response<Body> {
        let text = clip(&self.text);
        let length = text.len() as u64;
        let body = if *method == Method::HEAD { Body::empty() } else { Body::whole(text.into()) };
        let mut answer = Response::new(body);
        *answer.status_mut() = self.status();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
        // A cache on the way would keep a failure longer than it lasts.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.reason {
            // RFC 9110: a 503 may say when to come again (10.2.3), a 405 names what is allowed
            // (15.5.6).
            Reason::Busy => _ = headers.insert(RETRY_AFTER, HeaderValue::from_static("1")),
            Reason::Method => _ = headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD")),
            _ => {}
        }
        answer
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let reason = match &error {
            StoreError::Full { .. } => Reason::Full,
            StoreError::Name(_) => Reason::NotFound,
            StoreError::ReadOnly { .. } => Reason::Full,
            StoreError::Read { .. }
            | StoreError::Write { .. }
            | StoreError::Outside { .. }
            | StoreError::TooLarge { .. } => Reason::Store,
        };
        Self::new(reason, error.to_string())
    }
}

/// The part of an error's text that `go` shows: until a blank line, few lines, no control
/// characters. It ends in a newline.
pub(crate) fn clip(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim().lines().take(MAX_LINES) {
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        for c in line.chars().filter(|c| !c.is_control() || *c == '\t') {
            if out.len() + c.len_utf8() >= MAX_BYTES {
                break;
            }
            out.push(c);
        }
        if out.len() + 1 >= MAX_BYTES {
            break;
        }
        out.push('\n');
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, clip};

    #[test]
    fn texts_are_short() {
        assert_eq!(clip("not found: x"), "not found: x\n");
        assert_eq!(clip("a\r\nb\n\nc"), "a\nb\n");
        assert_eq!(clip("a\u{1b}[1mb\0"), "a[1mb\n");
        assert_eq!(clip(&"l\n".repeat(20)), "l\n".repeat(8));
        assert_eq!(clip(""), "\n");
        assert!(clip(&"é".repeat(1000)).len() <= MAX_BYTES);
    }
}

//! The answers that the server gives by itself, and their wording.

use crate::settings::HttpLimits;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

/// The content type of the answers: the only one whose text the go command shows.
const TEXT: &str = "text/plain; charset=utf-8";

/// The reason why the server answers a request itself, without the handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not HTTP.
    Malformed,
    /// HTTP/1.1 without one `Host`.
    Host,
    /// Plain HTTP on a TLS port.
    Plain,
    /// The client certificate will not do.
    Forbidden(&'static str),
    /// The head took too long.
    Late,
    /// A body of unknown length.
    Length,
    /// A body that is too long.
    Body,
    /// The target is too long.
    Target,
    /// The head is too long, or has too many fields.
    Head,
    /// There are too many connections.
    Busy,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed | Self::Host | Self::Plain => StatusCode::BAD_REQUEST,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Length => StatusCode::LENGTH_REQUIRED,
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Target => StatusCode::URI_TOO_LONG,
            Self::Head => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The refusal that hyper has made with this status.
    pub(crate) fn of_status(status: &[u8]) -> Option<Self> {
        match status {
            b"400" => Some(Self::Malformed),
            b"414" => Some(Self::Target),
            b"431" => Some(Self::Head),
            _ => None,
        }
    }

    fn text(&self, limits: &HttpLimits) -> String {
        match self {
            Self::Malformed => "malformed request\n".into(),
            Self::Host => "a request of HTTP/1.1 needs one Host field\n".into(),
            Self::Plain => "this port speaks TLS: use https\n".into(),
            Self::Forbidden(reason) => format!("forbidden: {reason}\n"),
            Self::Late => "the head of the request took too long\n".into(),
            Self::Length => "a body needs a Content-Length\n".into(),
            Self::Body if limits.body == 0 => "a request may have no body here\n".into(),
            Self::Body => format!("the body is over {} bytes\n", limits.body),
            Self::Target => format!("the target is over {} bytes\n", limits.target),
            Self::Head => {
                format!(
                    "the head of the request is over {} bytes or {} fields\n",
                    limits.head, limits.fields
                )
            }
            Self::Busy => "too many connections\n".into(),
        }
    }

    /// Whether the connection ends with it.
    fn closes(&self) -> bool {
        // The request was read to its end, so the connection is in a known state and may be used
        // again.
        !matches!(self, Self::Forbidden(_) | Self::Target)
    }

    /// For hyper to send.
    pub(crate) fn response(&self, limits: &HttpLimits, http2: bool) -> Response<Bytes> {
        let mut response = Response::new(self.text(limits).into());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
        // HTTP/2 forbids the field Connection (RFC 9113, section 8.2.2).
        if self.closes() && !http2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// As it is on the wire, for where there is no request that hyper could answer.
    pub(crate) fn raw(&self, limits: &HttpLimits) -> Bytes {
        let text = self.text(limits);
        let status = self.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let retry =
            if *self == Self::Busy { format!("{RETRY_AFTER}: 1\r\n") } else { String::new() };
        format!(
            "HTTP/1.1 {} {reason}\r\n{CONTENT_TYPE}: {TEXT}\r\n{retry}content-length: {}\r\n\
             connection: close\r\n\r\n{text}",
            status.as_u16(),
            text.len()
        )
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_answers_are_whole() {
        let limits = HttpLimits::default();
        assert_eq!(
            Refusal::Busy.raw(&limits),
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
             retry-after: 1\r\ncontent-length: 21\r\nconnection: close\r\n\r\ntoo many connections\n"
        );
        assert_eq!(
            Refusal::Head.raw(&limits),
            "HTTP/1.1 431 Request Header Fields Too Large\r\n\
             content-type: text/plain; charset=utf-8\r\ncontent-length: 58\r\n\
             connection: close\r\n\r\n\
             the head of the request is over 16384 bytes or 100 fields\n"
        );
    }
}

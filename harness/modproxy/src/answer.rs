//! Facts of a file that are known when it is served, and the answer to a request for it:
//! conditional requests, one range, HEAD.
//!
//! Headers are made once for a file, not for each request.

use std::fs::File;
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use twinproof_httpd::Prepared;

use crate::body::Body;
use crate::eviction::{FilePin, Used};
use crate::kind::Kind;
use crate::partial_zip::PartialZip;
use crate::singleflight::Interest;

/// The bytes of a file.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Memory(Bytes),
    /// A file that stays while it is being read; not for as long as it is only open.
    File {
        file: Arc<File>,
        length: u64,
        /// The same, where the system can send it from there.
        mapped: Option<Bytes>,
        pin: Option<Weak<FilePin>>,
    },
    /// A file that is still arriving, for one answer.
    Partial(Arc<PartialZip>, Interest),
}

impl Payload {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
            Self::Partial(zip, _) => zip.length.unwrap_or(u64::MAX),
        }
    }

    fn part(&self, start: u64, length: u64) -> Body {
        match self {
            Self::Memory(bytes) => {
                // Never past the end, whatever the range says: a slice out of bounds would end the
                // connection's task.
                let end = usize::try_from(start + length).unwrap_or(usize::MAX).min(bytes.len());
                let start = usize::try_from(start).unwrap_or(usize::MAX).min(end);
                Body::whole(bytes.slice(start..end))
            }
            Self::File { file, mapped, pin, .. } => {
                let pin = pin.as_ref().and_then(Weak::upgrade);
                Body::file(Arc::clone(file), mapped.clone(), start, length, pin)
            }
            Self::Partial(zip, interest) => Body::partial(Arc::clone(zip), interest.clone()),
        }
    }
}

/// A file as it is served.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) kind: Kind,
    pub(crate) payload: Payload,
    /// Until when it may be served without looking again; `None` for what never changes.
    pub(crate) until: Option<Instant>,
    /// The last-use time to update, if the store evicts by a budget.
    used: Option<Used>,
    headers: HeaderMap,
    /// The answer to a plain GET, where the bytes are in memory.
    plain: Option<Prepared>,
    etag: HeaderValue,
    modified: Option<SystemTime>,
}

/// For how long others may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Forever,
    Seconds(u64),
}

impl Content {
    /// A file with the given tag, which must change when the bytes do.
    pub(crate) fn new(
        kind: Kind,
        payload: Payload,
        tag: &str,
        modified: Option<SystemTime>,
        keep: Keep,
    ) -> Self {
        let etag = HeaderValue::try_from(format!("\"{tag}\""))
            .unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind.content_type()));
        let cache = match keep {
            // A version never changes; a year is the longest age that caches are meant to obey (RFC
            // 2616, 14.21).
            Keep::Forever => HeaderValue::from_static("public, max-age=31536000, immutable"),
            Keep::Seconds(0) => HeaderValue::from_static("no-cache"),
            Keep::Seconds(n) => HeaderValue::try_from(format!("public, max-age={n}"))
                .unwrap_or_else(|_| HeaderValue::from_static("no-cache")),
        };
        headers.insert(CACHE_CONTROL, cache);
        headers.insert(ETAG, etag.clone());
        if let Some(time) = modified
            && let Ok(value) = HeaderValue::try_from(httpdate::fmt_http_date(time))
        {
            headers.insert(LAST_MODIFIED, value);
        }
        // Ranges are of use for large files only: a go command resumes no list.
        if kind == Kind::Zip {
            headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        let plain = match &payload {
            Payload::Memory(bytes) => Prepared::new(&headers, bytes.clone()),
            Payload::File { .. } | Payload::Partial(..) => None,
        };
        Self { kind, payload, until: None, used: None, headers, plain, etag, modified }
    }

    /// Bytes in memory, with a tag from their hash.
    pub(crate) fn memory(
        kind: Kind,
        bytes: Bytes,
        modified: Option<SystemTime>,
        keep: Keep,
    ) -> Self {
        let hash = Sha256::digest(&bytes);
        // 144 bits make 24 characters without padding, and are far more than a tag needs.
        let tag = URL_SAFE_NO_PAD.encode(hash.get(..18).unwrap_or_default());
        Self::new(kind, Payload::Memory(bytes), &tag, modified, keep)
    }

    /// The same, to be looked at again at `until`.
    pub(crate) fn until(mut self, until: Instant) -> Self {
        self.until = Some(until);
        self
    }

    /// The same, with its uses noted.
    pub(crate) fn used(mut self, used: Option<Used>) -> Self {
        self.used = used;
        self
    }

    /// Notes that it is used now.
    pub(crate) fn touch(&self) {
        if let Some(used) = &self.used {
            used.touch();
        }
    }

    /// Its bytes, when they are in memory.
    pub(crate) fn bytes(&self) -> Option<Bytes> {
        match &self.payload {
            Payload::Memory(bytes) => Some(bytes.clone()),
            Payload::File { .. } | Payload::Partial(..) => None,
        }
    }

    /// The answer to a GET without conditions, made before, where the bytes are few and in memory.
    pub(crate) fn plain(&self) -> Option<&Prepared> {
        self.plain.as_ref()
    }

    /// Bytes that it takes in memory, about.
    pub(crate) fn weight(&self) -> u64 {
        const OVERHEAD: u64 = 1024;
        OVERHEAD
            + match &self.payload {
                Payload::Memory(bytes) => bytes.len() as u64,
                Payload::File { .. } | Payload::Partial(..) => 0,
            }
    }

    /// Whether a request can be answered with a zip that is still arriving: it wants all of it, and
    /// names none that it has.
    pub(crate) fn may_be_growing(method: &Method, asked: &HeaderMap) -> bool {
        let conditions = [IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_RANGE, RANGE];
        *method == Method::GET && !conditions.iter().any(|name| asked.contains_key(name))
    }

    /// A zip that is still arriving. It has no tag yet, and no parts of it are to be had.
    pub(crate) fn partial(zip: Arc<PartialZip>, interest: Interest) -> Self {
        let payload = Payload::Partial(zip, interest);
        let mut content = Self::new(Kind::Zip, payload, "", None, Keep::Forever);
        // An arriving zip has no hash yet, and a part of it may be all that ever comes.
        content.headers.remove(ETAG);
        content.headers.remove(ACCEPT_RANGES);
        content
    }

    /// The answer to a GET or HEAD with these headers.
    pub(crate) fn answer(&self, method: &Method, asked: &HeaderMap) -> Response<Body> {
        if self.not_modified(asked) {
            return self.bare(StatusCode::NOT_MODIFIED);
        }
        let length = self.payload.length();
        // RFC 9110, section 14.2: a range is of GET alone.
        let range = if *method == Method::GET { self.range(asked) } else { Range::Whole };
        match range {
            Range::Whole => {}
            Range::Part { start, end } => {
                let mut answer = Response::new(self.payload.part(start, end - start));
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                *answer.headers_mut() = self.headers.clone();
                let range = format!("bytes {start}-{}/{length}", end - 1);
                if let Ok(range) = HeaderValue::try_from(range) {
                    answer.headers_mut().insert(CONTENT_RANGE, range);
                }
                return answer;
            }
            Range::Outside => {
                let mut answer = self.bare(StatusCode::RANGE_NOT_SATISFIABLE);
                answer.headers_mut().remove(CONTENT_TYPE);
                if let Ok(range) = HeaderValue::try_from(format!("bytes */{length}")) {
                    answer.headers_mut().insert(CONTENT_RANGE, range);
                }
                return answer;
            }
        }
        if *method == Method::HEAD {
            let mut answer = self.bare(StatusCode::OK);
            answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            return answer;
        }
        let mut answer = Response::new(self.payload.part(0, length));
        *answer.headers_mut() = self.headers.clone();
        answer
    }

    fn bare(&self, status: StatusCode) -> Response<Body> {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = status;
        *answer.headers_mut() = self.headers.clone();
        answer
    }

    /// RFC 9110, section 13.2.2: the tag decides, and the date only where there is no tag.
    fn not_modified(&self, asked: &HeaderMap) -> bool {
        // RFC 9110, 13.1.3: beside If-None-Match the date does not count.
        if asked.contains_key(IF_NONE_MATCH) {
            return asked.get_all(IF_NONE_MATCH).iter().any(|value| self.listed(value));
        }
        let since = asked.get(IF_MODIFIED_SINCE).and_then(date);
        matches!((since, self.modified), (Some(since), Some(modified)) if whole_seconds(modified) <= since)
    }

    /// Whether an `If-None-Match` names this file: compared weakly, as RFC 9110 says.
    fn listed(&self, value: &HeaderValue) -> bool {
        let (Ok(list), Ok(own)) = (value.to_str(), self.etag.to_str()) else { return false };
        list.split(',')
            .map(str::trim)
            // The weak comparison, which RFC 9110 has for this field.
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own)
    }

    fn range(&self, asked: &HeaderMap) -> Range {
        let Some(value) = asked.get(RANGE) else { return Range::Whole };
        // A server may ignore Range (RFC 9110, 14.2); small files are sent whole.
        if self.kind != Kind::Zip {
            return Range::Whole;
        }
        // A range of something else is of no use to anybody: then all of it is sent.
        if let Some(condition) = asked.get(IF_RANGE) {
            let same = *condition == self.etag
                || matches!((date(condition), self.modified),
                    (Some(when), Some(modified)) if when == whole_seconds(modified));
            if !same {
                return Range::Whole;
            }
        }
        value.to_str().map_or(Range::Whole, |text| Range::parse(text, self.payload.length()))
    }
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// HTTP dates have no fractions.
fn whole_seconds(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(since.as_secs()),
        Err(_) => time,
    }
}

/// The requested part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    Whole,
    Part { start: u64, end: u64 },
    Outside,
}

impl Range {
    /// Reads a `Range` header. Anything but one range of bytes counts as no range, as RFC 9110,
    /// section 14.2, allows.
    fn parse(text: &str, length: u64) -> Self {
        let Some((first, last)) = text.strip_prefix("bytes=").and_then(|spec| spec.split_once('-'))
        else {
            return Self::Whole;
        };
        let number = |text: &str| -> Result<Option<u64>, ()> {
            match text.trim() {
                "" => Ok(None),
                digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                    Ok(Some(digits.parse().unwrap_or(u64::MAX)))
                }
                _ => Err(()),
            }
        };
        let (start, end) = match (number(first), number(last)) {
            (Ok(Some(first)), Ok(None)) => (first, length),
            (Ok(Some(first)), Ok(Some(last))) if first <= last => {
                // Both ends of a range are inclusive, and the last may lie behind the content's.
                (first, last.saturating_add(1).min(length))
            }
            (Ok(None), Ok(Some(count))) => {
                if count == 0 {
                    return Self::Outside;
                }
                (length.saturating_sub(count), length)
            }
            _ => return Self::Whole,
        };
        if start < end { Self::Part { start, end } } else { Self::Outside }
    }
}

#[cfg(test)]
mod tests {
    use super::Range::{self, Outside, Part, Whole};

    #[test]
    fn ranges() {
        let cases = [
            ("bytes=0-0", Part { start: 0, end: 1 }),
            ("bytes=2-", Part { start: 2, end: 10 }),
            ("bytes=2-99", Part { start: 2, end: 10 }),
            ("bytes=-3", Part { start: 7, end: 10 }),
            ("bytes=-30", Part { start: 0, end: 10 }),
            ("bytes=10-", Outside),
            ("bytes=-0", Outside),
            ("bytes=99999999999999999999-", Outside),
            ("bytes=3-2", Whole),
            ("bytes=0-1,4-5", Whole),
            ("bytes=a-b", Whole),
            ("bytes=-", Whole),
            ("lines=0-1", Whole),
            ("", Whole),
        ];
        for (text, want) in cases {
            assert_eq!(Range::parse(text, 10), want, "{text}");
        }
        assert_eq!(Range::parse("bytes=0-", 0), Outside);
    }
}

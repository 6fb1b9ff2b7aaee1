//! The requests that a server got, in order.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most requests that are kept; the oldest are forgotten first.
const MAX_REQUESTS: usize = 200_000;

/// Time for which a reader of the record waits for answers that are being sent.
// A client may see the end of an answer before the origin has noted it. Without the wait, checks of
// sent bytes would fail now and then.
const SETTLE: Duration = Duration::from_secs(2);

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The name, in lowercase.
    pub name: String,
    /// Its value; what is not UTF-8 is replaced.
    pub value: String,
    /// Whether it carries credentials, which are kept for tests of leaks and not to be shown.
    pub secret: bool,
}

/// A request, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its place in the order of arrival, from 0 since the start or the last clearing.
    pub number: u64,
    /// The method.
    pub method: String,
    /// The target as it came over the wire.
    pub target: String,
    /// The minor version of HTTP/1.
    pub version: u8,
    /// The headers, in order.
    pub headers: Vec<Header>,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The subject of the certificate that the client showed.
    pub client: Option<String>,
    /// The status sent; none when there was no answer.
    pub status: Option<u16>,
    /// Bytes of content sent.
    pub sent: u64,
    /// The index of the rule that was applied.
    pub rule: Option<usize>,
    /// Microseconds from the start of the server to its arrival.
    pub at: u64,
    /// Microseconds from its arrival to the end of the answer; none before that.
    pub took: Option<u64>,
}

impl Request {
    /// The value of the first header with this name, which is given in lowercase.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }
}

/// The headers of which the values are secret.
const SECRET: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// The headers of a request's head.
pub(crate) fn headers(head: &[httparse::Header<'_>]) -> Vec<Header> {
    let header = |header: &httparse::Header<'_>| {
        let name = header.name.to_ascii_lowercase();
        let secret = SECRET.contains(&name.as_str());
        Header { secret, name, value: String::from_utf8_lossy(header.value).into_owned() }
    };
    head.iter().map(header).collect()
}

/// The requests of one server.
pub(crate) struct Log {
    start: Instant,
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<Request>,
    /// The number of the next request, and of the next one since the start.
    next: u64,
    /// Number of times that the record was cleared.
    age: u64,
    /// Answers being sent.
    sending: usize,
}

/// The request's number.
#[derive(Clone, Copy)]
pub(crate) struct Id {
    age: u64,
    number: u64,
}

impl Log {
    pub fn new() -> Self {
        Self { start: Instant::now(), kept: Mutex::default(), changed: Condvar::new() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes down a request that has arrived. Its number, its time and the answer are filled in.
    pub fn arrived(&self, mut request: Request) -> Id {
        let mut kept = self.kept();
        // `age` tells requests from before a clearing apart: one that is answered afterwards must
        // not change a new entry.
        let id = Id { age: kept.age, number: kept.next };
        (request.number, request.at) = (kept.next, self.micros());
        kept.next += 1;
        if kept.requests.len() == MAX_REQUESTS {
            // The newest are kept: a check looks at what its own step caused.
            kept.requests.pop_front();
        }
        kept.requests.push_back(request);
        self.changed.notify_all();
        id
    }

    fn update(&self, id: Id, change: impl FnOnce(&mut Kept, usize)) {
        let mut kept = self.kept();
        let first = kept.requests.front().map_or(0, |request| request.number);
        let index = id.number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(index) = index.filter(|i| id.age == kept.age && *i < kept.requests.len()) {
            change(&mut kept, index);
        }
        drop(kept);
        self.changed.notify_all();
    }

    /// The rule with this index is applied to a request.
    pub fn ruled(&self, id: Id, rule: usize) {
        self.update(id, |kept, i| {
            if let Some(request) = kept.requests.get_mut(i) {
                request.rule = Some(rule);
            }
        });
    }

    /// An answer with this status is about to be sent.
    pub fn sending(&self, id: Id, status: u16) {
        self.update(id, |kept, i| {
            if let Some(request) = kept.requests.get_mut(i) {
                request.status = Some(status);
                kept.sending += 1;
            }
        });
    }

    /// The answer to a request is complete, or was given up.
    pub fn done(&self, id: Id, sent: u64) {
        let now = self.micros();
        self.update(id, |kept, i| {
            if let Some(request) = kept.requests.get_mut(i) {
                let answered = request.status.is_some();
                (request.sent, request.took) = (sent, Some(now.saturating_sub(request.at)));
                kept.sending -= usize::from(answered && kept.sending > 0);
            }
        });
    }

    /// The requests so far, in order, from the one with this number. Waits a little for answers that are being sent, so that who has
    /// read an answer finds it written down.
    pub fn requests(&self, from: u64) -> Vec<Request> {
        let kept = self.kept();
        let settled = self.changed.wait_timeout_while(kept, SETTLE, |kept| kept.sending > 0);
        let (kept, _) = settled.unwrap_or_else(PoisonError::into_inner);
        let first = kept.requests.front().map_or(0, |request| request.number);
        let skip = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        kept.requests.iter().skip(skip).cloned().collect()
    }

    /// Waits until `n` requests have arrived, at most for `limit`; whether they have.
    pub fn wait_for(&self, n: u64, limit: Duration) -> bool {
        let kept = self.kept();
        let waited = self.changed.wait_timeout_while(kept, limit, |kept| kept.next < n);
        waited.unwrap_or_else(PoisonError::into_inner).0.next >= n
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        let mut kept = self.kept();
        *kept = Kept { age: kept.age + 1, ..Kept::default() };
    }
}

//! The access log: one line for each request, when its answer has been handed over.
//!
//! Neither query, user information, `Authorization` nor cookies are in it.

use crate::peer::Peer;
use crate::request_id::RequestId;
use http::{Method, Request, StatusCode, header};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a path and of an agent that are logged.
const LONGEST: usize = 1024;

/// The line of a request, while it is being answered.
#[derive(Debug)]
pub(crate) struct AccessLine<'a> {
    id: RequestId,
    method: Method,
    path: Cow<'a, str>,
    agent: Cow<'a, str>,
    http2: bool,
    peer: Cow<'a, Arc<Peer>>,
    begun: Instant,
    status: u16,
    bytes: u64,
    whole: bool,
}

impl<'a> AccessLine<'a> {
    /// Begins the line of a GET that has no id and is not HTTP/2.
    pub(crate) fn plain(path: &'a str, agent: &'a str, peer: &'a Arc<Peer>) -> Self {
        Self {
            id: RequestId::made(),
            method: Method::GET,
            path: cut(path).into(),
            agent: cut(agent).into(),
            http2: false,
            peer: Cow::Borrowed(peer),
            begun: Instant::now(),
            status: 0,
            bytes: 0,
            whole: false,
        }
    }
}

impl AccessLine<'static> {
    /// Begins the line, and puts the request's id into its extensions.
    pub(crate) fn begin<B>(request: &mut Request<B>, peer: &Arc<Peer>) -> Box<Self> {
        let id = RequestId::of(request.headers());
        let agent = request.headers().get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let line = Self {
            id: id.clone(),
            method: request.method().clone(),
            path: cut(request.uri().path()).to_owned().into(),
            agent: cut(agent).to_owned().into(),
            http2: request.version() == http::Version::HTTP_2,
            peer: Cow::Owned(Arc::clone(peer)),
            begun: Instant::now(),
            status: 0,
            bytes: 0,
            whole: false,
        };
        request.extensions_mut().insert(id);
        Box::new(line)
    }
}

impl AccessLine<'_> {
    pub(crate) fn id(&self) -> &RequestId {
        &self.id
    }

    /// Whether the answer has no body whatever it says.
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// The answer was handed over whole.
    pub(crate) fn whole(&mut self) {
        self.whole = true;
    }

    pub(crate) fn log(&self) {
        tracing::info!(
            target: "access",
            id = self.id.as_str(),
            method = self.method.as_str(),
            path = &*self.path,
            status = self.status,
            bytes = self.bytes,
            micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            whole = self.whole,
            http = if self.http2 { "2" } else { "1.1" },
            peer = %self.peer.address,
            identity = self.peer.identity.as_deref(),
            agent = &*self.agent,
        );
    }
}

/// The beginning of a text.
fn cut(text: &str) -> &str {
    // A path may have 8 KiB, and each request of a scanner would fill the log with one.
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

//! The access log: one line for each request, when its answer has been handed over.
//!
//! Neither query, user information, `Authorization` nor cookies are in it.

use crate::peer::Peer;
use crate::request_id::RequestId;
use http::{Method, Request, StatusCode, header};
use std::sync::Arc;
use std::time::Instant;

/// The longest path and agent that are logged.
const LONGEST: usize = 1024;

/// The line of a request, while it is being answered.
#[derive(Debug)]
pub(crate) struct AccessLine {
    id: RequestId,
    method: Method,
    path: String,
    agent: String,
    http2: bool,
    peer: Arc<Peer>,
    begun: Instant,
    status: u16,
    bytes: u64,
    whole: bool,
}

impl AccessLine {
    /// Begins the line, and puts the request's id into its extensions.
    pub(crate) fn begin<B>(request: &mut Request<B>, peer: &Arc<Peer>) -> Box<Self> {
        let id = RequestId::of(request.headers());
        let agent = request.headers().get(header::USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let http2 = request.version() == http::Version::HTTP_2;
        let path = request.uri().path();
        let entry = Self::new(id.clone(), request.method().clone(), path, agent, http2, peer);
        request.extensions_mut().insert(id);
        Box::new(entry)
    }

    /// Begins the line of a GET that has no id and is not HTTP/2.
    pub(crate) fn plain(path: &str, agent: &str, peer: &Arc<Peer>) -> Self {
        Self::new(RequestId::made(), Method::GET, path, agent, false, peer)
    }

    fn new(
        id: RequestId,
        method: Method,
        path: &str,
        agent: &str,
        http2: bool,
        peer: &Arc<Peer>,
    ) -> Self {
        Self {
            id,
            method,
            path: cut(path),
            agent: cut(agent),
            http2,
            peer: Arc::clone(peer),
            begun: Instant::now(),
            status: 0,
            bytes: 0,
            whole: false,
        }
    }

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
            path = self.path,
            status = self.status,
            bytes = self.bytes,
            micros = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            whole = self.whole,
            http = if self.http2 { "2" } else { "1.1" },
            peer = %self.peer.address,
            identity = self.peer.identity.as_deref(),
            agent = self.agent,
        );
    }
}

/// The beginning of a text.
fn cut(text: &str) -> String {
    // A path may have 8 KiB, and each request of a scanner would fill the log with one.
    text.chars().take(LONGEST).collect()
}

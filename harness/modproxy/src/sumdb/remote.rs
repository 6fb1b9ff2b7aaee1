//! The way to a database: its own URL, or an upstream that relays it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use twinproof_sumdb::client::{Fetch, FetchError, MAX_RESPONSE};

use crate::failure::{Failure, Reason};
use crate::kind::Kind;
use crate::metrics::Metrics;
use crate::upstream::{Upstream, Upstreams};

/// The way to one database.
pub(super) struct Remote {
    name: String,
    url: Option<String>,
    upstreams: Arc<Upstreams>,
    metrics: Arc<Metrics>,
    runtime: Handle,
    offline: bool,
    /// The way, once it has been found.
    found: Mutex<Option<Way>>,
}

#[derive(Clone)]
enum Way {
    Url(String),
    Through(Arc<Upstream>),
}

impl Remote {
    pub(super) fn new(
        name: &str,
        url: Option<&str>,
        upstreams: Arc<Upstreams>,
        metrics: Arc<Metrics>,
        offline: bool,
    ) -> Self {
        Self {
            name: name.to_owned(),
            url: url.map(|url| url.trim_end_matches('/').to_owned()),
            upstreams,
            metrics,
            runtime: Handle::current(),
            offline,
            found: Mutex::default(),
        }
    }

    /// Finds the way as `go` does: an upstream that says it supports the database is used, and the
    /// database itself only when all say that they do not.
    async fn way(&self) -> Result<Way, Failure> {
        if let Some(url) = &self.url {
            return Ok(Way::Url(url.clone()));
        }
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(way) = found {
            return Ok(way);
        }
        let target = &*format!("/sumdb/{}/supported", self.name);
        let relays = |upstream: Arc<Upstream>| async move {
            self.upstreams.get(&upstream, target).await?;
            Ok(Way::Through(upstream))
        };
        let way = match self.upstreams.find(&self.name, relays).await {
            // As `go` does it: only when every proxy says 404 or 410 is the database asked
            // directly.
            Err(failure) if failure.is_not_found() => Way::Url(format!("https://{}", self.name)),
            found => found?,
        };
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(way.clone());
        Ok(way)
    }

    async fn fetch(&self, path: &str) -> Result<Vec<u8>, Failure> {
        if self.offline {
            return Err(Failure::new(Reason::Upstream, "this proxy is offline"));
        }
        // As `go` sends it (measured): some servers route `!` in another way.
        let path = path.replace('!', "%21");
        let time = self.upstreams.times().small;
        let work = async {
            let reply = match self.way().await? {
                Way::Url(base) => {
                    self.upstreams.get_url(&format!("{base}{path}"), &self.name).await?
                }
                Way::Through(upstream) => {
                    let target = format!("/sumdb/{}{path}", self.name);
                    self.upstreams.get(&upstream, &target).await?
                }
            };
            reply.all(MAX_RESPONSE as u64).await
        };
        match tokio::time::timeout(time, work).await {
            Ok(result) => result.map(|bytes| bytes.to_vec()),
            Err(_) => Err(Failure::new(Reason::Timeout, "it took too long to answer")),
        }
    }
}

impl Fetch for Remote {
    /// Waits: the client is called on threads that may.
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        // Called on blocking threads only: on a worker this would stop the runtime.
        let result = self.runtime.block_on(self.fetch(path));
        let kind = if path.starts_with("/tile/") { Kind::Tile } else { Kind::Sumdb };
        match result {
            Ok(data) => {
                self.metrics.asked(kind, "ok");
                Ok(data)
            }
            Err(failure) => {
                let outcome = if failure.is_not_found() { "not_found" } else { "failed" };
                self.metrics.asked(kind, outcome);
                Err(match failure.reason {
                    Reason::NotFound => FetchError::NotFound,
                    // 403 is what a gatekeeper answers: it is passed on as such.
                    Reason::Refused(403) => FetchError::Refused,
                    _ => FetchError::Transport(failure.text),
                })
            }
        }
    }
}

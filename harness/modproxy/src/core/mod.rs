//! The file that answers a request, before it is an HTTP answer: from the store, or fetched, checked
//! and kept.

mod file;
mod latest;
mod list;
mod query;
mod refusal;
mod zip;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use prometheus_client::metrics::gauge::Gauge;
use quick_cache::sync::Cache;
use tokio::task::spawn_blocking;
use twinproof_gomod::Request;
use twinproof_gomod::gomodfile::GoMod;
use twinproof_httpd::Counters;

use crate::answer::Content;
use crate::eviction::{Eviction, Version};
use crate::failure::{Failure, Reason};
use crate::fetch_limiter::{Client, FetchLimiter, Turn};
use crate::kind::Kind;
use crate::metrics::{Layer, Metrics};
use crate::opened::OpenZips;
use crate::partial_zip::PartialZip;
use crate::policy::Policy;
use crate::settings::Settings;
use crate::singleflight::{Given, Publisher, Singleflight};
use crate::store::{Name, Store, StoreError};
use crate::sumdb::{Database, DatabaseError};
use crate::ttl_cache::{Kept, TtlCache};
use crate::upstream::{Upstream, UpstreamError, Upstreams};

pub(crate) use file::Wanted;

/// A file to serve, and where it came from.
pub(crate) type Got = Result<(Arc<Content>, Layer), Failure>;

/// The result of a fetch, for all requests that wait for it.
type Fetched = Result<Arc<Content>, Failure>;

/// The state that outlives a change of settings.
pub(crate) struct Lasting {
    pub(crate) store: Arc<Store>,
    pub(crate) metrics: Arc<Metrics>,
    /// Present when the store has a budget.
    pub(crate) eviction: Option<Arc<Eviction>>,
    pub(crate) open_zips: Arc<OpenZips>,
    /// Zips of the store that were found to be what they should be, as they were then.
    verified: Cache<Version, (u64, Option<SystemTime>)>,
    fetches: Singleflight<Arc<PartialZip>, Fetched>,
}

/// Zips whose state is remembered.
// Names of versions whose sums the database has confirmed. One that was dropped is
// asked for again.
const VERIFIED: usize = 16_384;

impl Lasting {
    pub(crate) fn new(
        store: Store,
        budget: Option<u64>,
        connections: Option<Arc<Counters>>,
    ) -> Self {
        let budget = budget.filter(|_| !store.is_read_only());
        Self {
            eviction: budget.map(|budget| Arc::new(Eviction::new(budget))),
            metrics: Arc::new(Metrics::new(&store.damaged, connections)),
            store: Arc::new(store),
            open_zips: Arc::new(OpenZips::new()),
            verified: Cache::new(VERIFIED),
            fetches: Singleflight::new(),
        }
    }
}

/// Settings cannot be put to work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The upstreams cannot be used.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A checksum database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// The proxy's state for one set of settings.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) policy: Policy,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) databases: Vec<Arc<Database>>,
    pub(crate) lasting: Arc<Lasting>,
    /// Small files and zips: neither waits for the other.
    small_fetches: FetchLimiter,
    zip_fetches: FetchLimiter,
    pub(crate) ttl_cache: TtlCache,
}

impl Core {
    /// Must be called within a tokio runtime.
    pub(crate) fn new(settings: Settings, lasting: Arc<Lasting>) -> Result<Self, SettingsError> {
        let upstreams = Arc::new(Upstreams::new(&settings)?);
        let (store, metrics) = (&lasting.store, &lasting.metrics);
        let databases: Result<Vec<Arc<Database>>, DatabaseError> = settings
            .databases
            .iter()
            .map(|d| Database::new(d, &upstreams, store, metrics, settings.offline).map(Arc::new))
            .collect();
        Ok(Self {
            policy: Policy::new(&settings),
            databases: databases?,
            upstreams,
            small_fetches: FetchLimiter::new(settings.limits.fetches, settings.times.patience),
            zip_fetches: FetchLimiter::new(settings.limits.zips, settings.times.patience),
            ttl_cache: TtlCache::new(),
            lasting,
            settings,
        })
    }

    fn store(&self) -> &Arc<Store> {
        &self.lasting.store
    }

    fn metrics(&self) -> &Metrics {
        &self.lasting.metrics
    }

    /// Does work with the store that waits for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Failure> {
        let store = Arc::clone(self.store());
        match spawn_blocking(move || work(&store)).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Failure::new(Reason::Internal, error.to_string())),
        }
    }

    /// The one fetch of a file, however many want it. The fetch looks into the store first: it may
    /// have begun when another had just ended.
    pub(crate) async fn together<F>(&self, name: &str, work: impl FnOnce() -> F) -> Fetched
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        match self.together_or_part(name, false, |_| work()).await? {
            Given::Whole(fetched) => fetched,
            Given::Part(..) => Err(Failure::new(Reason::Internal, "a part was not asked for")),
        }
    }

    /// The same, or what there is of it so far where that will do.
    async fn together_or_part<F>(
        &self,
        name: &str,
        part: bool,
        work: impl FnOnce(Publisher<Arc<PartialZip>, Fetched>) -> F,
    ) -> Result<Given<Arc<PartialZip>, Fetched>, Failure>
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        let (given, joined) = self.lasting.fetches.run(name, part, work).await;
        if joined {
            self.metrics().joins.inc();
        }
        given.map_err(|e| Failure::new(Reason::Internal, e.to_string()))
    }

    /// Asks the upstreams for a small file, one after the other, until one has what passes `check`.
    async fn fetch_small<T>(
        &self,
        (kind, client): (Kind, Client),
        target: &str,
        limit: u64,
        check: impl Fn(&bytes::Bytes) -> Result<T, String>,
    ) -> Result<(bytes::Bytes, T), Failure> {
        let time = self.upstreams.times().small;
        let check = &check;
        self.fetch((kind, client), target, time, |upstream| async move {
            let reply = self.upstreams.get(&upstream, target).await?;
            let bad = |why: &str| bad_content(&upstream, target, why);
            let html = reply.html;
            let bytes = reply.all(limit).await?;
            // The other kinds are recognised by their contents, and `go` believes no label either.
            if html && kind == Kind::Mod && !has_module_line(&bytes) {
                return Err(bad("it is a web page"));
            }
            let checked = check(&bytes).map_err(|why| bad(&why))?;
            Ok((bytes, checked))
        })
        .await
    }

    /// Waits for the client's turn and asks the upstreams with `ask`, each for at most `time`, until
    /// one has the file.
    async fn fetch<T, F>(
        &self,
        (kind, client): (Kind, Client),
        target: &str,
        time: Duration,
        ask: impl Fn(Arc<Upstream>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        // Held until the fetch has ended, whichever upstream answers.
        let _permit = self.permit(kind, client).await?;
        let started = Instant::now();
        let found = self
            .upstreams
            .find(target.trim_start_matches('/'), |upstream| {
                let asking = ask(Arc::clone(&upstream));
                async move {
                    let result = within(time, &upstream, asking).await;
                    self.count(kind, &result);
                    if let Err(failure) = &result {
                        log_failure(&upstream, target, failure);
                    }
                    result
                }
            })
            .await;
        self.metrics().fetched(kind, started.elapsed());
        found
    }

    /// Waits for a client's turn to have something fetched.
    async fn permit(&self, kind: Kind, client: Client) -> Result<Permit<'_>, Failure> {
        let limiter = if kind == Kind::Zip { &self.zip_fetches } else { &self.small_fetches };
        let waiting = Counted::new(&self.metrics().waiting);
        let turn = limiter.enter(client).await?;
        // From here on the fetch counts as under way, not as waiting.
        drop(waiting);
        Ok(Permit { _running: Counted::new(&self.metrics().fetches), _turn: turn })
    }

    fn count<T>(&self, kind: Kind, result: &Result<T, Failure>) {
        self.metrics().asked(
            kind,
            match result {
                Ok(_) => "ok",
                Err(failure) if failure.is_not_found() => "not_found",
                Err(failure) if failure.reason == Reason::Timeout => "timeout",
                Err(_) => "failed",
            },
        );
    }

    /// The files that are remembered not to exist.
    pub(crate) fn failure(&self, name: &Name) -> Option<Failure> {
        self.ttl_cache.get(name).filter(Kept::is_fresh).and_then(|kept| kept.answer.err())
    }

    /// Remembers for a short time that something does not exist.
    pub(crate) fn keep_absence(&self, name: &Name, failure: &Failure) {
        if failure.is_not_found() {
            let answer = Err(failure.clone());
            self.ttl_cache.keep(name, answer, self.settings.ttl.negative, Duration::ZERO);
        }
    }
}

/// The name of the answer in the store, and the target to request from upstreams.
fn place(request: &Request) -> Result<(Name, String), Failure> {
    let bad = |e: &dyn std::fmt::Display| Failure::not_found(e.to_string());
    let name = Name::new(request.store_path().map_err(|e| bad(&e))?).map_err(|e| bad(&e))?;
    Ok((name, request.target().map_err(|e| bad(&e))?))
}

struct Permit<'a> {
    _running: Counted<'a>,
    _turn: Turn,
}

/// Raises a gauge by one until it is dropped.
struct Counted<'a>(&'a Gauge);

impl<'a> Counted<'a> {
    fn new(gauge: &'a Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn log_failure(upstream: &Upstream, target: &str, failure: &Failure) {
    if failure.is_not_found() {
        tracing::debug!(upstream = upstream.name, target, "upstream does not have it");
    } else {
        tracing::warn!(upstream = upstream.name, target, error = failure.text, "upstream failed");
    }
}

/// Whether bytes can be a go.mod that says whose it is.
fn has_module_line(bytes: &[u8]) -> bool {
    GoMod::parse(bytes).is_ok_and(|go_mod| go_mod.module.is_some())
}

/// The answer of an upstream is not the file that was asked for.
fn bad_content(upstream: &Upstream, target: &str, why: &str) -> Failure {
    let text = format!("{} sent for {target} what cannot be used: {why}", upstream.name);
    Failure::new(Reason::Upstream, text)
}

/// Gives up on an upstream after some time.
async fn within<T>(
    time: Duration,
    upstream: &Upstream,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(time, work).await.unwrap_or_else(|_| {
        let text = format!("{} took longer than {} s", upstream.name, time.as_secs());
        Err(Failure::new(Reason::Timeout, text))
    })
}

//! The proxy as a whole: takes a request and gives its answer.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use tracing::Instrument as _;
use twinproof_gomod::Request as Asked;
use twinproof_gomod::escape::check;
use twinproof_httpd::{Counters, Prepared, RequestId};

use crate::answer::{Content, Keep};
use crate::body::Body;
use crate::core::{Core, Got, Lasting, SettingsError, Wanted};
use crate::failure::{Failure, Reason};
use crate::fetch_limiter::Client;
use crate::info::is_exact;
use crate::kind::Kind;
use crate::memory_cache::MemoryCache;
use crate::metrics::Layer;
use crate::policy::Reach;
use crate::settings::Settings;
use crate::store::Store;
use crate::upstream::TlsError;

/// The header by which a client asks not to be fetched for. Also known to other proxies.
const NO_FETCH: &str = "disable-module-fetch";

/// Whether a client asks not to be fetched for.
fn forbids_fetching(headers: &HeaderMap) -> bool {
    headers.get(NO_FETCH).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// A proxy cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error("opening the store {}: {source}", dir.display())]
    Store {
        /// The store's folder.
        dir: std::path::PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The settings cannot be put to work.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// A module proxy.
pub struct Proxy {
    core: ArcSwap<Core>,
    memory_cache: MemoryCache,
    lasting: Arc<Lasting>,
    draining: AtomicBool,
}

impl Proxy {
    /// Opens the store and makes ready. Must be called within a tokio runtime. The metrics include
    /// `connections`, those of the server in front.
    ///
    /// # Errors
    /// When the settings cannot be put to work.
    pub fn start(
        settings: Settings,
        connections: Option<Arc<Counters>>,
    ) -> Result<Arc<Self>, StartError> {
        let store = Store::open(&settings.dir, settings.read_only, settings.sync)
            .map_err(|source| StartError::Store { dir: settings.dir.clone(), source })?;
        let lasting = Arc::new(Lasting::new(store, settings.budget, connections));
        let memory = settings.memory;
        let core = Core::new(settings, Arc::clone(&lasting))?;
        let begun = Arc::clone(&lasting);
        tokio::task::spawn_blocking(move || {
            let swept = begun.store.sweep();
            if swept > 0 {
                tracing::info!(files = swept, "removed unfinished files");
            }
            if let Some(eviction) = &begun.eviction {
                eviction.scan(&begun.store);
                let close = |version: &crate::eviction::Version| begun.open_zips.forget(version);
                eviction.shrink(&begun.store, &begun.metrics, &close, None);
            }
        });
        Ok(Arc::new(Self {
            core: ArcSwap::from_pointee(core),
            memory_cache: MemoryCache::new(memory),
            lasting,
            draining: AtomicBool::new(false),
        }))
    }

    /// Puts other settings to work. The store and the memory's size stay as they are; fetches that
    /// are under way end as they began.
    ///
    /// # Errors
    /// When the settings cannot be put to work; then the old ones stay.
    pub fn replace(&self, settings: Settings) -> Result<(), StartError> {
        let core = Core::new(settings, Arc::clone(&self.lasting))?;
        self.core.store(Arc::new(core));
        self.memory_cache.clear();
        Ok(())
    }

    /// Reads the certificates towards upstreams again.
    ///
    /// # Errors
    /// When they cannot be used; then the old ones stay.
    pub fn reload_tls(&self) -> Result<(), TlsError> {
        self.core.load().upstreams.reload()
    }

    /// Says from now on that no further requests should come.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// The answer to a request for a small file that was served lately. It waits for nothing.
    pub fn hit<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        self.hit_parts(request.method(), request.uri(), request.headers())
    }

    /// The same for a GET without conditions, made before.
    pub(crate) fn plain_hit(&self, path: &str) -> Option<Prepared> {
        let content = self.in_memory(path)?;
        let answer = content.plain()?.clone();
        content.touch();
        self.lasting.metrics.hit(content.kind, content.payload.length());
        Some(answer)
    }

    /// The answer that was served for a path lately, if it is still valid.
    fn in_memory(&self, path: &str) -> Option<Arc<Content>> {
        self.memory_cache
            .get(path)
            .filter(|content| content.until.is_none_or(|until| Instant::now() < until))
    }

    fn hit_parts(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response<Body>> {
        let content = self.in_memory(uri.path())?;
        if content.until.is_some() && forbids_fetching(headers) {
            return None;
        }
        if *method != Method::GET && *method != Method::HEAD {
            return None;
        }
        content.touch();
        let answer = content.answer(method, headers);
        let bytes = answer.body().size_hint().exact().unwrap_or_default();
        if answer.status() == StatusCode::OK {
            self.lasting.metrics.hit(content.kind, bytes);
        } else {
            let status = answer.status().as_u16();
            self.lasting.metrics.answered(content.kind, status, Some(Layer::Memory), bytes);
        }
        Some(answer)
    }

    /// The answer to any request. Bodies of requests are not read.
    pub fn respond<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Body>> + Send + use<B> {
        let found = self.hit(&request);
        let miss = found.is_none().then(|| (Arc::clone(self), request.into_parts().0));
        async move {
            match (found, miss) {
                (Some(answer), _) => answer,
                (None, Some((proxy, parts))) => {
                    // Large, and not needed for hits.
                    Box::pin(proxy.miss(parts)).await
                }
                (None, None) => Response::new(Body::empty()),
            }
        }
    }

    async fn miss(self: Arc<Self>, parts: http::request::Parts) -> Response<Body> {
        let started = Instant::now();
        // The access log's, where there is one.
        let id = parts.extensions.get().cloned().unwrap_or_else(RequestId::made);
        // A query changes nothing, as with a folder of files.
        let target = parts.uri.path();
        let span = tracing::info_span!("request", %id, method = %parts.method, target);
        let work = async {
            let mut kind = Kind::Other;
            let client = parts.extensions.get().copied().unwrap_or_default();
            let got = self.get(&parts.method, target, &parts.headers, client, &mut kind).await;
            let (answer, layer) = match got {
                Ok((content, layer)) => {
                    (content.answer(&parts.method, &parts.headers), Some(layer))
                }
                Err(failure) => {
                    if failure.status().is_server_error() {
                        tracing::warn!(error = failure.text.trim(), "failed");
                    }
                    (failure.answer(&parts.method), None)
                }
            };
            let bytes = answer.body().size_hint().exact().unwrap_or_default();
            let status = answer.status().as_u16();
            self.lasting.metrics.answered(kind, status, layer, bytes);
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            tracing::debug!(status, bytes, micros, kind = kind.name(), ?layer, "answered");
            answer
        };
        work.instrument(span).await
    }

    async fn get(
        &self,
        method: &Method,
        target: &str,
        headers: &HeaderMap,
        client: Client,
        kind: &mut Kind,
    ) -> Got {
        if *method != Method::GET && *method != Method::HEAD {
            let text = "method not allowed: a module proxy answers GET and HEAD";
            return Err(Failure::new(Reason::Method, text));
        }
        if let Some(content) = self.admin(target) {
            *kind = Kind::Admin;
            return content;
        }
        let core = self.core.load_full();
        let path = target.strip_prefix(&*core.settings.base_path);
        let path = path.ok_or_else(|| {
            Failure::not_found(format!("not found: paths begin with {}", core.settings.base_path))
        })?;
        let asked = Asked::decode(path).map_err(|error| {
            let reason = if error.status() == 404 { Reason::NotFound } else { Reason::Malformed };
            Failure::new(reason, error.to_string())
        })?;
        *kind = kind_of(&asked);
        let mut reach = match asked.module() {
            Some(module) => core.policy.check(module, client)?,
            None => Reach::Upstream(client),
        };
        let mut this_time = false;
        if let Reach::Upstream(_) = reach {
            if core.settings.offline {
                reach = Reach::Store("it is offline");
            } else if let Some(why) = core.upstreams.absence() {
                reach = Reach::Store(why);
            } else if forbids_fetching(headers) {
                this_time = true;
                reach = Reach::Store("the request says not to fetch it");
            }
        }
        let (content, layer) = match &asked {
            Asked::List { module } => core.list(module, reach).await?,
            Asked::Latest { module } => core.latest(module, reach).await?,
            Asked::Info { module, version } if !is_exact(module, version) => {
                let wanted = wanted(&asked)?;
                core.query(wanted, reach).await?
            }
            Asked::Mod { module, version } | Asked::Zip { module, version }
                if !is_exact(module, version) =>
            {
                let why = check(module, version).err();
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                return Err(Failure::not_found(format!("not found: {module}@{version}{why}")));
            }
            Asked::Info { .. } | Asked::Mod { .. } | Asked::Zip { .. } => {
                let part = Content::may_be_growing(method, headers);
                core.file(wanted(&asked)?, reach, part).await?
            }
            Asked::Sumdb { name, rest } => core.sumdb(name, rest).await?,
        };
        // The store's answer may have fewer versions than upstreams have for other clients.
        let lasting = !(this_time && matches!(*kind, Kind::List | Kind::Latest));
        if lasting && content.payload.length() <= core.settings.small {
            self.memory_cache.keep(target, &content);
        }
        Ok((content, layer))
    }

    /// Health, readiness and metrics.
    fn admin(&self, target: &str) -> Option<Got> {
        let (kind, text) = match target {
            "/healthz" => (Kind::Admin, "ok\n".to_owned()),
            "/readyz" if self.draining.load(Ordering::Relaxed) => {
                return Some(Err(Failure::new(Reason::Busy, "draining")));
            }
            "/readyz" => (Kind::Admin, "ready\n".to_owned()),
            "/metrics" => {
                let store = self.lasting.eviction.as_ref().map_or(0, |eviction| eviction.total());
                let memory = self.memory_cache.weight();
                (Kind::Metrics, self.lasting.metrics.text(memory, store))
            }
            _ => return None,
        };
        let content = Content::memory(kind, Bytes::from(text), None, Keep::Seconds(0));
        Some(Ok((Arc::new(content), Layer::Memory)))
    }
}

fn wanted(asked: &Asked) -> Result<Wanted, Failure> {
    Wanted::new(asked)?.ok_or_else(|| Failure::new(Reason::Internal, "not a file of a version"))
}

fn kind_of(asked: &Asked) -> Kind {
    match asked {
        Asked::List { .. } => Kind::List,
        Asked::Latest { .. } => Kind::Latest,
        Asked::Info { .. } => Kind::Info,
        Asked::Mod { .. } => Kind::Mod,
        Asked::Zip { .. } => Kind::Zip,
        Asked::Sumdb { rest, .. } if rest.starts_with("tile/") => Kind::Tile,
        Asked::Sumdb { .. } => Kind::Sumdb,
    }
}

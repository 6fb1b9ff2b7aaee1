//! A proxy behind its listeners, from configuration to drain.
//!
//! The main listener serves modules; health, readiness and metrics are there too, unless they have a
//! listener of their own. On SIGHUP the configuration is read again: policy, upstreams, databases
//! and times change at once, listeners and the store stay. Certificates are read again by and by.

use crate::body::Body;
use crate::config::Config;
use crate::proxy::{Proxy, StartError};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use twinproof_httpd::{
    Answer, BindError, Boxed, Counters, Drained, Handler, Hangup, Peer, Prepared, Server, Settings,
};

/// What ends the text of metrics.
const END: &str = "# EOF\n";

/// A proxy cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The proxy cannot begin.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It cannot listen.
    #[error(transparent)]
    Bind(#[from] BindError),
}

/// A proxy that listens.
pub struct Serving {
    proxy: Arc<Proxy>,
    server: Server,
    admin: Option<Server>,
    files: Vec<PathBuf>,
    poll: Duration,
}

impl Serving {
    /// Opens the store and listens. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the settings cannot be put to work, or an address cannot be had.
    pub fn start(config: Config) -> Result<Self, ServeError> {
        let tls = &config.proxy.tls;
        let files = [&tls.ca, &tls.cert, &tls.key].into_iter().flatten().cloned().collect();
        let server = Server::bind(config.server)?;
        let admin = config.metrics.map(|listen| Server::bind(Settings::new(listen))).transpose()?;
        let proxy = Proxy::start(config.proxy)?;
        Ok(Self { proxy, server, admin, files, poll: config.poll })
    }

    /// The URL of the main listener, without the base path.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The address of the main listener.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The URL of the listener for health, readiness and metrics, if they have one.
    #[must_use]
    pub fn metrics_url(&self) -> Option<String> {
        self.admin.as_ref().map(Server::url)
    }

    /// Serves until `stop` returns, and drains. `again` reads the configuration again.
    pub async fn run(
        self,
        again: impl Fn() -> Option<Config> + Send + 'static,
        stop: impl Future<Output = ()>,
    ) -> Drained {
        let counters = self.server.counters();
        let shown = if self.admin.is_some() { Shown::Modules } else { Shown::Everything };
        let main = Front { proxy: Arc::clone(&self.proxy), counters: Arc::clone(&counters), shown };
        let reloading = tokio::spawn(reload(Arc::clone(&self.proxy), self.files, self.poll, again));
        let (ended, mut end) = watch::channel(());
        let admin = self.admin.map(|admin| {
            let front = Front { proxy: Arc::clone(&self.proxy), counters, shown: Shown::Admin };
            tokio::spawn(admin.run(Arc::new(front), async move {
                // An error means that the other end is gone.
                let _ = end.changed().await;
            }))
        });
        let proxy = Arc::clone(&self.proxy);
        let stop = async move {
            stop.await;
            proxy.drain();
        };
        let drained = self.server.run(Arc::new(main), stop).await;
        reloading.abort();
        drop(ended);
        if let Some(admin) = admin {
            // It has nothing to say but that it is gone.
            let _ = admin.await;
        }
        drained
    }
}

/// What a listener shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Everything,
    Modules,
    Admin,
}

/// A proxy as a handler of requests.
struct Front {
    proxy: Arc<Proxy>,
    counters: Arc<Counters>,
    shown: Shown,
}

impl Handler for Front {
    type Body = Body;
    type Later = Boxed<Body>;

    fn handle(&self, request: Request<Incoming>, peer: &Arc<Peer>) -> Answer<Body> {
        if self.shown != Shown::Admin
            && let Some(answer) = self.proxy.hit(&request)
        {
            return Answer::Now(answer);
        }
        let path = request.uri().path();
        let shown = match (self.shown, path) {
            (Shown::Admin, "/metrics" | "/healthz" | "/readyz") | (Shown::Everything, _) => true,
            (Shown::Admin, _) => false,
            (Shown::Modules, path) => path != "/metrics",
        };
        if !shown {
            return Answer::Now(not_found());
        }
        let metrics = path == "/metrics";
        let plain = !peer.tls && request.version() < Version::HTTP_2;
        let answer = self.proxy.respond(request);
        if !metrics {
            return Answer::Later(match plain {
                true => Box::pin(async { answer.await.map(Body::plain) }),
                false => Box::pin(answer),
            });
        }
        let counters = Arc::clone(&self.counters);
        Answer::Later(Box::pin(async move { with_connections(answer.await, &counters).await }))
    }

    fn held(body: &Body) -> usize {
        body.held()
    }

    fn next_piece(body: &Body) -> usize {
        body.next_piece()
    }

    fn at_hand(&self, path: &str) -> Option<Prepared> {
        if self.shown == Shown::Admin {
            return None;
        }
        self.proxy.plain_hit(path)
    }
}

fn not_found() -> Response<Body> {
    let mut answer = Response::new(Body::whole(Bytes::from_static(b"not found\n")));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, text);
    answer
}

/// The proxy's metrics and those of its connections.
async fn with_connections(answer: Response<Body>, counters: &Counters) -> Response<Body> {
    let (parts, body) = answer.into_parts();
    let Ok(body) = body.collect().await else { return not_found() };
    let body = body.to_bytes();
    if parts.status != StatusCode::OK || body.is_empty() {
        return Response::from_parts(parts, Body::whole(body));
    }
    let mut text = String::from_utf8_lossy(&body).into_owned();
    text.truncate(text.strip_suffix(END).map_or(text.len(), str::len));
    connections(&mut text, counters);
    let mut answer = Response::new(Body::whole(Bytes::from(text)));
    let plain = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What is counted of connections, for Prometheus.
fn connections(text: &mut String, counters: &Counters) {
    let seen = counters.snapshot();
    let mut one = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "# HELP twinproof_httpd_{name} {help}.");
        let _ = writeln!(text, "# TYPE twinproof_httpd_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "twinproof_httpd_{name}{labels} {value}");
        }
    };
    let plain = |value| [(String::new(), value)];
    let by_reason = |counts: &[twinproof_httpd::Count]| -> Vec<(String, u64)> {
        counts.iter().map(|c| (format!("{{reason=\"{}\"}}", c.reason), c.count)).collect()
    };
    one("connections", "gauge", "Connections open", &plain(seen.open));
    one("accepted_total", "counter", "Connections accepted", &plain(seen.accepted));
    let help = "Connections turned away, since there were too many";
    one("turned_away_total", "counter", help, &plain(seen.turned_away));
    one("requests_total", "counter", "Requests read", &plain(seen.requests));
    one("in_flight", "gauge", "Requests under way", &plain(seen.in_flight));
    let help = "Requests refused for a limit or a certificate";
    one("refused_total", "counter", help, &plain(seen.refused));
    one("handshakes_total", "counter", "TLS handshakes completed", &plain(seen.handshakes));
    let failed = by_reason(&seen.handshakes_failed);
    one("handshakes_failed_total", "counter", "TLS handshakes that were not", &failed);
    let help = "Connections ended because the client was late";
    one("late_total", "counter", help, &by_reason(&seen.late));
    one("reloads_total", "counter", "New certificates taken up", &plain(seen.reloads));
    let help = "New certificates that were of no use";
    one("reloads_failed_total", "counter", help, &plain(seen.reloads_failed));
}

/// Reads again what may have changed, for ever.
async fn reload(
    proxy: Arc<Proxy>,
    files: Vec<PathBuf>,
    poll: Duration,
    again: impl Fn() -> Option<Config>,
) {
    let mut hangup = Hangup::new();
    let mut seen = contents(&files).await;
    loop {
        tokio::select! {
            () = hangup.recv() => {
                let Some(config) = again() else { continue };
                match proxy.replace(config.proxy) {
                    Ok(()) => tracing::info!("the new configuration is in use"),
                    Err(error) => tracing::error!(%error, "the old configuration stays in use"),
                }
            }
            () = sleep(poll), if !files.is_empty() => {
                let now = contents(&files).await;
                if now == seen {
                    continue;
                }
                seen = now;
                match proxy.reload_tls() {
                    Ok(()) => tracing::info!("new certificates towards upstreams are in use"),
                    Err(error) => {
                        tracing::error!(%error, "the old certificates towards upstreams stay in use");
                    }
                }
            }
        }
    }
}

/// What is in the files; `None` where one cannot be read.
async fn contents(files: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    let mut contents = Vec::new();
    for file in files {
        contents.push(tokio::fs::read(file).await.ok());
    }
    contents
}

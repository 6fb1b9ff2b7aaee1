//! A proxy behind its listeners, from configuration to drain.
//!
//! The main listener serves modules; health, readiness and metrics are there too, unless they have a
//! listener of their own. On SIGHUP the configuration is read again: policy, upstreams, databases
//! and times change at once, listeners and the store stay. Certificates are read again by and by.

use crate::body::Body;
use crate::config::Config;
use crate::fetch_limiter::Client;
use crate::proxy::{Proxy, StartError};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use twinproof_httpd::{
    Answer, BindError, Boxed, Drained, Handler, Hangup, Peer, Prepared, Server, Settings,
    handed_over,
};

/// A proxy cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The proxy cannot begin.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A listener cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The inherited descriptor is no socket that listens.
    #[error("the sockets that were handed over: {0}")]
    HandedOver(std::io::Error),
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
    /// Sockets that were handed over ([`handed_over`]) go before the addresses in the configuration:
    /// the first one is the main listener, the second one that of the metrics.
    ///
    /// # Errors
    /// When the settings cannot be put to work, or an address cannot be had.
    pub fn start(config: Config) -> Result<Self, ServeError> {
        let tls = &config.proxy.tls;
        // Without them there is nothing to look at again.
        let files = [&tls.ca, &tls.cert, &tls.key].into_iter().flatten().cloned().collect();
        let mut sockets = handed_over().map_err(ServeError::HandedOver)?.into_iter();
        let server = Server::bind_or_take(config.server, sockets.next())?;
        // The second socket is taken only where there is a second listener.
        let admin = |listen| Server::bind_or_take(Settings::new(listen), sockets.next());
        let admin = config.metrics.map(admin).transpose()?;
        // After the sockets: an address in use must be found before the store is touched.
        let proxy = Proxy::start(config.proxy, Some(server.counters()))?;
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

    /// Serves until `stop` returns, and drains. `again` reads the configuration again, on `hangup`.
    pub async fn run(
        self,
        hangup: Hangup,
        again: impl Fn() -> Option<Config> + Send + 'static,
        stop: impl Future<Output = ()>,
    ) -> Drained {
        let shown = if self.admin.is_some() { Shown::Modules } else { Shown::Everything };
        let main = Front { proxy: Arc::clone(&self.proxy), shown };
        let reloading = reload(Arc::clone(&self.proxy), self.files, self.poll, hangup, again);
        let reloading = tokio::spawn(reloading);
        let (ended, mut end) = watch::channel(());
        // The listener for health and metrics ends last: it shows how the other one drains.
        let admin = self.admin.map(|admin| {
            let front = Front { proxy: Arc::clone(&self.proxy), shown: Shown::Admin };
            tokio::spawn(admin.run(Arc::new(front), async move {
                // An error means that the other end is gone.
                let _ = end.changed().await;
            }))
        });
        let proxy = Arc::clone(&self.proxy);
        let stop = async move {
            stop.await;
            // Before the drain: `/readyz` must fail while requests are still answered.
            proxy.drain();
        };
        let drained = self.server.run(Arc::new(main), stop).await;
        reloading.abort();
        drop(ended);
        if let Some(admin) = admin {
            // Its result does not matter: it ends because the server does.
            let _ = admin.await;
        }
        drained
    }
}

/// The requests that a listener answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Everything,
    Modules,
    Admin,
}

/// A proxy as a handler of requests.
struct Front {
    proxy: Arc<Proxy>,
    shown: Shown,
}

impl Handler for Front {
    type Body = Body;
    type Later = Boxed<Body>;

    fn handle(&self, mut request: Request<Incoming>, peer: &Arc<Peer>) -> Answer<Body> {
        // From memory at once, without a future or a task.
        if self.shown != Shown::Admin
            && let Some(answer) = self.proxy.hit(&request)
        {
            return Answer::Now(answer);
        }
        request.extensions_mut().insert(Client(Some(peer.address.ip())));
        let path = request.uri().path();
        let shown = match (self.shown, path) {
            (Shown::Admin, "/metrics" | "/healthz" | "/readyz") | (Shown::Everything, _) => true,
            (Shown::Admin, _) => false,
            (Shown::Modules, path) => path != "/metrics",
        };
        if !shown {
            return Answer::Now(not_found());
        }
        // Pieces of a file are mapped for plain HTTP/1 only, where the kernel can send them by
        // itself.
        let plain = !peer.tls && request.version() < Version::HTTP_2;
        let answer = self.proxy.respond(request);
        Answer::Later(match plain {
            true => Box::pin(async { answer.await.map(Body::plain) }),
            false => Box::pin(answer),
        })
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

/// Reads again what may have changed, for ever.
async fn reload(
    proxy: Arc<Proxy>,
    files: Vec<PathBuf>,
    poll: Duration,
    mut hangup: Hangup,
    again: impl Fn() -> Option<Config>,
) {
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

/// The content of the files; `None` where one cannot be read.
// Compared by content: a secret that Kubernetes mounts anew keeps its time and is another file.
async fn contents(files: &[PathBuf]) -> Vec<Option<Vec<u8>>> {
    let mut contents = Vec::new();
    for file in files {
        contents.push(tokio::fs::read(file).await.ok());
    }
    contents
}

//! A checksum database as a handler of requests.

use crate::on_demand::OnDemand;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;
use twinproof_httpd::{Answer, Boxed, Handler, Peer};
use twinproof_sumdb::server::store::Reader;
use twinproof_sumdb::server::{OpsError, ServerOps, respond};

type Body = Full<Bytes>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");

/// Module versions that are fetched at once. Others wait their turn without a thread; requests for
/// records that the log already has wait for none of them.
const FETCHES: usize = 64;

/// A log that is served.
pub trait Served: ServerOps + Send + Sync + 'static {
    /// The records so far, where a request may add more; `None` for a log that does not grow.
    fn known(&self) -> Option<&dyn ServerOps>;
}

impl Served for Reader {
    fn known(&self) -> Option<&dyn ServerOps> {
        None
    }
}

impl Served for OnDemand {
    fn known(&self) -> Option<&dyn ServerOps> {
        Some(self.store())
    }
}

/// Answers requests from a database on disk.
#[derive(Debug)]
pub struct Database<O>(Arc<Shared<O>>);

#[derive(Debug)]
struct Shared<O> {
    log: O,
    /// Whether damage was found: the log has to be repaired by hand and the server restarted.
    damaged: AtomicBool,
    fetches: Semaphore,
}

impl<O> Database<O> {
    pub fn new(log: O) -> Self {
        Self(Arc::new(Shared {
            log,
            damaged: AtomicBool::new(false),
            fetches: Semaphore::new(FETCHES),
        }))
    }
}

impl<O: Served> Handler for Database<O> {
    type Body = Body;
    type Later = Boxed<Body>;

    fn handle(&self, request: Request<Incoming>, _: &Arc<Peer>) -> Answer<Body> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Answer::Now(answer);
        }
        // Clients escape `!` and `@` in different ways.
        let Ok(path) = percent_decode_str(request.uri().path()).decode_utf8() else {
            return Answer::Now(text(StatusCode::BAD_REQUEST, "the path is not UTF-8\n"));
        };
        if path == "/readyz" && self.0.damaged.load(Ordering::Relaxed) {
            let said = "the log is damaged; its own log says where\n";
            return Answer::Now(text(StatusCode::SERVICE_UNAVAILABLE, said));
        }
        if path == "/healthz" || path == "/readyz" {
            return Answer::Now(text(StatusCode::OK, "ok\n"));
        }
        let (shared, path) = (Arc::clone(&self.0), path.into_owned());
        Answer::Later(Box::pin(async move {
            if shared.log.known().is_some() && path.starts_with("/lookup/") {
                // A record that the log already has waits behind no fetch.
                let answer = blocking(&shared, &path, |s, p| s.answer(s.log.known()?, p)).await;
                if answer.status() != StatusCode::NOT_FOUND {
                    return answer;
                }
                let _turn = shared.fetches.acquire().await;
                return blocking(&shared, &path, |s, p| s.answer(&s.log, p)).await;
            }
            blocking(&shared, &path, |s, p| s.answer(&s.log, p)).await
        }))
    }
}

/// Answers on a thread that may wait for files and upstreams.
async fn blocking<O: Served>(
    shared: &Arc<Shared<O>>,
    path: &str,
    answer: fn(&Shared<O>, &str) -> Option<Response<Body>>,
) -> Response<Body> {
    let (shared, path) = (Arc::clone(shared), path.to_owned());
    let answered = tokio::task::spawn_blocking(move || answer(&shared, &path)).await;
    let failed = || text(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n");
    answered.ok().flatten().unwrap_or_else(failed)
}

impl<O> Shared<O> {
    fn answer(&self, log: &dyn ServerOps, path: &str) -> Option<Response<Body>> {
        let answered = respond(log, path);
        if let Some(failure) = &answered.failure {
            tracing::error!(path, %failure, "an answer failed");
            if matches!(failure, OpsError::Damaged(_)) {
                // Only a restart takes it back: a damaged log would look repaired by one good
                // answer.
                self.damaged.store(true, Ordering::Relaxed);
            }
        }
        Some(response(answered, path))
    }
}

fn response(answered: twinproof_sumdb::server::Response, path: &str) -> Response<Body> {
    let mut answer = Response::new(Full::from(answered.body));
    *answer.status_mut() =
        StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answered.content_type));
    // Full tiles never change; a record that is not found may exist a second later.
    let lasting = answered.status == 200 && path.starts_with("/tile/");
    let keep = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    answer
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, TEXT);
    answer
}

//! A checksum database as a handler of requests.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use twinproof_httpd::{Answer, Boxed, Handler, Peer};
use twinproof_sumdb::server::{ServerOps, respond};

type Body = Full<Bytes>;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");

/// Answers requests from a database on disk.
#[derive(Debug)]
pub struct Database<O>(Arc<O>);

impl<O> Database<O> {
    pub fn new(log: O) -> Self {
        Self(Arc::new(log))
    }
}

impl<O: ServerOps + Send + Sync + 'static> Handler for Database<O> {
    type Body = Body;
    type Later = Boxed<Body>;

    fn handle(&self, request: Request<Incoming>, _: &Arc<Peer>) -> Answer<Body> {
        if *request.method() != Method::GET && *request.method() != Method::HEAD {
            let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Answer::Now(answer);
        }
        let Ok(path) = percent_decode_str(request.uri().path()).decode_utf8() else {
            return Answer::Now(text(StatusCode::BAD_REQUEST, "the path is not UTF-8\n"));
        };
        if path == "/healthz" || path == "/readyz" {
            return Answer::Now(text(StatusCode::OK, "ok\n"));
        }
        let (log, path) = (Arc::clone(&self.0), path.into_owned());
        Answer::Later(Box::pin(async move {
            // It reads files.
            match tokio::task::spawn_blocking(move || answer(&*log, &path)).await {
                Ok(answer) => answer,
                Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n"),
            }
        }))
    }
}

fn answer(log: &dyn ServerOps, path: &str) -> Response<Body> {
    let answered = respond(log, path);
    let mut answer = Response::new(Full::from(answered.body));
    *answer.status_mut() =
        StatusCode::from_u16(answered.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answered.content_type));
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

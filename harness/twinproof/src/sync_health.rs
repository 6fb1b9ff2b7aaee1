//! The state of a pipeline over HTTP: `/metrics` for Prometheus, `/healthz`.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use std::sync::Arc;
use twinproof_httpd::{Answer, Boxed, Handler, Peer};
use twinproof_masksync::pipeline::{Health, Metrics};

/// Answers from a pipeline's metrics.
pub struct SyncHealth(pub Arc<Metrics>);

impl Handler for SyncHealth {
    type Body = Full<Bytes>;
    type Later = Boxed<Full<Bytes>>;

    fn handle(&self, request: Request<Incoming>, _: &Arc<Peer>) -> Answer<Full<Bytes>> {
        let (status, text) = match request.uri().path() {
            "/metrics" => (StatusCode::OK, self.0.text()),
            "/healthz" => match self.0.health() {
                Health::Well => (StatusCode::OK, "well\n".to_owned()),
                Health::Silent => {
                    (StatusCode::SERVICE_UNAVAILABLE, "the source is silent\n".to_owned())
                }
            },
            _ => (StatusCode::NOT_FOUND, "/metrics, /healthz\n".to_owned()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        Answer::Now(response)
    }
}

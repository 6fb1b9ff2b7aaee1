//! Requests as a client makes them, in HTTP/1.1 or HTTP/2, one or several at the same time.

use super::body::{Body, Received};
use super::tls::{Credentials, name_of};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Response, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use twinproof_base::error_chain;
use twinproof_steps::{HttpExchange, HttpVersion};

/// The `User-Agent` of the harness's requests.
const AGENT: &str = concat!("twinproof/", env!("CARGO_PKG_VERSION"));

/// A request to make.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The method.
    pub method: String,
    /// The URL to request.
    pub url: String,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// The version of HTTP.
    pub version: HttpVersion,
    /// Number of identical requests made at the same time.
    pub times: u32,
    /// The authorities and the client certificate for `https`.
    pub credentials: Credentials,
    /// Time limit of each, from the connection to the end of its answer.
    pub limit: Duration,
    /// Most bytes of the body that are kept.
    pub keep: u64,
    /// Whether the body is hashed as a module is.
    pub h1: bool,
}

/// Makes the request; with the first answer the bytes of its body that were kept.
///
/// # Errors
/// When the harness cannot ask at all. That there is no answer is an observation.
pub fn exchange(ask: &Ask) -> Result<(HttpExchange, Option<Vec<u8>>), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("no runtime for a request: {e}"))?;
    let mut answers = runtime.block_on(all(Arc::new(ask.clone())))?;
    if answers.is_empty() {
        return Err("no request was made".to_owned());
    }
    let (mut first, body) = answers.remove(0);
    first.others = answers.into_iter().map(|(answer, _)| answer.answer()).collect();
    Ok((first, body))
}

type Answer = (HttpExchange, Option<Vec<u8>>);

/// All connections first, then all requests.
async fn all(ask: Arc<Ask>) -> Result<Vec<Answer>, String> {
    let broke = |e: tokio::task::JoinError| format!("a request broke: {e}");
    // One moment for connections and requests together: a slow connection leaves less time for the
    // answer, as for a client.
    let deadline = tokio::time::Instant::now() + ask.limit;
    let late = format!("no end after {} ms", ask.limit.as_millis());
    // A request is sent only when every connection is open, so that a server meets them at the same
    // time.
    let mut connecting = Vec::new();
    for _ in 0..ask.times.max(1) {
        let ask = Arc::clone(&ask);
        connecting.push(tokio::spawn(async move {
            tokio::time::timeout_at(deadline, Connection::open(&ask)).await
        }));
    }
    let mut connections = Vec::new();
    for connection in connecting {
        let connection = connection.await.map_err(broke)?;
        connections.push(connection.unwrap_or_else(|_| Err(late.clone())));
    }
    let mut asking = Vec::new();
    for connection in connections {
        let (ask, late) = (Arc::clone(&ask), late.clone());
        asking.push(tokio::spawn(async move {
            let mut seen = HttpExchange {
                method: ask.method.clone(),
                url: ask.url.clone(),
                ..HttpExchange::default()
            };
            let mut body = None;
            let one = async { one(&ask, connection?, &mut seen, &mut body).await };
            let ended = tokio::time::timeout_at(deadline, one).await;
            seen.error = ended.unwrap_or(Err(late)).err();
            let kept = body.map(|body: Body| fill(&mut seen, body.end()));
            (seen, kept)
        }));
    }
    let mut answers = Vec::new();
    for answer in asking {
        answers.push(answer.await.map_err(broke)?);
    }
    Ok(answers)
}

/// Copies the facts about a received body into the record, and returns the bytes that were kept.
fn fill(seen: &mut HttpExchange, body: Received) -> Vec<u8> {
    seen.cut = body.size > body.kept.len() as u64;
    (seen.size, seen.sha256) = (Some(body.size), Some(body.sha256));
    match body.h1 {
        Some(Ok(h1)) => seen.h1 = Some(h1),
        Some(Err(error)) => seen.h1_error = Some(error),
        None => {}
    }
    body.kept
}

/// Makes one request and receives its answer.
async fn one(
    ask: &Ask,
    mut connection: Connection,
    seen: &mut HttpExchange,
    body: &mut Option<Body>,
) -> Result<(), String> {
    let response = connection.send(ask).await?;
    seen.status = Some(response.status().as_u16());
    seen.version = Some(match response.version() {
        Version::HTTP_2 => HttpVersion::Two.as_str().to_owned(),
        Version::HTTP_11 => HttpVersion::One.as_str().to_owned(),
        other => format!("{other:?}"),
    });
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        seen.headers
            .entry(name.as_str().to_owned())
            // RFC 9110, 5.3: fields of one name are one list, joined by commas.
            .and_modify(|v| *v = format!("{v}, {value}"))
            .or_insert(value);
    }
    let mut incoming = response.into_body();
    let into = body
        .insert(Body::new(ask.keep, ask.h1).map_err(|e| format!("the body cannot be kept: {e}"))?);
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|e| format!("the answer broke off: {}", error_chain(&e)))?;
        if let Some(bytes) = frame.data_ref() {
            into.push(bytes);
        }
    }
    Ok(())
}

/// A connection that is ready for one request.
enum Connection {
    One(http1::SendRequest<Empty<Bytes>>),
    Two(http2::SendRequest<Empty<Bytes>>),
}

impl Connection {
    async fn open(ask: &Ask) -> Result<Self, String> {
        let uri: Uri = ask.url.parse().map_err(|e| format!("no address: {e}"))?;
        let host = uri.host().ok_or("the address has no host")?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        // The brackets of an IPv6 address belong to the URL, not to the address.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((bare, port))
            .await
            .map_err(|e| format!("no connection to {host}:{port}: {e}"))?;
        // Small requests are not to wait for others.
        let _ = stream.set_nodelay(true);
        if !secure {
            return Self::speak(stream, ask.version).await;
        }
        let protocol: &[u8] = match ask.version {
            HttpVersion::One => b"http/1.1",
            HttpVersion::Two => b"h2",
        };
        let connector = TlsConnector::from(ask.credentials.config(&[protocol])?);
        let stream = connector
            .connect(name_of(host)?, stream)
            .await
            .map_err(|e| format!("no TLS: {}", error_chain(&e)))?;
        Self::speak(stream, ask.version).await
    }

    async fn speak<S>(stream: S, version: HttpVersion) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = TokioIo::new(stream);
        let failed = |e: hyper::Error| format!("no {}: {}", version.as_str(), error_chain(&e));
        match version {
            HttpVersion::One => {
                let (sender, connection) = http1::handshake(io).await.map_err(failed)?;
                work(connection);
                Ok(Self::One(sender))
            }
            HttpVersion::Two => {
                let executor = TokioExecutor::new();
                let (sender, connection) = http2::handshake(executor, io).await.map_err(failed)?;
                work(connection);
                Ok(Self::Two(sender))
            }
        }
    }

    async fn send(&mut self, ask: &Ask) -> Result<Response<Incoming>, String> {
        let uri: Uri = ask.url.parse().map_err(|e| format!("no address: {e}"))?;
        let named = |name: &str| ask.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let mut request = hyper::Request::builder().method(ask.method.as_str());
        request = match self {
            Self::One(_) => {
                // HTTP/1.1 sends path and query only, and the host in a field of its own; HTTP/2
                // takes both from the address.
                let target = uri.path_and_query().map_or("/", |t| t.as_str());
                let request = request.uri(target);
                match uri.authority() {
                    Some(authority) if !named("host") => request.header("Host", host_of(authority)),
                    _ => request,
                }
            }
            Self::Two(_) => request.version(Version::HTTP_2).uri(uri.clone()),
        };
        if !named("user-agent") {
            request = request.header("User-Agent", AGENT);
        }
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).map_err(|e| format!("no request: {e}"))?;
        let answer = match self {
            Self::One(sender) => sender.send_request(request).await,
            Self::Two(sender) => sender.send_request(request).await,
        };
        answer.map_err(|e| error_chain(&e))
    }
}

/// Host and port without user information.
fn host_of(authority: &hyper::http::uri::Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}

/// Runs a connection in the background. Its users see how it ends.
fn work<E>(connection: impl Future<Output = Result<(), E>> + Send + 'static) {
    tokio::spawn(async move {
        let _ = connection.await;
    });
}

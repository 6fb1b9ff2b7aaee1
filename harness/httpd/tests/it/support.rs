//! A server with a handler that does what its path says, and clients that send bytes as they are.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use twinproof_httpd::{
    Answer, Boxed, Counters, Drained, Handler, Peer, Prepared, Reload, RequestId, Server, Settings,
    Snapshot,
};

/// A limit that a test waits for.
pub const SOON: Duration = Duration::from_millis(150);

/// Time limit of every wait in a test.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Answers by path: `/` and `/long` at once and at hand, `/later` after a turn of the scheduler, `/held` when
/// `release` is notified, `/large` a body that never ends, `/peer` who the client is, `/id` the request's id.
pub struct Paths {
    pub release: Notify,
    pub entered: Notify,
}

pub type Body_ = BoxBody<Bytes, Infallible>;

fn text(text: impl Into<Bytes>) -> Response<Body_> {
    Response::new(BodyExt::boxed(Full::new(text.into())))
}

pub struct ByPath(Arc<Paths>);

impl Handler for ByPath {
    type Body = Body_;
    type Later = Boxed<Body_>;

    fn handle(&self, request: Request<Incoming>, peer: &Arc<Peer>) -> Answer<Body_> {
        let paths = Arc::clone(&self.0);
        match request.uri().path() {
            "/later" => Answer::Later(Box::pin(async {
                tokio::task::yield_now().await;
                text("later\n")
            })),
            "/held" => Answer::Later(Box::pin(async move {
                paths.entered.notify_one();
                paths.release.notified().await;
                text("open\n")
            })),
            "/large" => Answer::Now(Response::new(BodyExt::boxed(Endless))),
            "/body" => Answer::Later(Box::pin(async move {
                let body = request.into_body().collect().await.map(|b| b.to_bytes());
                text(body.unwrap_or_default())
            })),
            "/peer" => {
                let identity = peer.identity.as_deref().unwrap_or("nobody");
                Answer::Now(text(format!("{identity} tls={}\n", peer.tls)))
            }
            "/id" => {
                let id = request.extensions().get::<RequestId>();
                Answer::Now(text(format!("{}\n", id.map_or("none", RequestId::as_str))))
            }
            "/long" => Answer::Now(text(LONG.repeat(1000))),
            _ => Answer::Now(text("hello\n")),
        }
    }

    fn at_hand(&self, path: &str) -> Option<Prepared> {
        match path {
            "/" => Prepared::new(&HeaderMap::new(), Bytes::from_static(b"hello\n")),
            "/long" => Prepared::new(&HeaderMap::new(), LONG.repeat(1000).into()),
            _ => None,
        }
    }
}

/// A thousand of them are the body of `/long`.
pub const LONG: &str = "a line of a long answer\n";

/// Chunks without end.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 64 << 10] = [b'x'; 64 << 10];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&CHUNK)))))
    }

    // A length, or the body would be sent in chunks, which this test is not about.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(1 << 40)
    }
}

/// A server that runs.
pub struct Running {
    pub address: SocketAddr,
    pub url: String,
    pub paths: Arc<Paths>,
    pub counters: Arc<Counters>,
    pub reload: Reload,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Drained>,
}

pub fn start(settings: Settings) -> Running {
    let server = Server::bind(settings).expect("the server listens");
    let paths = Arc::new(Paths { release: Notify::new(), entered: Notify::new() });
    let (stop, stopped) = oneshot::channel();
    let (address, url) = (server.address(), server.url());
    let (counters, reload) = (server.counters(), server.reload());
    let handler = Arc::new(ByPath(Arc::clone(&paths)));
    let task = tokio::spawn(server.run(handler, async {
        let _ = stopped.await;
    }));
    Running { address, url, paths, counters, reload, stop, task }
}

pub fn plain() -> Settings {
    Settings::new("127.0.0.1:0")
}

impl Running {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("the server accepts")
    }

    /// Sends bytes, and reads until the server closes.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        exchange(self.connect().await, bytes).await
    }

    /// Asks it to stop, without waiting for that.
    pub fn stop(self) -> JoinHandle<Drained> {
        self.stop.send(()).expect("the server runs");
        self.task
    }

    /// Waits until what was counted is so.
    pub async fn until(&self, so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        // 30 seconds in all, as PATIENCE.
        for _ in 0..3000 {
            let snapshot = self.counters.snapshot();
            if so(&snapshot) {
                return snapshot;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never so: {:?}", self.counters.snapshot());
    }
}

pub async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    bytes: impl AsRef<[u8]>,
) -> String {
    stream.write_all(bytes.as_ref()).await.expect("the server reads");
    rest(stream).await
}

/// Everything until the server closes.
pub async fn rest(mut stream: impl AsyncRead + Unpin) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server closes").expect("without a reset");
    String::from_utf8(answer).expect("answers are text")
}

/// Reads one answer, which has a `content-length`.
pub async fn one(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let read = async {
        let mut answer = String::new();
        // Byte by byte: the next answer must stay in the stream.
        while !answer.ends_with("\r\n\r\n") {
            answer.push(char::from(stream.read_u8().await.expect("an answer")));
        }
        let length = answer.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().expect("a number")];
        stream.read_exact(&mut body).await.expect("a body");
        answer + &String::from_utf8(body).expect("text")
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer in time")
}

/// Status line and body of an answer.
pub fn status_and_body(answer: &str) -> (&str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    (head.lines().next().unwrap_or_default(), body)
}

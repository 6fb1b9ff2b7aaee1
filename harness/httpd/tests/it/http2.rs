//! HTTP/2 by prior knowledge.

use crate::support::{PATIENCE, Running, SOON, plain, start};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use twinproof_httpd::Drained;

type Sender = SendRequest<Full<Bytes>>;

async fn client(server: &Running) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(server.connect().await);
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn get(target: &str) -> Request<Full<Bytes>> {
    Request::get(format!("http://x{target}")).body(Full::default()).unwrap()
}

async fn text(response: Response<Incoming>) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn many_requests_at_once_on_one_connection() {
    let server = start(plain());
    let (sender, _connection) = client(&server).await;
    let answers = (0..50).map(|n| {
        let mut sender = sender.clone();
        let path = if n % 2 == 0 { "/" } else { "/later" };
        tokio::spawn(async move { text(sender.send_request(get(path)).await.unwrap()).await })
    });
    for (n, answer) in answers.collect::<Vec<_>>().into_iter().enumerate() {
        let expected = if n % 2 == 0 { "hello\n" } else { "later\n" };
        assert_eq!(answer.await.unwrap(), (StatusCode::OK, expected.to_owned()));
    }
    drop(sender);
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!((seen.accepted, seen.requests, seen.in_flight), (1, 50, 0));
}

#[tokio::test]
async fn limits_hold_and_leave_the_connection() {
    let mut settings = plain();
    settings.limits.target = 100;
    settings.limits.fields = 5;
    settings.limits.head = 2000;
    let server = start(settings);
    let (mut sender, _connection) = client(&server).await;

    let long = get(&format!("/{}", "x".repeat(100)));
    let answer = text(sender.send_request(long).await.unwrap()).await;
    let expected = "the target is over 100 bytes\n".to_owned();
    assert_eq!(answer, (StatusCode::URI_TOO_LONG, expected));

    let mut many = get("/");
    for n in 0..6 {
        let name = http::HeaderName::try_from(format!("a{n}")).unwrap();
        many.headers_mut().insert(name, http::HeaderValue::from_static("b"));
    }
    let answer = text(sender.send_request(many).await.unwrap()).await;
    assert_eq!(answer.0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);

    let mut large = get("/");
    large.headers_mut().insert("a", http::HeaderValue::try_from("b".repeat(5000)).unwrap());
    let answer = text(sender.send_request(large).await.unwrap()).await;
    assert_eq!(answer, (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, String::new()));

    let body = Request::post("http://x/").body(Full::from("body")).unwrap();
    let answer = text(sender.send_request(body).await.unwrap()).await;
    let expected = "a request may have no body here\n".to_owned();
    assert_eq!(answer, (StatusCode::PAYLOAD_TOO_LARGE, expected));

    let answer = text(sender.send_request(get("/")).await.unwrap()).await;
    assert_eq!(answer, (StatusCode::OK, "hello\n".to_owned()));
}

#[tokio::test]
async fn an_idle_connection_gets_goaway() {
    let mut settings = plain();
    settings.limits.idle_time = SOON;
    let server = start(settings);
    let (mut sender, connection) = client(&server).await;
    text(sender.send_request(get("/")).await.unwrap()).await;
    // The client may find the socket closed when it says goodbye in its turn.
    let _ = timeout(PATIENCE, connection).await.unwrap().unwrap();
    let seen = server.until(|s| s.open == 0).await;
    // The client left because of the GOAWAY.
    assert_eq!(seen.late[1].count, 0);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let mut settings = plain();
    settings.limits.write_time = SOON;
    let server = start(settings);
    let (mut sender, _connection) = client(&server).await;
    // The window of the stream fills, since nobody reads the body.
    let _response = sender.send_request(get("/large")).await.unwrap();
    let seen = server.until(|s| s.accepted == 1 && s.open == 0).await;
    assert_eq!((seen.in_flight, seen.late[2].count), (0, 1));
}

#[tokio::test]
async fn a_preface_without_more_is_late() {
    let mut settings = plain();
    settings.limits.head_time = SOON;
    settings.limits.idle_time = SOON;
    let server = start(settings);
    let mut stream = server.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    server.until(|s| s.accepted == 1 && s.open == 0).await;
}

#[tokio::test]
async fn server_waits_for_http2_streams_under_way() {
    let server = start(plain());
    let paths = server.paths.clone();
    let (mut sender, connection) = client(&server).await;
    let request = Request::get("http://x/held").body(Full::default()).unwrap();
    let answer = tokio::spawn(sender.send_request(request));
    paths.entered.notified().await;
    let stopped = server.stop();
    tokio::time::sleep(SOON).await;
    assert!(!stopped.is_finished());
    paths.release.notify_one();
    let answer = text(answer.await.unwrap().unwrap()).await;
    assert_eq!(answer, (StatusCode::OK, "open\n".to_owned()));
    assert_eq!(stopped.await.unwrap(), Drained { open: 1, cut: 0 });
    let _ = timeout(PATIENCE, connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn http_1_with_an_empty_body_is_the_same() {
    let server = start(plain());
    let io = TokioIo::new(server.connect().await);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::get("/").header("host", "x").body(Empty::<Bytes>::new()).unwrap();
    let answer = text(sender.send_request(request).await.unwrap()).await;
    assert_eq!(answer, (StatusCode::OK, "hello\n".to_owned()));
    drop(sender);
    connection.await.unwrap().unwrap();
}

/// A frame, and for HEADERS a POST with a body to come, without Huffman codes.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

const POST: &[u8] = &[0x83, 0x86, 0x84, 0x01, 1, b'x'];

#[tokio::test]
async fn a_body_that_is_refused_is_read_before_the_answer() {
    let server = start(plain());
    let mut stream = server.connect().await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    bytes.extend(frame(1, 4, 1, POST));
    stream.write_all(&bytes).await.unwrap();
    // A second frame comes later, and is no error: the answer has waited for it.
    tokio::time::sleep(SOON / 3).await;
    stream.write_all(&frame(0, 1, 1, b"body")).await.unwrap();
    let mut kinds = Vec::new();
    let mut head = [0; 9];
    while !kinds.contains(&(0, 1)) {
        timeout(PATIENCE, stream.read_exact(&mut head)).await.unwrap().unwrap();
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        stream.read_exact(&mut payload).await.unwrap();
        if head[8] == 1 {
            kinds.push((head[3], head[4] & 1));
        }
    }
    // HEADERS, then DATA with the end: no RST_STREAM.
    assert_eq!(kinds, [(1, 0), (0, 1)]);
    assert_eq!(server.counters.snapshot().refused, 1);
}

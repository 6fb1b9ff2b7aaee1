//! Every limit: its status, its text, and what becomes of the connection.

use crate::support::{SOON, exchange, one, plain, rest, start, status_and_body};
use rstest::rstest;
use tokio::io::AsyncWriteExt;
use twinproof_httpd::{Count, HttpLimits, Settings};

fn limited(change: impl FnOnce(&mut HttpLimits)) -> Settings {
    let mut settings = plain();
    change(&mut settings.limits);
    settings
}

/// A server that takes little.
fn small() -> Settings {
    limited(|limits| {
        limits.head = 1000;
        limits.fields = 10;
        limits.target = 100;
        limits.body = 10;
    })
}

const TOO_LARGE: (&str, &str) = (
    "HTTP/1.1 431 Request Header Fields Too Large",
    "the head of the request is over 1000 bytes or 10 fields\n",
);

const MALFORMED: (&str, &str) = ("HTTP/1.1 400 Bad Request", "malformed request\n");

#[rstest]
#[case::whole("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ("HTTP/1.1 200 OK", "hello\n"))]
#[case::old("GET / HTTP/1.0\r\n\r\n", ("HTTP/1.0 200 OK", "hello\n"))]
#[case::absolute("GET http://x/later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ("HTTP/1.1 200 OK", "later\n"))]
#[case::head("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ("HTTP/1.1 200 OK", ""))]
#[case::no_host("GET / HTTP/1.1\r\n\r\n", ("HTTP/1.1 400 Bad Request", "a request of HTTP/1.1 needs one Host field\n"))]
#[case::two_hosts("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", ("HTTP/1.1 400 Bad Request", "a request of HTTP/1.1 needs one Host field\n"))]
#[case::no_http("one two three four\r\n\r\n", MALFORMED)]
#[case::nul("GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", MALFORMED)]
#[case::version("GET / HTTP/3.7\r\nHost: x\r\n\r\n", MALFORMED)]
#[case::bare_field("GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", MALFORMED)]
#[case::long_field(&format!("GET / HTTP/1.1\r\nHost: x\r\na: {}\r\n\r\n", "x".repeat(1000)), TOO_LARGE)]
#[case::long_without_end(&format!("GET / HTTP/1.1\r\nHost: x\r\na: {}", "x".repeat(30_000)), TOO_LARGE)]
#[case::many_fields(&format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "a: b\r\n".repeat(10)), TOO_LARGE)]
#[case::some_fields(&format!("GET / HTTP/1.1\r\nHost: x\r\n{}Connection: close\r\n\r\n", "a: b\r\n".repeat(8)), ("HTTP/1.1 200 OK", "hello\n"))]
#[case::long_target(&format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(100)), ("HTTP/1.1 414 URI Too Long", "the target is over 100 bytes\n"))]
#[case::long_query(&format!("GET /?{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(99)), ("HTTP/1.1 414 URI Too Long", "the target is over 100 bytes\n"))]
#[case::target(&format!("GET /{} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "x".repeat(99)), ("HTTP/1.1 200 OK", "hello\n"))]
#[case::body("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789", ("HTTP/1.1 200 OK", "0123456789"))]
#[case::endless_body("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n0", ("HTTP/1.1 413 Payload Too Large", "the body is over 10 bytes\n"))]
#[case::no_length("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n0", ("HTTP/1.1 400 Bad Request", "malformed request\n"))]
#[case::long_body("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n0123456789x", ("HTTP/1.1 413 Payload Too Large", "the body is over 10 bytes\n"))]
#[case::chunked("POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", ("HTTP/1.1 411 Length Required", "a body needs a Content-Length\n"))]
#[tokio::test]
async fn a_request_is_answered(#[case] request: &str, #[case] expected: (&str, &str)) {
    let server = start(small());
    let answer = server.exchange(request).await;
    assert_eq!(status_and_body(&answer), expected);
    let text = "content-type: text/plain; charset=utf-8\r\n";
    // Refusals are texts of the server's own.
    assert_eq!(answer.contains(text), answer.contains(" 4"), "{answer}");
    server.until(|s| s.open == 0 && s.in_flight == 0).await;
}

#[tokio::test]
async fn a_target_over_hypers_limit_is_refused_too() {
    // Hyper has a limit of its own for targets, which the settings do not reach.
    let server = start(limited(|limits| limits.head = 100_000));
    let request = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    let answer = server.exchange(request).await;
    let expected = ("HTTP/1.1 414 URI Too Long", "the target is over 8192 bytes\n");
    assert_eq!(status_and_body(&answer), expected);
}

#[tokio::test]
async fn a_refused_body_is_read_so_that_the_answer_arrives() {
    let server = start(plain());
    // More than both buffers: closing with unread bytes would reset the connection, and lose the
    // answer.
    let (stream, body) = (server.connect().await, "x".repeat(500_000));
    let request = format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n{body}");
    let answer = exchange(stream, request).await;
    let expected = ("HTTP/1.1 413 Payload Too Large", "a request may have no body here\n");
    assert_eq!(status_and_body(&answer), expected);
    assert_eq!(server.counters.snapshot().refused, 1);
}

#[tokio::test]
async fn requests_one_after_the_other_and_ahead_of_their_answers() {
    let server = start(plain());
    let mut stream = server.connect().await;
    let request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(status_and_body(&one(&mut stream).await), ("HTTP/1.1 200 OK", "hello\n"));
    }
    let ahead = format!("{}GET /later HTTP/1.1\r\nHost: x\r\n\r\nbad\r\n\r\n", request.repeat(20));
    stream.write_all(ahead.as_bytes()).await.unwrap();
    for _ in 0..20 {
        assert_eq!(status_and_body(&one(&mut stream).await), ("HTTP/1.1 200 OK", "hello\n"));
    }
    assert_eq!(status_and_body(&one(&mut stream).await), ("HTTP/1.1 200 OK", "later\n"));
    assert_eq!(status_and_body(&rest(stream).await), MALFORMED);
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!((seen.accepted, seen.requests, seen.refused), (1, 24, 1));
}

#[tokio::test]
async fn a_half_closed_client_has_its_answer() {
    let server = start(plain());
    for path in ["/", "/later"] {
        let mut stream = server.connect().await;
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(stream).await;
        assert_eq!(status_and_body(&answer).0, "HTTP/1.1 200 OK", "{path}");
    }
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    // Half a head: there is nothing to answer.
    stream.shutdown().await.unwrap();
    assert_eq!(rest(stream).await, "");
    server.until(|s| s.open == 0).await;
}

#[tokio::test]
async fn work_for_a_client_that_has_left_stops() {
    let server = start(plain());
    let mut stream = server.connect().await;
    stream.write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.paths.entered.notified().await;
    drop(stream);
    // The handler's request is never released.
    server.until(|s| s.open == 0 && s.in_flight == 0).await;
}

#[tokio::test]
async fn a_host_is_a_host() {
    let server = start(plain());
    for (host, status) in [
        ("x", 200),
        ("x.example:8080", 200),
        ("[::1]:8080", 200),
        ("", 200),
        ("a b", 400),
        ("a/b", 400),
        ("u@a", 400),
        ("a\tb", 400),
    ] {
        // By the fast path and by the handler.
        for path in ["/", "/later"] {
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            let answer = server.exchange(request).await;
            let want = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&want), "{host:?} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn the_last_request_of_a_connection_says_so() {
    let server = start(limited(|limits| limits.requests = Some(2)));
    let answer = server.exchange("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(2)).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(answer.matches("connection: close").count(), 1);
}

#[tokio::test]
async fn one_connection_too_many_gets_503() {
    let server = start(limited(|limits| limits.connections = 2));
    let mut held = [server.connect().await, server.connect().await];
    server.until(|s| s.accepted == 2).await;
    let answer = rest(server.connect().await).await;
    assert_eq!(
        status_and_body(&answer),
        ("HTTP/1.1 503 Service Unavailable", "too many connections\n")
    );
    assert!(answer.contains("retry-after: 1\r\n"));
    held[0].write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(status_and_body(&one(&mut held[0]).await).1, "hello\n");
    drop(held);
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!((seen.turned_away, seen.requests), (1, 1));
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(status_and_body(&server.exchange(request).await).1, "hello\n");
}

#[tokio::test]
async fn a_head_that_drips_is_late() {
    let server = start(limited(|limits| limits.head_time = SOON));
    let stream = server.connect().await;
    let (mut read, mut write) = stream.into_split();
    let drip = tokio::spawn(async move {
        write.write_all(b"GET / HTTP/1.1\r\nHost: x\r\na: ").await.unwrap();
        // Each byte comes in time; the head as a whole does not.
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SOON / 10).await;
        }
    });
    let answer = rest(&mut read).await;
    let expected = ("HTTP/1.1 408 Request Timeout", "the head of the request took too long\n");
    assert_eq!(status_and_body(&answer), expected);
    drop(read);
    drip.await.unwrap();
    assert_eq!(late(&server, "head"), 1);
}

#[tokio::test]
async fn a_second_head_is_late_as_the_first() {
    let server = start(limited(|limits| limits.head_time = SOON));
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(status_and_body(&one(&mut stream).await).1, "hello\n");
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    assert_eq!(status_and_body(&rest(stream).await).0, "HTTP/1.1 408 Request Timeout");
}

#[tokio::test]
async fn two_letters_may_not_take_for_ever() {
    // `PR` may be the begin of HTTP/2's preface, for which the server waits.
    let server = start(limited(|limits| limits.head_time = SOON));
    let answer = server.exchange("PR").await;
    assert_eq!(status_and_body(&answer).0, "HTTP/1.1 408 Request Timeout");
    assert_eq!(late(&server, "head"), 1);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let server = start(limited(|limits| limits.write_time = SOON));
    let mut stream = server.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let seen = server.until(|s| s.accepted == 1 && s.open == 0).await;
    assert_eq!(seen.in_flight, 0);
    assert_eq!(late(&server, "write"), 1);
}

#[tokio::test]
async fn a_handler_may_take_its_time() {
    let server = start(limited(|limits| {
        limits.write_time = SOON;
        limits.idle_time = SOON;
        limits.head_time = SOON;
    }));
    let mut stream = server.connect().await;
    stream.write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    server.paths.entered.notified().await;
    // Beyond every limit of the client's: the time is the handler's.
    tokio::time::sleep(4 * SOON).await;
    server.paths.release.notify_one();
    assert_eq!(status_and_body(&one(&mut stream).await).1, "open\n");
    assert_eq!(rest(stream).await, "");
    assert_eq!(late(&server, "idle"), 1);
}

fn late(server: &crate::support::Running, with: &str) -> u64 {
    let late = server.counters.snapshot().late;
    let found = late.iter().find(|Count { reason, .. }| *reason == with);
    found.expect("every reason is there").count
}

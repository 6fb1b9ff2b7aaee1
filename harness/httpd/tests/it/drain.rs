//! The end of a server.

use crate::support::{SOON, one, plain, rest, start, status_and_body};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use twinproof_httpd::Drained;

#[tokio::test]
async fn drain_waits_for_requests_under_way() {
    let server = start(plain());
    let (address, paths) = (server.address, server.paths.clone());
    let mut busy = server.connect().await;
    busy.write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    paths.entered.notified().await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(status_and_body(&one(&mut idle).await).1, "hello\n");

    let stopped = server.stop();
    assert_eq!(rest(idle).await, "");
    assert!(!stopped.is_finished());
    assert!(TcpStream::connect(address).await.is_err());
    paths.release.notify_one();
    let answer = rest(busy).await;
    assert_eq!(status_and_body(&answer), ("HTTP/1.1 200 OK", "open\n"));
    assert!(answer.contains("connection: close\r\n"));
    assert_eq!(stopped.await.unwrap(), Drained { open: 2, cut: 0 });
}

#[tokio::test]
async fn idle_connections_close_at_once_on_drain() {
    for path in ["/", "/later"] {
        let server = start(plain());
        let counters = server.counters.clone();
        let mut idle = server.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        idle.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(status_and_body(&one(&mut idle).await).0, "HTTP/1.1 200 OK");
        let drained = server.stop().await.unwrap();
        assert_eq!(rest(idle).await, "");
        assert_eq!(drained.cut, 0);
        // The idle connection ended at the stop, not at its time limit.
        assert_eq!(counters.snapshot().late[1].count, 0, "{path}");
    }
}

#[tokio::test]
async fn request_that_came_before_the_end_is_answered() {
    let server = start(plain());
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut answered = server.connect().await;
    answered.write_all(request).await.unwrap();
    assert_eq!(status_and_body(&one(&mut answered).await).1, "hello\n");
    // Accepted, and not asked anything yet.
    let mut silent = server.connect().await;
    server.until(|seen| seen.accepted == 2).await;
    answered.write_all(request).await.unwrap();
    let stopped = server.stop();
    assert_eq!(status_and_body(&rest(answered).await).1, "hello\n");
    silent.write_all(request).await.unwrap();
    assert_eq!(status_and_body(&rest(silent).await).1, "hello\n");
    assert_eq!(stopped.await.unwrap().cut, 0);
}

#[tokio::test]
async fn request_that_outlasts_the_drain_is_cut_off() {
    let mut settings = plain();
    settings.limits.drain_time = SOON;
    let server = start(settings);
    let paths = server.paths.clone();
    let mut busy = server.connect().await;
    busy.write_all(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    paths.entered.notified().await;
    assert_eq!(server.stop().await.unwrap(), Drained { open: 1, cut: 1 });
    assert_eq!(rest(busy).await, "");
}

#[tokio::test]
async fn a_server_without_connections_ends_at_once() {
    assert_eq!(start(plain()).stop().await.unwrap(), Drained { open: 0, cut: 0 });
}

#[tokio::test]
async fn the_port_can_be_had_again() {
    let server = start(plain());
    let address = server.address;
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert_eq!(status_and_body(&server.exchange(request).await).1, "hello\n");
    server.stop().await.unwrap();
    let mut settings = plain();
    settings.listen = address.to_string();
    assert_eq!(start(settings).address, address);
}

//! Connections on which nothing goes on.

use crate::support::{PATIENCE, one, plain, rest, start, status_and_body};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn a_connection_without_a_request_ends() {
    let mut settings = plain();
    settings.limits.idle_time = Duration::from_millis(100);
    let server = start(settings);
    assert_eq!(rest(server.connect().await).await, "");
    let mut stream = server.connect().await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(status_and_body(&one(&mut stream).await).1, "hello\n");
    assert_eq!(rest(stream).await, "");
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!(seen.late[1].count, 2);
}

#[tokio::test]
async fn a_connection_that_was_taken_apart_goes_on() {
    let server = start(plain());
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert_eq!(status_and_body(&one(&mut stream).await).1, "later\n");
        // Longer than the second after which it is taken apart.
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    // The idle connection ends with the server.
    let stopped = server.stop();
    assert_eq!(rest(stream).await, "");
    let drained = tokio::time::timeout(PATIENCE, stopped).await.unwrap().unwrap();
    assert_eq!((drained.open, drained.cut), (1, 0));
}

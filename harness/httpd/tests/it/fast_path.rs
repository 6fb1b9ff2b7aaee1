//! The fast path: the same answers as the handler's.

use crate::support::{LONG, SOON, one, plain, rest, start, status_and_body};
use rstest::rstest;
use tokio::io::AsyncWriteExt;

/// A request for what is at hand, and one of the same that is hyper's to answer.
const PLAIN: &str = "GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: Go-http-client/1.1\r\n\r\n";
const OTHER: &str = "GET / HTTP/1.1\r\nHost: x\r\nX-Other: y\r\n\r\n";
const LATER: &str = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";

// A second may pass between two answers.
fn without_date(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn both_answer_alike() {
    let server = start(plain());
    let mut stream = server.connect().await;
    let mut answers = Vec::new();
    for request in [PLAIN, OTHER, PLAIN] {
        stream.write_all(request.as_bytes()).await.unwrap();
        answers.push(one(&mut stream).await);
    }
    let expected = "HTTP/1.1 200 OK\ncontent-length: 6\n\nhello";
    for answer in &answers {
        assert_eq!(without_date(answer), expected);
        assert_eq!(answer.matches("\r\ndate: ").count(), 1);
    }
}

#[rstest]
#[case::at_once(1 << 20)]
#[case::bytewise(1)]
#[case::in_pieces(37)]
#[tokio::test]
async fn they_take_turns_in_order(#[case] piece: usize) {
    let server = start(plain());
    let mut stream = server.connect().await;
    let turns = [PLAIN, PLAIN, LATER, PLAIN, OTHER, OTHER, PLAIN, LATER, LATER, PLAIN];
    let text = turns.concat();
    // In pieces of any size: heads cut in the middle, several in one read.
    for piece in text.as_bytes().chunks(piece) {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    // The order of the answers is that of the requests, though some are slower.
    for request in turns {
        let expected = if request == LATER { "later\n" } else { "hello\n" };
        assert_eq!(status_and_body(&one(&mut stream).await), ("HTTP/1.1 200 OK", expected));
    }
    stream.shutdown().await.unwrap();
    assert_eq!(rest(stream).await, "");
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!((seen.accepted, seen.requests, seen.refused), (1, turns.len() as u64, 0));
}

#[tokio::test]
async fn a_connection_without_plain_requests_is_hypers() {
    let server = start(plain());
    let mut stream = server.connect().await;
    // After many requests that are not plain the connection stays with hyper, plain ones included.
    for request in [OTHER; 30].into_iter().chain([PLAIN; 3]) {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(status_and_body(&one(&mut stream).await).1, "hello\n");
    }
    assert_eq!(server.counters.snapshot().requests, 33);
}

#[tokio::test]
async fn requests_ahead_of_a_slow_reader_are_all_answered() {
    const REQUESTS: usize = 600;
    let server = start(plain());
    let mut stream = server.connect().await;
    let request = "GET /long HTTP/1.1\r\nHost: x\r\n\r\n".repeat(REQUESTS);
    let (mut read, mut write) = stream.split();
    let sending = async {
        write.write_all(request.as_bytes()).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let reading = async {
        // All requests are sent by now, and answers fill every buffer.
        tokio::time::sleep(SOON).await;
        let mut answers = String::new();
        for _ in 0..REQUESTS {
            answers = one(&mut read).await;
        }
        answers
    };
    let (last, ()) = tokio::join!(reading, sending);
    assert_eq!(status_and_body(&last).1, LONG.repeat(1000));
    let seen = server.until(|s| s.open == 0).await;
    assert_eq!((seen.requests, seen.late[2].count), (REQUESTS as u64, 0));
}

#[tokio::test]
async fn stalled_reader_times_out() {
    let mut settings = plain();
    settings.limits.write_time = SOON;
    let server = start(settings);
    let mut stream = server.connect().await;
    let request = "GET /long HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    // The server reads no further while the client does not read its answers.
    let sending =
        tokio::spawn(async move { while stream.write_all(request.as_bytes()).await.is_ok() {} });
    let seen = server.until(|s| s.accepted == 1 && s.open == 0).await;
    sending.abort();
    assert_eq!(seen.late[2].count, 1, "{:?}", seen.late);
}

#[tokio::test]
async fn the_last_request_of_a_connection_says_so() {
    let mut settings = plain();
    settings.limits.requests = Some(3);
    let server = start(settings);
    let mut stream = server.connect().await;
    stream.write_all(PLAIN.repeat(5).as_bytes()).await.unwrap();
    for last in [false, false, true] {
        let answer = one(&mut stream).await;
        assert_eq!(answer.contains("connection: close\r\n"), last, "{answer}");
    }
    assert_eq!(rest(stream).await, "");
}

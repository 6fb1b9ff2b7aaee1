//! The access log: what is in it, and what is not.

use crate::support::{Running, one, plain, start, status_and_body};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A server with a log, and what is logged on this thread until the guard goes.
fn logged() -> (Running, Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_writer(lines.clone()).with_ansi(false).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let mut settings = plain();
    settings.access_log = true;
    (start(settings), lines, guard)
}

/// On one thread, since the subscriber is that thread's.
#[tokio::test(flavor = "current_thread")]
async fn a_line_for_each_request_without_secrets() {
    let (server, lines, _guard) = logged();
    let request = "GET http://user:hunter2@x/id?token=hunter2 HTTP/1.1\r\nHost: x\r\n\
                   Authorization: Bearer hunter2\r\nCookie: c=hunter2\r\nUser-Agent: probe/1\r\n\
                   X-Request-Id: abc-1\r\nConnection: close\r\n\r\n";
    let answer = server.exchange(request).await;
    assert_eq!(status_and_body(&answer), ("HTTP/1.1 200 OK", "abc-1\n"));
    assert!(answer.contains("x-request-id: abc-1\r\n"));
    let made = server.exchange("GET /id HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    // The server makes an id of 16 digits where the client sends none.
    assert_eq!(status_and_body(&made).1.trim_end().len(), 16);
    server.until(|s| s.open == 0).await;

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    let line = text.lines().find(|line| line.contains("abc-1")).unwrap();
    for part in [
        "access: id=\"abc-1\" method=\"GET\" path=\"/id\" status=200 bytes=6 micros=",
        " whole=true http=\"1.1\" peer=127.0.0.1:",
        " agent=\"probe/1\"",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(text.lines().filter(|line| line.contains("access: ")).count(), 2);
}

/// Answers of the fast path are logged like all others.
#[tokio::test(flavor = "current_thread")]
async fn a_line_for_what_is_at_hand() {
    let (server, lines, _guard) = logged();
    let mut stream = server.connect().await;
    let mut ids = Vec::new();
    // The second has a field for which the fast path leaves it to hyper.
    for fields in ["", "Accept-Language: eo\r\n"] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: probe/1\r\n{fields}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = one(&mut stream).await;
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
        ids.push(id.to_owned());
    }
    drop(stream);
    server.until(|s| s.open == 0).await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    let without_micros = |line: &str, id: &str| {
        let (_, line) = line.split_once("access: ").unwrap();
        let (before, after) = line.split_once("micros=").unwrap();
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}{after}").replace(id, "ID")
    };
    let [plain, hypers] = [0, 1].map(|n| without_micros(lines[n], &ids[n]));
    assert_eq!(plain, hypers);
    assert!(
        plain.starts_with("id=\"ID\" method=\"GET\" path=\"/\" status=200 bytes=6 "),
        "{plain}"
    );
}

#[tokio::test]
async fn without_a_log_a_request_has_no_id() {
    let server = start(plain());
    let answer = server.exchange("GET /id HTTP/1.0\r\n\r\n").await;
    assert_eq!(status_and_body(&answer).1, "none\n");
    assert!(!answer.contains("x-request-id"));
}

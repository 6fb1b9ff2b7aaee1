//! The listener for health, readiness and metrics: its counts equal the requests sent.

use crate::client::{Connection, get};
use crate::files::Files;
use crate::served::{Served, until};
use twinproof_origin::{Origin, Setup};

#[test]
fn metrics_equal_the_requests_made() {
    let (files, origin) = (Files::new(), Origin::start(Setup::default()).unwrap());
    let proxy = Served::proxy(&[
        "--store",
        &files.name("store"),
        "--upstream",
        &origin.url(),
        "--metrics-listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
    ]);
    let mut client = Connection::plain(proxy.address());
    let module = "/crafted.example/hello/@v";
    for (target, status) in [
        // From upstream, then from memory.
        (format!("{module}/list"), 200),
        (format!("{module}/list"), 200),
        (format!("{module}/v1.0.0.info"), 200),
        (format!("{module}/v1.0.0.mod"), 200),
        (format!("{module}/v1.0.0.zip"), 200),
        (format!("{module}/v1.0.0.zip"), 200),
        (format!("{module}/v1.0.0.zip"), 200),
        // Requested from upstream once, and cached.
        (format!("{module}/v1.9.9.mod"), 404),
        (format!("{module}/v1.9.9.mod"), 404),
        ("/crafted.example/Hello/@v/list".to_owned(), 400),
        ("/healthz".to_owned(), 200),
        ("/readyz".to_owned(), 200),
        // They have a listener of their own.
        ("/metrics".to_owned(), 404),
    ] {
        let (got, body) = client.get(&target);
        assert_eq!(got, status, "{target}: {body}");
    }
    client.send("POST", &format!("{module}/list"));
    assert_eq!(client.receive().0.0, 405);

    let admin = proxy.metrics_url();
    assert_eq!(get(&format!("{admin}/healthz")), (200, "ok\n".to_owned()));
    assert_eq!(get(&format!("{admin}/readyz")), (200, "ready\n".to_owned()));
    assert_eq!(get(&format!("{admin}{module}/list")).0, 404);
    // An answer counts as under way until the server has looked again.
    let text = until("no request under way", || {
        let (status, text) = get(&format!("{admin}/metrics"));
        assert_eq!(status, 200);
        text.contains("\ntwinproof_httpd_in_flight 0\n").then_some(text)
    });
    let mut counted: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter(|line| !line.contains("_seconds_bucket") && !line.contains("_seconds_sum"))
        // Before the kinds that were not asked for.
        .filter(|line| !line.ends_with(" 0"))
        .collect();
    counted.sort_unstable();
    insta::assert_snapshot!(counted.join("\n"));
    assert_eq!(origin.requests().len(), 5);
}

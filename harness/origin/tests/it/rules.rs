//! Every kind of rule, as a client meets it.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use rstest::rstest;
use twinproof_model::Rule;
use twinproof_origin::Origin;

use crate::client::{LIMIT, connect, exchange, fails, get, origin, request};

const LIST: &str = "/example.com/m/@v/list";

fn rule() -> Rule {
    Rule { path: "*/@v/list".to_owned(), ..Rule::default() }
}

/// The answer of an origin with this rule to a request for the list: head and content.
fn answer(rule: Rule) -> (String, String, bool) {
    let origin = origin();
    origin.script(vec![rule]);
    let (answer, closed) = exchange(&origin.url(), &request(LIST));
    let (head, content) = answer.split_once("\r\n\r\n").expect("a head");
    assert_eq!(origin.requests()[0].rule, Some(0));
    (head.to_owned(), content.to_owned(), closed)
}

#[rstest]
#[case(Rule { status: Some(503), ..rule() }, "HTTP/1.1 503 Service Unavailable", "Service Unavailable\n")]
#[case(Rule { status: Some(410), body: Some("gone".to_owned()), ..rule() }, "HTTP/1.1 410 Gone", "gone")]
#[case(Rule { body: Some("v9.0.0\n".to_owned()), ..rule() }, "HTTP/1.1 200 OK", "v9.0.0\n")]
#[case(Rule { base64: Some("AGE=".to_owned()), ..rule() }, "HTTP/1.1 200 OK", "\0a")]
#[case(Rule { from: Some("/example.com/m/@v/v1.0.0.mod".to_owned()), ..rule() }, "HTTP/1.1 200 OK", "module example.com/m\n")]
#[case(Rule { replace: [("v1".to_owned(), "v22".to_owned()), (String::new(), "x".to_owned())].into(), ..rule() }, "HTTP/1.1 200 OK", "v22.0.0\n")]
#[case(Rule { flip: Some(1), ..rule() }, "HTTP/1.1 200 OK", "v0.0.0\n")]
#[case(Rule { flip: Some(-2), ..rule() }, "HTTP/1.1 200 OK", "v1.0.1\n")]
#[case(Rule { drip: Some(2), drip_ms: Some(1), ..rule() }, "HTTP/1.1 200 OK", "v1.0.0\n")]
#[case(Rule { status: Some(204), ..rule() }, "HTTP/1.1 204 No Content", "")]
#[case(Rule { truncate: Some(3), ..rule() }, "HTTP/1.1 200 OK", "v1.")]
#[case(Rule { declare: Some(3), ..rule() }, "HTTP/1.1 200 OK", "v1.0.0\n")]
fn contents(#[case] rule: Rule, #[case] status: &str, #[case] content: &str) {
    let (head, got, closed) = answer(rule);
    assert_eq!((head.lines().next(), got.as_str(), closed), (Some(status), content, true));
}

#[test]
fn headers() {
    let header = [("Content-Type", "text/html"), ("X-Own", "1"), ("cache-control", "no-store")];
    let (head, _, _) = answer(Rule {
        header: header.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        drop_header: vec!["content-length".to_owned()],
        ..rule()
    });
    let mut lines: Vec<&str> = head.lines().skip(1).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["Connection: close", "Content-Type: text/html", "X-Own: 1", "cache-control: no-store"]
    );
}

#[test]
fn lengths() {
    let length = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        line.map(str::to_owned)
    };
    let (head, _, _) = answer(Rule { declare: Some(4096), ..rule() });
    assert_eq!(length(&head).as_deref(), Some("4096"));
    // The length is that of the whole body: a client can notice what is missing.
    let (head, _, _) = answer(Rule { truncate: Some(3), ..rule() });
    assert_eq!(length(&head).as_deref(), Some("7"));
    let (head, content, _) = answer(Rule {
        header: [("Transfer-Encoding".to_owned(), "chunked".to_owned())].into(),
        drip: Some(4),
        drip_ms: Some(1),
        ..rule()
    });
    // With chunks there is no length; each piece of the drip is a chunk.
    assert_eq!((length(&head), content.as_str()), (None, "4\r\nv1.0\r\n3\r\n.0\n\r\n0\r\n\r\n"));
}

#[rstest]
#[case(Rule { truncate: Some(3), ..rule() })]
#[case(Rule { declare: Some(100), ..rule() })]
#[case(Rule { reset: true, ..rule() })]
fn rule_that_breaks_a_client(#[case] rule: Rule) {
    let origin = origin();
    origin.script(vec![rule]);
    assert!(fails(&format!("{}{LIST}", origin.url())));
}

#[test]
fn redirects() {
    let (head, _, _) = answer(Rule { redirect: Some("/elsewhere".to_owned()), ..rule() });
    assert!(head.starts_with("HTTP/1.1 302 Found\r\n"), "{head}");
    assert!(head.contains("\r\nLocation: /elsewhere\r\n"), "{head}");
    let loops =
        Rule { redirect: Some(LIST.to_owned()), status: Some(308), path: "*".to_owned(), ..rule() };
    let (head, _, _) = answer(loops);
    assert!(head.starts_with("HTTP/1.1 308 Permanent Redirect\r\n"), "{head}");
}

#[test]
fn a_reset_is_one() {
    let origin = origin();
    origin.script(vec![Rule { reset: true, ..rule() }]);
    let mut stream = connect(&origin.url());
    stream.write_all(request(LIST).as_bytes()).expect("sends");
    let error = stream.read_to_end(&mut Vec::new()).expect_err("no orderly end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let request = &origin.requests()[0];
    assert_eq!((request.status, request.sent, request.rule), (None, 0, Some(0)));
}

#[test]
fn a_hanging_answer_never_comes() {
    let origin = origin();
    origin.script(vec![Rule { hang: true, ..rule() }]);
    let mut stream = connect(&origin.url());
    stream.write_all(request(LIST).as_bytes()).expect("sends");
    assert!(origin.wait_for(1, LIMIT));
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
    let error = stream.read(&mut [0]).expect_err("nothing comes");
    // Systems name a read that ran out of time differently.
    assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
    // Ends although the connection is still open.
    drop(origin);
}

#[test]
fn a_delay_is_waited_for() {
    let origin = origin();
    origin.script(vec![Rule { delay_ms: 150, times: Some(1), ..rule() }]);
    let start = Instant::now();
    assert_eq!(get(&format!("{}{LIST}", origin.url())).text(), "v1.0.0\n");
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert!(origin.requests()[0].took.is_some_and(|micros| micros >= 150_000));
}

#[test]
fn counters() {
    let origin = origin();
    let statuses = |origin: &Origin| {
        let status = |_| get(&format!("{}{LIST}", origin.url())).status;
        (0..6).map(status).collect::<Vec<_>>()
    };
    let rules = vec![
        Rule { after: 1, times: Some(2), status: Some(500), ..rule() },
        Rule { times: Some(1), status: Some(404), ..rule() },
    ];
    origin.script(rules.clone());
    // Rules are counted each for itself, and the first that applies wins.
    assert_eq!(statuses(&origin), [404, 500, 500, 200, 200, 200]);
    // A new script starts to count again.
    origin.script(rules);
    assert_eq!(statuses(&origin), [404, 500, 500, 200, 200, 200]);
    let applied: Vec<_> = origin.requests().iter().map(|request| request.rule).collect();
    let once = [Some(1), Some(0), Some(0), None, None, None];
    assert_eq!(applied, [once, once].concat());
}

#[test]
fn a_fork_is_signed_and_is_no_continuation() {
    let origin = origin();
    let lookup = format!("{}/lookup/example.com/m@v1.0.0", origin.sumdb_url());
    let truth = get(&lookup);
    origin.script(vec![Rule { path: "/db/*".to_owned(), fork: true, ..Rule::default() }]);
    let fork = get(&lookup);
    // Both verify against the key: only a client that compares tree heads can tell them apart.
    assert_eq!((truth.status, fork.status), (200, 200));
    assert!(truth.text().starts_with("0\nexample.com/m v1.0.0 h1:"), "{}", truth.text());
    assert!(fork.text().starts_with("1\nexample.com/m v1.0.0 h1:"), "{}", fork.text());
    let key = origin.sumdb_key();
    for answer in [truth, fork] {
        let (_, note) = answer.text().split_once("\n\n").expect("a note");
        let verifier = twinproof_sumdb::note::Verifier::new(&key).expect("a key");
        twinproof_sumdb::note::open(note.as_bytes(), &[verifier]).expect("signed");
    }
}

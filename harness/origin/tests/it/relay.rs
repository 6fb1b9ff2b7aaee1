//! The relay in front of an origin.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use rstest::rstest;
use twinproof_model::Rule;
use twinproof_origin::{Origin, Relay};

use crate::client::{LIMIT, connect, exchange, fails, get, origin, request};

const LIST: &str = "/example.com/m/@v/list";

fn pair(rules: Vec<Rule>) -> (Origin, Relay) {
    let origin = origin();
    let relay = Relay::start(&origin.url(), rules).expect("starts");
    (origin, relay)
}

fn rule() -> Rule {
    Rule { path: "*/@v/list".to_owned(), ..Rule::default() }
}

/// A server that answers the first bytes of each connection with these, and closes.
fn canned(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.expect("a connection");
            let mut chunk = [0; 4096];
            let _ = stream.read(&mut chunk);
            let _ = stream.write_all(answer);
            // Half a close and then reading to the end: a close with unread bytes would be sent as
            // a reset.
            let _ = stream.shutdown(Shutdown::Write);
            while stream.read(&mut chunk).is_ok_and(|n| n > 0) {}
        }
    });
    url
}

#[test]
fn bytes_go_through_as_they_are() {
    let (origin, relay) = pair(Vec::new());
    // Escapes, a query and dot segments: whatever normalises a target changes one of the three.
    let targets = ["/example.com/%6d/@v/list?x", LIST, "/a//b/../c%2fd"];
    for target in targets {
        let direct = exchange(&origin.url(), &request(target));
        assert_eq!(exchange(&relay.url(), &request(target)), direct);
    }
    let seen = |requests: Vec<twinproof_origin::Request>| {
        requests.into_iter().map(|r| (r.target, r.headers, r.status, r.sent)).collect::<Vec<_>>()
    };
    let (through, all) = (seen(relay.requests()), seen(origin.requests()));
    assert_eq!(through.len(), 3);
    // The origin saw each request twice: directly, and then through the relay.
    for (one, two) in through.iter().zip(all.chunks(2)) {
        assert_eq!([one.clone(), one.clone()], two);
    }
}

#[rstest]
#[case(Rule { status: Some(503), ..rule() }, "HTTP/1.1 503 Service Unavailable", "Service Unavailable\n")]
#[case(Rule { from: Some("/example.com/m/@v/v1.0.0.mod".to_owned()), ..rule() }, "HTTP/1.1 200 OK", "module example.com/m\n")]
#[case(Rule { replace: [("v1".to_owned(), "v22".to_owned())].into(), ..rule() }, "HTTP/1.1 200 OK", "v22.0.0\n")]
#[case(Rule { flip: Some(-2), ..rule() }, "HTTP/1.1 200 OK", "v1.0.1\n")]
#[case(Rule { truncate: Some(3), ..rule() }, "HTTP/1.1 200 OK", "v1.")]
#[case(Rule { drip: Some(1), drip_ms: Some(1), ..rule() }, "HTTP/1.1 200 OK", "v1.0.0\n")]
fn rules_change_answers(#[case] rule: Rule, #[case] status: &str, #[case] content: &str) {
    let (_origin, relay) = pair(vec![rule]);
    let (answer, closed) = exchange(&relay.url(), &request(LIST));
    let (head, got) = answer.split_once("\r\n\r\n").expect("a head");
    assert_eq!((head.lines().next(), got, closed), (Some(status), content, true));
    assert_eq!(relay.requests()[0].rule, Some(0));
}

/// A body in place of an empty one is announced with its own length.
#[test]
fn an_empty_answer_can_get_a_body() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let rule = Rule { body: Some("v1.0.0\n".to_owned()), ..rule() };
    let relay = Relay::start(&canned(answer), vec![rule]).expect("starts");
    let (answer, _) = exchange(&relay.url(), &request(LIST));
    // Two lengths that differ are what request smuggling is made of; clients refuse them.
    assert_eq!(answer.to_lowercase().matches("content-length: ").count(), 1, "{answer}");
    assert!(
        answer.contains("Content-Length: 7\r\n") && answer.ends_with("\r\n\r\nv1.0.0\n"),
        "{answer}"
    );
}

#[test]
fn a_head_request_keeps_its_length() {
    let header = [("X-Own".to_owned(), "1".to_owned())].into();
    let (_origin, relay) = pair(vec![Rule { header, ..rule() }]);
    let head = format!("HEAD {LIST} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let (answer, _) = exchange(&relay.url(), &head);
    assert!(answer.contains("\r\nContent-Length: 7\r\n"), "{answer}");
    assert!(answer.contains("\r\nX-Own: 1\r\n"), "{answer}");
}

#[test]
fn pipelined_requests_meet_their_rules() {
    let (_origin, relay) = pair(vec![Rule { status: Some(410), after: 1, ..rule() }]);
    let list = format!("GET {LIST} HTTP/1.1\r\nHost: x\r\n\r\n");
    // The content looks like a method: a relay that loses count of bodies takes it for a request.
    let post = "POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n";
    let (answer, closed) = exchange(&relay.url(), &format!("{list}{list}{post}"));
    let statuses: Vec<&str> =
        answer.split("HTTP/1.1 ").skip(1).filter_map(|part| part.get(..3)).collect();
    assert_eq!((statuses, closed), (vec!["200", "410", "405"], true));
    assert_eq!(relay.requests().len(), 3);
}

#[test]
fn a_reset_is_one() {
    let (_origin, relay) = pair(vec![Rule { reset: true, ..rule() }]);
    let mut stream = connect(&relay.url());
    stream.write_all(request(LIST).as_bytes()).expect("sends");
    let error = stream.read_to_end(&mut Vec::new()).expect_err("no orderly end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(fails(&format!("{}{LIST}", relay.url())));
}

#[test]
fn a_hanging_answer_ends_with_the_client() {
    let (_origin, relay) = pair(vec![Rule { hang: true, ..rule() }]);
    let mut stream = connect(&relay.url());
    stream.write_all(request(LIST).as_bytes()).expect("sends");
    // The request has arrived, so that silence below is the rule's and not the network's.
    assert!(relay.wait_for(1, LIMIT));
    // Proves too little on a slow machine, and never fails there.
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
    assert!(stream.read(&mut [0]).is_err());
    drop(stream);
    // The next request is served: the one that hangs holds no lock.
    assert_eq!(get(&format!("{}/example.com/m/@latest", relay.url())).status, 200);
}

#[rstest]
#[case("nonsense\r\n\r\n", "HTTP/1.1 400 ")]
#[case("GET / HTTP/9.9\r\n\r\n", "HTTP/1.1 400 ")]
#[case("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 ")]
fn relay_passes_bytes_that_are_not_http_to_its_target(#[case] bytes: &str, #[case] want: &str) {
    let (origin, relay) = pair(Vec::new());
    let (answer, closed) = exchange(&relay.url(), bytes);
    assert!(closed && answer.starts_with(want), "{answer:?}");
    // The origin's parser refused the bytes before there was a request to record.
    assert_eq!((origin.requests().len(), relay.requests().len()), (0, 1));
    relay.script(vec![Rule { path: "*".to_owned(), status: Some(200), ..Rule::default() }]);
    let (answer, _) = exchange(&relay.url(), bytes);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
}

#[test]
fn an_answer_before_the_request_is_whole() {
    let url = canned(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 5\r\n\r\nslow\n");
    let relay = Relay::start(&url, Vec::new()).expect("starts");
    let mut stream = connect(&relay.url());
    // Half a request line: the relay has to read both sides at once to see the answer.
    stream.write_all(b"GET / HT").expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("slow\n"), "{answer}");
    assert_eq!(relay.requests()[0].status, Some(408));
}

#[rstest]
#[case(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]
#[case(b"HTTP/1.0 200 OK\r\n\r\nabc")]
#[case(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")]
fn content_is_read_to_its_end_however_that_is_marked(#[case] answer: &'static [u8]) {
    let relay = Relay::start(&canned(answer), Vec::new()).expect("starts");
    let (got, closed) = exchange(&relay.url(), &request("/x"));
    assert_eq!((got.as_bytes(), closed), (answer, true));
    // A rule that changes the content makes the relay read to its end, however that is marked.
    relay.script(vec![Rule {
        path: "/x".to_owned(),
        replace: [("b".to_owned(), "B".to_owned())].into(),
        ..Rule::default()
    }]);
    assert_eq!(get(&format!("{}/x", relay.url())).text(), "aBc");
}

#[test]
fn answers_that_break_off_break_off() {
    let relay = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    let relay = Relay::start(&relay, Vec::new()).expect("starts");
    let (got, closed) = exchange(&relay.url(), &request("/x"));
    assert!(closed && got.ends_with("\r\n\r\nabc"), "{got}");
    // No head at all: the relay passes on what it cannot parse.
    let nonsense = Relay::start(&canned(b"no answer at all\n"), Vec::new()).expect("starts");
    assert_eq!(exchange(&nonsense.url(), &request("/x")), ("no answer at all\n".to_owned(), true));
}

#[test]
fn the_path_of_the_target_is_kept() {
    let relay = Relay::start("http://127.0.0.1:1/mod/", Vec::new()).expect("starts");
    assert!(relay.url().ends_with("/mod"));
    for target in
        ["https://127.0.0.1:1", "127.0.0.1:1", "http://", "http://:1", "http://127.0.0.1:x"]
    {
        assert!(Relay::start(target, Vec::new()).is_err(), "{target}");
    }
    // Nothing listens on that port, so the connection is closed.
    let (answer, _) = exchange(&relay.url(), "");
    assert_eq!(answer, "");
}

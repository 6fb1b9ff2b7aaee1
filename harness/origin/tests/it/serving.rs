//! The files that an origin serves without any rule, and its record of requests.

use std::io::Cursor;

use rstest::rstest;
use twinproof_gomod::dirhash::hash_zip_reader;
use twinproof_origin::{Module, Origin, Setup};

use crate::client::{Got, LIMIT, connect, exchange, get, module, origin, request};
use crate::requirement;
use std::io::{Read, Write};
use std::sync::Arc;
use twinproof_sumdb::client::{Client, Fetch, FetchError, MemoryStore};
use twinproof_testkit::Outcome;

#[test]
fn a_module_of_the_set_up() {
    let origin = origin();
    let got = |target: &str| get(&format!("{}/example.com/m/{target}", origin.url()));
    assert_eq!(got("@v/list").text(), "v1.0.0\n");
    let info = got("@v/v1.0.0.info");
    assert_eq!(info.kind, "application/json");
    assert_eq!(info.text(), r#"{"Version":"v1.0.0","Time":"2020-02-02T02:02:02Z"}"#);
    assert_eq!(got("@latest"), info);
    assert_eq!(got("@v/v1.0.0.mod").text(), "module example.com/m\n");
    let zip = got("@v/v1.0.0.zip");
    assert_eq!(zip.kind, "application/zip");
    let h1 = hash_zip_reader(Cursor::new(zip.body.as_slice())).expect("a zip");
    let sums = origin.sums("example.com/m", "v1.0.0").expect("sums");
    assert!(sums.starts_with(&format!("example.com/m v1.0.0 {h1}\n")), "{sums}");
    for target in ["@v/v1.0.1.info", "@v/v1.0.0", "@v/v1.0.0.txt", "x"] {
        let Got { status, kind, .. } = got(target);
        assert_eq!((status, kind.as_str()), (404, "text/plain; charset=utf-8"), "{target}");
    }
    // The path is not escaped, and an upper-case letter that is not names no module.
    assert_eq!(get(&format!("{}/example.com/M/@v/list", origin.url())).status, 404);
    assert_eq!(get(&format!("{}/mod/example.com/m/@v/list", origin.url())).text(), "v1.0.0\n");
}

#[test]
fn a_branch_and_an_unknown_mod() {
    let branch = Module {
        version: "main".to_owned(),
        info: Some(br#"{"Version":"v1.0.1-0.20240301000000-0123456789ab"}"#.to_vec()),
        ..module()
    };
    let nothing = Module { path: "example.com/none".to_owned(), ..Module::default() };
    let setup = Setup { modules: vec![module(), branch, nothing], ..Setup::default() };
    let origin = Origin::start(setup).expect("starts");
    let got = |target: &str| get(&format!("{}/example.com/{target}", origin.url()));
    let info = r#"{"Version":"v1.0.1-0.20240301000000-0123456789ab"}"#;
    assert_eq!(got("m/@v/main.info").text(), info);
    assert_eq!(got("m/@v/list").text(), "v1.0.0\n");
    assert_eq!((got("none/@v/list").status, got("none/@v/list").body), (200, Vec::new()));
    // Without any version there is no latest, though the list is a good answer.
    assert_eq!(got("none/@latest").status, 404);
}

#[rstest]
#[case("crafted.example/!upper/@v/v1.0.0.mod", "module crafted.example/Upper\n\ngo 1.21\n")]
#[case("crafted.example/upper/@v/v1.0.0.mod", "module crafted.example/upper\n\ngo 1.21\n")]
#[case("crafted.example/%21upper/@v/list", "v1.0.0\n")]
#[case("crafted.example/capital/@v/list", "v1.0.0-RC1\nv1.0.0-rc1\n")]
#[case(
    "crafted.example/capital/@v/v1.0.0-!r!c1.info",
    r#"{"Version":"v1.0.0-RC1","Time":"2020-02-02T02:02:02Z"}"#
)]
#[case(
    "crafted.example/incompatible/@v/list",
    "v1.0.0\nv2.0.0+incompatible\nv3.1.0+incompatible\n"
)]
#[case(
    "crafted.example/incompatible/@v/v2.0.0+incompatible.mod",
    "module crafted.example/incompatible\n"
)]
#[case("gopkg.in/crafted.v1/@v/list", "v1.0.0\n")]
#[case("crafted.example/pseudo/@v/list", "")]
#[case(
    "crafted.example/pseudo/@latest",
    r#"{"Version":"v0.0.0-20210101000000-cccccccccccc","Time":"2021-01-01T00:00:00Z"}"#
)]
#[case(
    "crafted.example/prerelease/@latest",
    r#"{"Version":"v1.0.0-beta.11","Time":"2020-02-02T02:02:02Z"}"#
)]
#[case(
    "crafted.example/branches/@v/0123456789ab.info",
    r#"{"Version":"v1.0.1-0.20240301000000-0123456789ab","Time":"2024-03-01T00:00:00Z"}"#
)]
#[case(
    "crafted.example/branches/@v/01234.info",
    r#"{"Version":"v1.0.1-0.20240301000000-0123456789ab","Time":"2024-03-01T00:00:00Z"}"#
)]
#[case(
    "crafted.example/incompatible/@latest",
    r#"{"Version":"v1.0.0","Time":"2020-02-02T02:02:02Z"}"#
)]
#[case("crafted.example/emptylist/@v/list", "")]
#[case("golang.org/toolchain/@v/list", "v0.0.1-go1.99.0.linux-amd64\n")]
fn crafted(#[case] target: &str, #[case] want: &str) {
    let origin = Origin::start(Setup::default()).expect("starts");
    let got = get(&format!("{}/{target}", origin.url()));
    assert_eq!((got.status, got.text()), (200, want));
}

#[test]
fn ten_thousand_versions() {
    let origin = Origin::start(Setup::default()).expect("starts");
    let list = get(&format!("{}/crafted.example/many/@v/list", origin.url()));
    assert_eq!(list.text().lines().count(), 10_000);
    assert!(list.text().ends_with("\nv1.99.99\n"));
    let latest = get(&format!("{}/crafted.example/many/@latest", origin.url()));
    assert!(latest.text().starts_with(r#"{"Version":"v1.99.99","#));
    // A leading zero is no semantic version, although the number would exist.
    assert_eq!(get(&format!("{}/crafted.example/many/@v/v1.7.07.mod", origin.url())).status, 404);
    assert!(origin.sums("crafted.example/many", "v1.42.7").is_some());
}

/// Asks a database by its URL.
struct Direct(String);

impl Fetch for Direct {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        let got = get(&format!("{}{path}", self.0));
        if got.status == 200 { Ok(got.body) } else { Err(FetchError::from_status(got.status)) }
    }
}

#[test]
fn the_database_proves_what_is_served() {
    let origin = origin();
    let through = format!("{}/sumdb/{}", origin.url(), origin.sumdb_name());
    assert_eq!(get(&format!("{through}/supported")).status, 200);
    // The database itself, by way of the proxy, and by the prefix of Go's own test proxy.
    let own = [origin.sumdb_url(), through, format!("{}/mod/sumdb-direct", origin.url())];
    let own = own.map(|base| (origin.sumdb_key(), base));
    // The name of a database may contain a slash, which a proxy has to find the end of.
    let (slashed, key, url) = origin.slashed_sumdb();
    let relayed = format!("{}/sumdb/{slashed}", origin.url());
    for (key, base) in own.into_iter().chain([(key.clone(), url), (key, relayed)]) {
        let store = MemoryStore::default();
        let client = Client::new(&key, Direct(base), store).expect("a client");
        for (path, version) in [("example.com/m", "v1.0.0"), ("crafted.example/Upper", "v1.0.0")] {
            let lines = client.lookup(path, version).expect("a record");
            let sums = origin.sums(path, version).expect("sums");
            assert_eq!(lines, sums.lines().take(1).collect::<Vec<_>>());
        }
    }
}

#[test]
fn requests_are_written_down() {
    let origin = origin();
    let target = "/example.com/m/@v/list?x=%21";
    let text = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic eA==\r\nX-Own: 1\r\nConnection: close\r\n\r\n"
    );
    let (answer, closed) = exchange(&origin.url(), &text);
    assert!(closed && answer.ends_with("\r\n\r\nv1.0.0\n"), "{answer:?}");
    let _ = get(&format!("{}/nowhere", origin.url()));
    let requests = origin.requests();
    assert_eq!(requests.len(), 2);
    let first = &requests[0];
    assert_eq!((first.method.as_str(), first.target.as_str()), ("GET", target));
    assert_eq!((first.status, first.sent, first.number, first.rule), (Some(200), 7, 0, None));
    assert_eq!((first.header("x-own"), first.tls), (Some("1"), false));
    // Credentials are marked, so that whoever prints a request can leave them out.
    let secret: Vec<_> = first.headers.iter().filter(|header| header.secret).collect();
    assert_eq!(secret.len(), 1);
    assert_eq!(
        (secret[0].name.as_str(), secret[0].value.as_str()),
        ("authorization", "Basic eA==")
    );
    assert_eq!((requests[1].status, requests[1].number), (Some(404), 1));
    origin.clear();
    assert_eq!(origin.requests(), []);
}

#[test]
fn connections_are_kept_and_requests_may_be_pipelined() {
    let origin = origin();
    let mut stream = connect(&origin.url());
    let head = "HEAD /example.com/m/@v/v1.0.0.zip HTTP/1.1\r\nHost: x\r\n\r\n";
    let list = "GET /example.com/m/@v/list HTTP/1.1\r\nHost: x\r\n\r\n";
    // A body that is not read would be taken for the next request.
    let post = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc";
    let last = request("/example.com/m/@v/list");
    stream.write_all(format!("{head}{list}{post}{last}").as_bytes()).expect("sends");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("a clean end");
    let heads = answer.split("HTTP/1.1 ").skip(1);
    let parts: Vec<(&str, &str)> = heads
        .map(|part| part.split_once("\r\n\r\n").expect("a head"))
        .map(|(head, content)| (head.split(' ').next().unwrap_or_default(), content))
        .collect();
    let list = ("200", "v1.0.0\n");
    assert_eq!(parts, [("200", ""), list, ("405", "only GET and HEAD are allowed\n"), list]);
}

#[rstest]
#[case("nonsense\r\n\r\n", "400 Bad Request")]
#[case("GET /a b HTTP/1.1\r\n\r\n", "400 Bad Request")]
#[case("GET /%ff HTTP/1.1\r\nConnection: close\r\n\r\n", "400 Bad Request")]
fn bytes_that_are_not_http_are_refused(#[case] request: &str, #[case] want: &str) {
    let origin = origin();
    let (answer, closed) = exchange(&origin.url(), request);
    assert!(closed && answer.starts_with(&format!("HTTP/1.1 {want}\r\n")), "{answer:?}");
}

#[test]
fn heads_have_a_limit() {
    let origin = origin();
    let large = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(80 << 10));
    let (answer, _) = exchange(&origin.url(), &large);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    // Even a request that was refused for its size is written down, for a case to count.
    let seen: Vec<_> = origin.requests().into_iter().map(|r| (r.target, r.status)).collect();
    assert_eq!(seen, [("/".to_owned(), Some(431))]);
}

#[test]
fn a_thousand_origins_come_and_go() {
    for _ in 0..1_000 {
        let origin = origin();
        let stream = connect(&origin.url());
        drop(origin);
        // The system may reset the connection or close it; no byte of an answer may come.
        let mut rest = Vec::new();
        let read = (&stream).read_to_end(&mut rest);
        assert!(read.is_err() || rest.is_empty());
    }
}

#[test]
fn two_hundred_clients_at_once() {
    let origin = Arc::new(origin());
    let url = format!("{}/crafted.example/medium/@v/v1.0.0.zip", origin.url());
    let clients: Vec<_> = (0..200)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || get(&url).body.len())
        })
        .collect();
    let sizes: Vec<usize> = clients.into_iter().map(|c| c.join().expect("served")).collect();
    assert!(sizes[0] > 1 << 20);
    assert_eq!(sizes, vec![sizes[0]; 200]);
    assert!(origin.wait_for(200, LIMIT));
    assert_eq!(origin.requests().iter().map(|r| r.sent).sum::<u64>(), 200 * sizes[0] as u64);
}

#[test]
fn the_corpus_of_cmd_go() -> Outcome {
    let folder = requirement::corpus()?;
    let origin =
        Origin::start(Setup { corpora: vec![folder], ..Setup::default() }).expect("starts");
    let got = |target: &str| get(&format!("{}/mod/{target}", origin.url()));
    assert!(got("rsc.io/quote/@v/list").text().starts_with("v1.0.0\nv1.1.0\n"));
    assert!(got("rsc.io/!q!u!o!t!e/@v/v1.5.2.mod").text().contains("module rsc.io/QUOTE"));
    assert_eq!(got("invalid/x").text(), "invalid");
    assert_eq!(got("418/x").status, 418);
    let (name, key) = origin.cmd_go_sumdb().expect("its database");
    assert_eq!(name, "localhost.localdev/sumdb");
    let client = Client::new(
        &key,
        Direct(format!("{}/mod/sumdb/{name}", origin.url())),
        MemoryStore::default(),
    );
    let lines = client.expect("a client").lookup("rsc.io/quote", "v1.5.2").expect("a record");
    // The sum that scripts of cmd/go name for this version of the corpus.
    assert_eq!(lines, ["rsc.io/quote v1.5.2 h1:3fEykkD9k7lYzXqCYrwGAf7iNhbk4yCjHmKBN9td4L0="]);
    let redirected = got("redirect/2/rsc.io/quote/@v/list");
    assert_eq!(redirected.status, 302);
    Ok(())
}

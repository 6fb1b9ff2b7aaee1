//! GOPROXY lists.

use rstest::rstest;
use twinproof_gomod::goproxy::{FallBack, Proxy, ProxyList};

fn shown(list: &ProxyList) -> Vec<String> {
    let show = |entry: &twinproof_gomod::goproxy::Entry| {
        let what = match &entry.proxy {
            Proxy::Url(url) => url.as_str().to_owned(),
            Proxy::Direct => "direct".to_owned(),
            Proxy::Off => "off".to_owned(),
        };
        what + if entry.fall_back == FallBack::AnyError { "|" } else { "" }
    };
    list.entries().iter().map(show).collect()
}

#[rstest]
#[case("https://a.example", &["https://a.example"])]
#[case("https://a.example|http://b.example/x/,direct", &["https://a.example|", "http://b.example/x/", "direct"])]
#[case(" https://a.example ,,| direct", &["https://a.example", "direct"])]
#[case("a.example", &["https://a.example"])]
#[case("a.example:8080/x", &["https://a.example:8080/x"])]
#[case("localhost:8080", &["https://localhost:8080"])]
#[case("off,https://a.example", &["off"])]
#[case("direct|nonsense", &["direct"])]
#[case("off|", &["off"])]
#[case("file:///srv/mod", &["file:///srv/mod"])]
#[case("file:/srv/mod|off", &["file:/srv/mod|", "off"])]
#[case("HTTPS://a.example", &["HTTPS://a.example"])]
#[case("https://u:p%20@[::1]:1/x?y#z", &["https://u:p%20@[::1]:1/x?y#z"])]
fn lists(#[case] text: &str, #[case] entries: &[&str]) {
    let list: ProxyList = text.parse().unwrap();
    assert_eq!(shown(&list), entries);
    assert_eq!(list.to_string().parse::<ProxyList>().unwrap(), list);
}

const NOTHING: &str = "GOPROXY list is not the empty string, but contains no entries";

#[rstest]
#[case("", NOTHING)]
#[case(", |", NOTHING)]
#[case("none", "invalid proxy URL missing scheme: none")]
#[case("https://a.example,word", "invalid proxy URL missing scheme: word")]
#[case("/srv/mod", "invalid proxy URL missing scheme: /srv/mod")]
#[case(
    "ftp://u:p@a.example",
    "invalid proxy URL scheme (must be https, http, file): ftp://u:xxxxx@a.example"
)]
#[case("file://host/srv", "invalid file:// proxy URL with non-path elements: file://host/srv")]
#[case("file:///srv?x", "invalid file:// proxy URL with non-path elements: file:///srv?x")]
#[case(":/x", "parse \":/x\": missing protocol scheme")]
#[case("1:/x", "parse \"1:/x\": first path segment in URL cannot contain colon")]
#[case("https://a:b/x", "parse \"https://a:b/x\": invalid port \":b\" after host")]
#[case("https://a/%zz", "parse \"https://a/%zz\": invalid URL escape \"%zz\"")]
#[case("https://a b/", "parse \"https://a b/\": invalid character \" \" in host name")]
#[case(
    "https://a\u{7f}/",
    "parse \"https://a\\u{7f}/\": net/url: invalid control character in URL"
)]
fn refused(#[case] text: &str, #[case] error: &str) {
    assert_eq!(text.parse::<ProxyList>().unwrap_err().to_string(), error);
}

#[test]
fn passwords_are_not_shown() {
    let list: ProxyList = "https://user:secret@a.example/x".parse().unwrap();
    let shown = format!("{list:?}");
    assert!(shown.contains("https://user:xxxxx@a.example/x"), "{shown}");
}

#[rstest]
#[case(FallBack::NotFound, 200, false)]
#[case(FallBack::NotFound, 404, true)]
#[case(FallBack::NotFound, 410, true)]
#[case(FallBack::NotFound, 403, false)]
#[case(FallBack::NotFound, 500, false)]
#[case(FallBack::AnyError, 200, false)]
#[case(FallBack::AnyError, 404, true)]
#[case(FallBack::AnyError, 500, true)]
fn going_on(#[case] fall_back: FallBack, #[case] status: u16, #[case] on: bool) {
    assert_eq!(fall_back.applies_to_status(status), on);
}

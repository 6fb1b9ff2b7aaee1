//! GOPROXY lists.

use std::path::PathBuf;

use rstest::rstest;
use twinproof_gomod::goproxy::{End, Miss, ProxyList, ProxyUrl, Unfound, file_path, without_user};

#[rstest]
#[case("https://a.example", "https://a.example", End::Nothing)]
#[case(
    "https://a.example|http://b.example/x/,direct",
    "https://a.example|http://b.example/x/,direct",
    End::Direct
)]
#[case(" https://a.example ,,| direct", "https://a.example,direct", End::Direct)]
#[case("a.example", "https://a.example", End::Nothing)]
#[case("a.example:8080/x", "https://a.example:8080/x", End::Nothing)]
#[case("localhost:8080", "https://localhost:8080", End::Nothing)]
#[case("off,https://a.example", "off", End::Off)]
#[case("direct|nonsense", "direct", End::Direct)]
#[case("off|", "off", End::Off)]
#[case("file:///srv/mod", "file:///srv/mod", End::Nothing)]
#[case("file:/srv/mod|off", "file:/srv/mod|off", End::Off)]
#[case("HTTPS://a.example", "HTTPS://a.example", End::Nothing)]
#[case("https://u:p%20@[::1]:1/x?y#z|", "https://u:p%20@[::1]:1/x?y#z|", End::Nothing)]
fn a_list_is_read_and_written_back(#[case] text: &str, #[case] read: &str, #[case] end: End) {
    let list: ProxyList = text.parse().unwrap();
    assert_eq!((list.to_string(), list.end()), (read.to_owned(), end));
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
fn a_list_that_names_nothing_usable_is_refused(#[case] text: &str, #[case] error: &str) {
    assert_eq!(text.parse::<ProxyList>().unwrap_err().to_string(), error);
}

#[test]
fn passwords_are_not_shown() {
    let list: ProxyList = "https://user:secret@a.example/x".parse().unwrap();
    let shown = format!("{list:?}");
    assert!(shown.contains("https://user:xxxxx@a.example/x"), "{shown}");
}

#[rstest]
#[case("https://user:secret@a.example/x?y@z", "https://a.example/x?y@z")]
#[case("https://user@a.example:1", "https://a.example:1")]
#[case("https://a.example/@v", "https://a.example/@v")]
#[case("a.example", "a.example")]
fn users_are_not_shown(#[case] url: &str, #[case] shown: &str) {
    assert_eq!(without_user(url), shown);
}

#[rstest]
#[case("file:///srv/a%20b", Some("/srv/a b"))]
#[case("file:/srv/a", Some("/srv/a"))]
#[case("https://a.example", None)]
fn a_file_address_is_the_path_of_a_folder(#[case] url: &str, #[case] path: Option<&str>) {
    assert_eq!(file_path(url), path.map(PathBuf::from));
}

/// The answer of each proxy, by the first letter of its name: `n`ot found, `f`ails, ends `a`ll, `h`as it.
fn answer(url: &ProxyUrl) -> Result<char, Miss<char>> {
    let letter = url.as_str().chars().nth(8).unwrap();
    let number = url.as_str().chars().nth(9).unwrap();
    match letter {
        'n' => Err(Miss::NotFound(number)),
        'f' => Err(Miss::Failed(number)),
        'a' => Err(Miss::Final(number)),
        _ => Ok(number),
    }
}

#[rstest]
#[case("n1.x,n2.x,h3.x,h4.x", Ok('3'))]
#[case("f1.x|h2.x", Ok('2'))]
#[case("f1.x,h2.x", Err(Unfound { miss: Some(Miss::Failed('1')), end: None }))]
#[case("n1.x|n2.x,direct", Err(Unfound { miss: Some(Miss::NotFound('1')), end: Some(End::Direct) }))]
#[case("n1.x|f2.x|n3.x,off", Err(Unfound { miss: Some(Miss::Failed('2')), end: Some(End::Off) }))]
#[case("f1.x|f2.x|", Err(Unfound { miss: Some(Miss::Failed('1')), end: Some(End::Nothing) }))]
#[case("f1.x|a2.x|h3.x", Err(Unfound { miss: Some(Miss::Final('2')), end: None }))]
#[case("off", Err(Unfound { miss: None, end: Some(End::Off) }))]
fn the_walk_goes_on_as_the_separators_say(
    #[case] list: &str,
    #[case] found: Result<char, Unfound<char>>,
) {
    assert_eq!(list.parse::<ProxyList>().unwrap().find(answer), found);
}

//! Targets of requests.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_gomod::{Request, RequestError};

fn list(module: &str) -> Request {
    Request::List { module: module.to_owned() }
}

fn latest(module: &str) -> Request {
    Request::Latest { module: module.to_owned() }
}

fn info(module: &str, version: &str) -> Request {
    Request::Info { module: module.to_owned(), version: version.to_owned() }
}

fn go_mod(module: &str, version: &str) -> Request {
    Request::Mod { module: module.to_owned(), version: version.to_owned() }
}

fn zip(module: &str, version: &str) -> Request {
    Request::Zip { module: module.to_owned(), version: version.to_owned() }
}

fn sumdb(name: &str, rest: &str) -> Request {
    Request::Sumdb { name: name.to_owned(), rest: rest.to_owned() }
}

/// With the path in the store, and the target that cmd/go sends where it is not the path.
#[rstest]
#[case("/a.b/@v/list", list("a.b"), "a.b/@v/list", None)]
#[case("/a.b/c/@latest", latest("a.b/c"), "a.b/c/@latest", None)]
#[case("/a.b/!c!d/@latest", latest("a.b/CD"), "a.b/!c!d/@latest", Some("/a.b/%21c%21d/@latest"))]
#[case(
    "/a.b/%21c%21d/@latest",
    latest("a.b/CD"),
    "a.b/!c!d/@latest",
    Some("/a.b/%21c%21d/@latest")
)]
#[case("/%61.b/%40v/li%73t", list("a.b"), "a.b/@v/list", Some("/a.b/@v/list"))]
#[case("/a.b/@v/v1.0.0.info", info("a.b", "v1.0.0"), "a.b/@v/v1.0.0.info", None)]
#[case("/a.b/@v/v1.0.0.mod", go_mod("a.b", "v1.0.0"), "a.b/@v/v1.0.0.mod", None)]
#[case("/a.b/@v/v1.0.0.zip", zip("a.b", "v1.0.0"), "a.b/@v/v1.0.0.zip", None)]
#[case(
    "/a.b/@v/v2.0.0+incompatible.zip",
    zip("a.b", "v2.0.0+incompatible"),
    "a.b/@v/v2.0.0+incompatible.zip",
    None
)]
#[case(
    "/a.b/@v/v2.0.0%2bincompatible.zip",
    zip("a.b", "v2.0.0+incompatible"),
    "a.b/@v/v2.0.0+incompatible.zip",
    Some("/a.b/@v/v2.0.0+incompatible.zip")
)]
#[case(
    "/a.b/@v/v1.0.0-!r!c1.mod",
    go_mod("a.b", "v1.0.0-RC1"),
    "a.b/@v/v1.0.0-!r!c1.mod",
    Some("/a.b/@v/v1.0.0-%21r%21c1.mod")
)]
#[case("/a.b/@v/main.info", info("a.b", "main"), "a.b/@v/main.info", None)]
#[case("/a.b/@v/v1.info", info("a.b", "v1"), "a.b/@v/v1.info", None)]
#[case("/a.b/@v/list.info", info("a.b", "list"), "a.b/@v/list.info", None)]
#[case("/a.b/@v/x.mod.info", info("a.b", "x.mod"), "a.b/@v/x.mod.info", None)]
#[case("/a.b/@v/50%25.info", info("a.b", "50%"), "a.b/@v/50%.info", Some("/a.b/@v/50%25.info"))]
#[case(
    "/golang.org/toolchain/@v/v0.0.1-go1.25.0.linux-amd64.zip",
    zip("golang.org/toolchain", "v0.0.1-go1.25.0.linux-amd64"),
    "golang.org/toolchain/@v/v0.0.1-go1.25.0.linux-amd64.zip",
    None
)]
#[case("/gopkg.in/yaml.v3/@v/list", list("gopkg.in/yaml.v3"), "gopkg.in/yaml.v3/@v/list", None)]
#[case(
    "/sumdb/sum.example/supported",
    sumdb("sum.example", "supported"),
    "sumdb/sum.example/supported",
    None
)]
#[case(
    "/sumdb/sum.example/latest",
    sumdb("sum.example", "latest"),
    "sumdb/sum.example/latest",
    None
)]
#[case(
    "/sumdb/localhost.localdev/sumdb/supported",
    sumdb("localhost.localdev/sumdb", "supported"),
    "sumdb/localhost.localdev/sumdb/supported",
    None
)]
#[case(
    "/sumdb/localhost/x/v1/latest",
    sumdb("localhost/x/v1", "latest"),
    "sumdb/localhost/x/v1/latest",
    None
)]
#[case(
    "/sumdb/s.e/lookup/a.b/!c@v1.0.0",
    sumdb("s.e", "lookup/a.b/!c@v1.0.0"),
    "sumdb/s.e/lookup/a.b/!c@v1.0.0",
    Some("/sumdb/s.e/lookup/a.b/%21c@v1.0.0")
)]
#[case(
    "/sumdb/s.e/lookup/a.b/latest@v1.0.0",
    sumdb("s.e", "lookup/a.b/latest@v1.0.0"),
    "sumdb/s.e/lookup/a.b/latest@v1.0.0",
    None
)]
#[case(
    "/sumdb/s.e/x/tile/8/0/x001/234.p/5",
    sumdb("s.e/x", "tile/8/0/x001/234.p/5"),
    "sumdb/s.e/x/tile/8/0/x001/234.p/5",
    None
)]
#[case(
    "/sumdb/s.e/tile/8/data/000",
    sumdb("s.e", "tile/8/data/000"),
    "sumdb/s.e/tile/8/data/000",
    None
)]
fn accepted(
    #[case] target: &str,
    #[case] request: Request,
    #[case] stored: &str,
    #[case] sent: Option<&str>,
) {
    assert_eq!(Request::decode(target).unwrap(), request);
    assert_eq!(request.store_path().unwrap(), stored);
    assert_eq!(request.target().unwrap(), sent.unwrap_or(target));
}

#[rstest]
#[case::empty("", 400, "bad request: the target does not begin with a slash")]
#[case::absolute(
    "http://x/a.b/@v/list",
    400,
    "bad request: the target does not begin with a slash"
)]
#[case::query("/a.b/@v/list?x", 400, "bad request: the module proxy protocol has no queries")]
#[case::fragment("/a.b/@v/list#x", 400, "bad request: the target has a fragment")]
#[case::half_escape(
    "/a.b/@v/list%2",
    400,
    "bad request: a percent sign is not followed by two hexadecimal digits"
)]
#[case::bad_escape(
    "/a.b/@v/list%g0",
    400,
    "bad request: a percent sign is not followed by two hexadecimal digits"
)]
#[case::sign_escape(
    "/a.b/@v/list%+1",
    400,
    "bad request: a percent sign is not followed by two hexadecimal digits"
)]
#[case::slash("/a.b%2fc/@v/list", 400, "bad request: the path has a backslash or an escaped slash")]
#[case::backslash(
    "/a.b\\c/@v/list",
    400,
    "bad request: the path has a backslash or an escaped slash"
)]
#[case::hidden_backslash(
    "/a.b%5cc/@v/list",
    400,
    "bad request: the path has a backslash or an escaped slash"
)]
#[case::nul("/a.b%00/@v/list", 400, "bad request: the path has the byte 0x00")]
#[case::newline("/a.b%0a/@v/list", 400, "bad request: the path has the byte 0x0a")]
#[case::delete("/a.b%7f/@v/list", 400, "bad request: the path has the byte 0x7f")]
#[case::beyond_ascii("/a.b/é/@v/list", 400, "bad request: the path has the byte 0xc3")]
#[case::hidden_beyond_ascii("/a.b/%c3%a9/@v/list", 400, "bad request: the path has the byte 0xc3")]
#[case::twice_escaped(
    "/a.b%252f/@v/list",
    400,
    "bad request: malformed module path \"a.b%2f\": invalid char '%'"
)]
#[case::empty_element("/a.b//c/@v/list", 400, "bad request: the path has an empty element")]
#[case::leading("//a.b/@v/list", 400, "bad request: the path has an empty element")]
#[case::trailing("/a.b/@v/list/", 400, "bad request: the path has an empty element")]
#[case::parent("/a.b/../@v/list", 400, "bad request: the path has the element \"..\"")]
#[case::hidden_parent("/a.b/%2e%2e/@v/list", 400, "bad request: the path has the element \"..\"")]
#[case::parent_in_version(
    "/a.b/@v/../../x.info",
    400,
    "bad request: the path has the element \"..\""
)]
#[case::here("/a.b/%2E/@v/list", 400, "bad request: the path has the element \".\"")]
#[case::sumdb_parent(
    "/sumdb/s.e/%2e%2e/latest",
    400,
    "bad request: the path has the element \"..\""
)]
#[case::capital(
    "/a.b/C/@v/list",
    400,
    "bad request: invalid escaped form \"a.b/C\": uppercase letters are written !x, and nothing else is"
)]
#[case::hidden_capital(
    "/a.b/%43/@v/list",
    400,
    "bad request: invalid escaped form \"a.b/C\": uppercase letters are written !x, and nothing else is"
)]
#[case::capital_in_version(
    "/a.b/@v/v1.0.0-RC1.mod",
    400,
    "bad request: invalid escaped form \"v1.0.0-RC1\": uppercase letters are written !x, and nothing else is"
)]
#[case::bang_at_end(
    "/a.b/c!/@v/list",
    400,
    "bad request: invalid escaped form \"a.b/c!\": uppercase letters are written !x, and nothing else is"
)]
#[case::bang_capital(
    "/a.b/!C/@v/list",
    400,
    "bad request: invalid escaped form \"a.b/!C\": uppercase letters are written !x, and nothing else is"
)]
#[case::two_bangs(
    "/a.b/!!c/@v/list",
    400,
    "bad request: invalid escaped form \"a.b/!!c\": uppercase letters are written !x, and nothing else is"
)]
#[case::no_dot(
    "/fmt/@v/list",
    400,
    "bad request: malformed module path \"fmt\": missing dot in first path element"
)]
#[case::major(
    "/a.b/v1/@v/list",
    400,
    "bad request: malformed module path \"a.b/v1\": invalid major version at its end"
)]
#[case::device(
    "/a.b/aux.x/@v/list",
    400,
    "bad request: malformed module path \"a.b/aux.x\": \"aux\" disallowed as path element component on Windows"
)]
#[case::dash("/-a.b/@v/list", 400, "bad request: malformed module path \"-a.b\": leading dash")]
#[case::version_slash(
    "/a.b/@v/x/y.info",
    400,
    "bad request: version \"x/y\" invalid: invalid char '/'"
)]
#[case::version_empty(
    "/a.b/@v/.info",
    400,
    "bad request: version \"\" invalid: empty path element"
)]
#[case::version_char(
    "/a.b/@v/a*.info",
    400,
    "bad request: version \"a*\" invalid: invalid char '*'"
)]
#[case::sumdb_name(
    "/sumdb/s.e+x/latest",
    400,
    "bad request: \"s.e+x\" is not the name of a checksum database"
)]
#[case::sumdb_capital(
    "/sumdb/S.e/latest",
    400,
    "bad request: \"S.e\" is not the name of a checksum database"
)]
#[case::sumdb_bang(
    "/sumdb/!s.e/latest",
    400,
    "bad request: \"!s.e\" is not the name of a checksum database"
)]
#[case::sumdb_device(
    "/sumdb/nul/latest",
    400,
    "bad request: \"nul\" is not the name of a checksum database"
)]
#[case::lookup_without_version(
    "/sumdb/s.e/lookup/a.b",
    400,
    "bad request: invalid module@version syntax in \"a.b\""
)]
#[case::lookup_of_branch(
    "/sumdb/s.e/lookup/a.b@main",
    400,
    "bad request: invalid module@version syntax in \"a.b@main\""
)]
#[case::lookup_capital(
    "/sumdb/s.e/lookup/a.b/C@v1.0.0",
    400,
    "bad request: invalid escaped form \"a.b/C\": uppercase letters are written !x, and nothing else is"
)]
#[case::tile("/sumdb/s.e/tile/8/0/0", 400, "bad request: malformed tile path \"tile/8/0/0\"")]
#[case::root("/", 404, "not found: the module proxy protocol has no such path")]
#[case::other("/favicon.ico", 404, "not found: the module proxy protocol has no such path")]
#[case::module_only("/a.b/c", 404, "not found: the module proxy protocol has no such path")]
#[case::no_kind("/a.b/@v/v1", 404, "not found: the module proxy protocol has no such path")]
#[case::other_kind(
    "/a.b/@v/v1.0.0.ziphash",
    404,
    "not found: the module proxy protocol has no such path"
)]
#[case::branch_zip(
    "/a.b/@v/main.zip",
    404,
    "not found: \"main\" is not a canonical version, and only those have a .mod and a .zip"
)]
#[case::short_mod(
    "/a.b/@v/v1.0.mod",
    404,
    "not found: \"v1.0\" is not a canonical version, and only those have a .mod and a .zip"
)]
#[case::build(
    "/a.b/@v/v1.0.0+x.mod",
    404,
    "not found: \"v1.0.0+x\" is not a canonical version, and only those have a .mod and a .zip"
)]
#[case::sumdb("/sumdb", 404, "not found: the module proxy protocol has no such path")]
#[case::sumdb_other("/sumdb/s.e/x", 404, "not found: the module proxy protocol has no such path")]
fn refused(#[case] target: &str, #[case] status: u16, #[case] text: &str) {
    let error = Request::decode(target).unwrap_err();
    assert_eq!((error.status(), error.to_string()), (status, text.to_owned()));
}

#[rstest]
#[case(format!("/a.b/{}/@v/list", "x".repeat(200)), None)]
#[case(format!("/a.b/{}/@v/list", "x".repeat(201)), Some(RequestError::LongElement))]
#[case(format!("/a.b/@v/v1.0.0-{}.info", "x".repeat(188)), None)]
#[case(format!("/a.b/@v/v1.0.0-{}.info", "x".repeat(189)), Some(RequestError::LongElement))]
#[case(format!("/a.b{}/@latest", "/x".repeat(2042)), None)]
#[case(format!("/a.b{}/@latest", "/x".repeat(2043)), Some(RequestError::TooLong))]
fn targets_and_elements_have_a_longest_length(
    #[case] target: String,
    #[case] error: Option<RequestError>,
) {
    assert_eq!(Request::decode(target).err(), error);
}

#[test]
fn requests_that_were_not_decoded_are_checked() {
    let error = list("../x").store_path().unwrap_err();
    assert_eq!(error.status(), 400);
    assert!(info("a.b", "../x").target().is_err());
}

proptest! {
    #[test]
    fn there_and_back(
        module in "[a-z]{1,3}\\.[a-z]{1,3}(/[a-zA-Z0-9_-]{1,5}){0,3}",
        version in "v[0-9]\\.[0-9]\\.[0-9](-[a-zA-Z]{1,4})?(\\+incompatible)?",
        branch in "[a-zA-Z0-9#$%&()+,=@\\[\\]^_{}~ -]{1,6}",
    ) {
        let requests =
            [list(&module), latest(&module), info(&module, &branch), go_mod(&module, &version), zip(&module, &version)];
        for request in requests {
            let Ok(target) = request.target() else { continue };
            prop_assert_eq!(Request::decode(&target).unwrap(), request);
        }
    }

    #[test]
    fn accepted_request_names_a_safe_path(target in "/([a-zA!.%/@:]|%[0-9a-f]{2}|@v/|@latest|sumdb/|tile/8/0/|\\.info|v1\\.0\\.0){0,12}") {
        if let Ok(request) = Request::decode(&target) {
            let path = request.store_path().unwrap();
            prop_assert!(path.bytes().all(|b| (0x20..0x7f).contains(&b) && !b.is_ascii_uppercase()));
            prop_assert!(path.split('/').all(|e| !matches!(e, "" | "." | "..")));
            prop_assert_eq!(Request::decode(request.target().unwrap()).unwrap(), request);
        }
    }
}

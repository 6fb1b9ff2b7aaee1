//! Module paths and versions.

use proptest::prelude::*;
use rstest::rstest;
use twinproof_gomod::escape::{
    EscapeError, canonical_version, check, check_path, escape_path, escape_version,
    is_canonical_version, split_path_version, unescape_path, unescape_version,
};

#[rstest]
#[case("example.com/a", "example.com/a")]
#[case("github.com/Azure/azure-sdk-for-go", "github.com/!azure/azure-sdk-for-go")]
#[case("github.com/GoogleCloudPlatform/omega", "github.com/!google!cloud!platform/omega")]
#[case("a.b/_~x/-y", "a.b/_~x/-y")]
fn a_path_is_escaped_and_unescaped_to_itself(#[case] path: &str, #[case] escaped: &str) {
    assert_eq!(escape_path(path).unwrap(), escaped);
    assert_eq!(unescape_path(escaped).unwrap(), path);
}

#[rstest]
#[case("v1.0.0-RC1", "v1.0.0-!r!c1")]
#[case("v2.0.0+incompatible", "v2.0.0+incompatible")]
#[case("Main", "!main")]
#[case("v0.0.1-go1.27.3.linux-amd64", "v0.0.1-go1.27.3.linux-amd64")]
fn a_version_is_escaped_and_unescaped_to_itself(#[case] version: &str, #[case] escaped: &str) {
    assert_eq!(escape_version(version).unwrap(), escaped);
    assert_eq!(unescape_version(escaped).unwrap(), version);
}

#[rstest]
#[case::raw_uppercase("github.com/Azure/a")]
#[case::trailing("github.com/azure!")]
#[case::before_a_digit("github.com/!1")]
#[case::before_uppercase("github.com/!A")]
#[case::twice("github.com/!!a")]
#[case::beyond_ascii("github.com/é")]
fn wrongly_escaped_paths_are_refused(#[case] escaped: &str) {
    assert_eq!(unescape_path(escaped), Err(EscapeError::Escape(escaped.to_owned())));
    assert_eq!(unescape_version(escaped), Err(EscapeError::Escape(escaped.to_owned())));
}

#[rstest]
#[case::slash("a/b")]
#[case::empty("")]
#[case::dots("..")]
#[case::bang("v1!a")]
#[case::device("con")]
#[case::beyond_ascii("vé")]
#[case::backslash("a\\b")]
fn versions_that_are_no_file_name(#[case] version: &str) {
    assert!(matches!(escape_version(version), Err(EscapeError::Version { .. })));
}

#[rstest]
#[case("", "empty string")]
#[case("-a.b/c", "leading dash")]
#[case("a.b//c", "empty path element")]
#[case("a.b/", "empty path element")]
#[case("/a.b", "empty path element")]
#[case("ab/c", "missing dot in first path element")]
#[case("A.b/c", "invalid char 'A' in first path element")]
#[case("a_b.c/d", "invalid char '_' in first path element")]
#[case("a.b/.c", "leading dot in path element")]
#[case("a.b/c.", "trailing dot in path element")]
#[case("a.b/..", "invalid path element \"..\"")]
#[case("a.b/c+d", "invalid char '+'")]
#[case("a.b/c d", "invalid char ' '")]
#[case("a.b/aux.go", "\"aux\" disallowed as path element component on Windows")]
#[case("a.b/CoM1", "\"CoM1\" disallowed as path element component on Windows")]
#[case("a.b/short~12", "trailing tilde and digits in path element")]
#[case("a.b/short~1.x", "trailing tilde and digits in path element")]
#[case("a.b/c/v0", "invalid major version at its end")]
#[case("a.b/c/v1", "invalid major version at its end")]
#[case("a.b/c/v02", "invalid major version at its end")]
#[case("a.b/c/v2.1", "invalid major version at its end")]
#[case("gopkg.in/yaml", "invalid major version at its end")]
#[case("gopkg.in/yaml.v01", "invalid major version at its end")]
fn a_malformed_path_is_refused_with_its_reason(#[case] path: &str, #[case] reason: &str) {
    let (path, reason) = (path.to_owned(), reason.to_owned());
    assert_eq!(check_path(&path), Err(EscapeError::Path { path, reason }));
}

#[rstest]
#[case("a.b")]
#[case("a.b/c~x")]
#[case("a.b/c/v")]
#[case("a.b/v10")]
#[case("a.b/xv1")]
#[case("a.b/comx")]
#[case("gopkg.in/yaml.v0")]
#[case("gopkg.in/yaml.v2-unstable")]
fn a_valid_path_is_accepted(#[case] path: &str) {
    assert_eq!(check_path(path), Ok(()));
}

#[rstest]
#[case("a.b/m/v2", Some(("a.b/m", "/v2")))]
#[case("a.b/m", Some(("a.b/m", "")))]
#[case("a.b/v1", None)]
#[case("gopkg.in/yaml.v3", Some(("gopkg.in/yaml", ".v3")))]
#[case("gopkg.in/yaml.v3-unstable", Some(("gopkg.in/yaml", ".v3-unstable")))]
fn a_path_is_split_from_its_major_version(#[case] path: &str, #[case] want: Option<(&str, &str)>) {
    assert_eq!(split_path_version(path), want);
}

#[rstest]
#[case("v1.2.3", Some("v1.2.3"))]
#[case("v1", Some("v1.0.0"))]
#[case("v1.2", Some("v1.2.0"))]
#[case("v1.2.3-pre.0+meta", Some("v1.2.3-pre.0"))]
#[case("v2.0.0+incompatible", Some("v2.0.0+incompatible"))]
#[case("1.2.3", None)]
#[case("v01.2.3", None)]
#[case("v1.2.3-", None)]
#[case("v1.2.3-01", None)]
#[case("v1.2.3-0a", Some("v1.2.3-0a"))]
#[case("v1.2.3-a..b", None)]
#[case("v1-pre", None)]
#[case("v1.2-pre", None)]
#[case("v1.2.3+", None)]
#[case("v1.2.3.4", None)]
fn short_versions_are_made_canonical(#[case] version: &str, #[case] want: Option<&str>) {
    assert_eq!(canonical_version(version).as_deref(), want);
    assert_eq!(is_canonical_version(version), want == Some(version));
}

#[rstest]
#[case("a.b/m", "v1.0.0", true)]
#[case("a.b/m", "v2.0.0", false)]
#[case("a.b/m", "v2.0.0+incompatible", true)]
#[case("a.b/m/v2", "v2.1.0", true)]
#[case("a.b/m/v2", "v1.0.0", false)]
#[case("a.b/m/v2", "main", false)]
#[case("gopkg.in/m.v1", "v0.0.0-20161208181325-20d25e280405", true)]
#[case("gopkg.in/m.v1", "v0.1.0", false)]
#[case("gopkg.in/m.v2-unstable", "v2.0.0", true)]
#[case("golang.org/toolchain", "v0.0.1-go1.27.3.linux-amd64", true)]
fn paths_and_versions_together(#[case] path: &str, #[case] version: &str, #[case] fits: bool) {
    assert_eq!(check(path, version).is_ok(), fits);
}

proptest! {
    #[test]
    fn escaping_round_trips(path in "[a-z]{1,5}\\.[a-z]{2,3}(/[A-Za-z0-9_~.-]{1,8}){0,3}") {
        if let Ok(escaped) = escape_path(&path) {
            prop_assert!(!escaped.contains(|c: char| c.is_ascii_uppercase()));
            prop_assert_eq!(unescape_path(&escaped), Ok(path));
        }
    }

    #[test]
    fn a_version_has_one_escaped_form(escaped: String) {
        if let Ok(version) = unescape_version(&escaped) {
            prop_assert_eq!(escape_version(&version), Ok(escaped));
        }
    }

    #[test]
    fn any_text_is_taken(text: String, version: String) {
        let _ = (check(&text, &version), split_path_version(&text), canonical_version(&version));
    }
}

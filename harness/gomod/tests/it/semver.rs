//! Semantic versions: forms and order.

use std::cmp::Ordering;

use rstest::rstest;
use twinproof_gomod::semver::{build, canonical, compare, major, major_minor, prerelease};

#[rstest]
#[case("v1.2.3-pre.1+meta.2", "v1.2.3-pre.1", "v1", "v1.2", "-pre.1", "+meta.2")]
#[case("v1", "v1.0.0", "v1", "v1.0", "", "")]
#[case("v10.2", "v10.2.0", "v10", "v10.2", "", "")]
#[case("v2.0.0+incompatible", "v2.0.0", "v2", "v2.0", "", "+incompatible")]
#[case("v1.0.0--", "v1.0.0--", "v1", "v1.0", "--", "")]
#[case("v1.0.0+0.01", "v1.0.0", "v1", "v1.0", "", "+0.01")]
fn a_version_is_taken_apart_as_semver_does(
    #[case] version: &str,
    #[case] is: &str,
    #[case] m: &str,
    #[case] mm: &str,
    #[case] pre: &str,
    #[case] meta: &str,
) {
    assert_eq!(canonical(version).as_deref(), Some(is));
    assert_eq!(major(version), Some(m));
    assert_eq!(major_minor(version).as_deref(), Some(mm));
    assert_eq!((prerelease(version), build(version)), (pre, meta));
}

#[rstest]
fn text_that_is_no_version_has_no_parts(
    #[values(
        "",
        "v",
        "1.2.3",
        "V1.2.3",
        "v01.2.3",
        "v1.02.3",
        "v1.2.3.4",
        "v1.2-pre",
        "v1+x",
        "v1.2.3-",
        "v1.2.3-01",
        "v1.2.3-a..b",
        "v1.2.3+",
        "v1.2.3+a+b",
        "v1.2.3-é",
        " v1.2.3",
        "v1.2.3 ",
        "main"
    )]
    version: &str,
) {
    assert_eq!(canonical(version), None);
    assert_eq!(compare(version, "v0.0.0-0"), Ordering::Less);
    assert_eq!(compare(version, "bad"), Ordering::Equal);
}

#[test]
fn versions_are_ordered_by_precedence() {
    let sorted = [
        "bad",
        "v0.0.0-0",
        "v0.0.0",
        "v1.0.0-0",
        "v1.0.0-1",
        "v1.0.0-11",
        "v1.0.0--",
        "v1.0.0-alpha",
        "v1.0.0-alpha.1",
        "v1.0.0-alpha.beta",
        "v1.0.0-beta",
        "v1.0.0-beta.2",
        "v1.0.0-beta.11",
        "v1.0.0-rc.1",
        "v1.0.0",
        "v1.2.0",
        "v1.11.0",
        "v1.11.10",
        "v2.0.0",
        "v99999999999999999999.0.0",
        "v100000000000000000000.0.0",
    ];
    for (i, one) in sorted.iter().enumerate() {
        for (j, other) in sorted.iter().enumerate() {
            assert_eq!(compare(one, other), i.cmp(&j), "{one} {other}");
        }
    }
    assert_eq!(compare("v1.0.0+a", "v1.0.0+b"), Ordering::Equal);
    assert_eq!(compare("v1", "v1.0.0"), Ordering::Equal);
}

//! Lists of versions.

use rstest::rstest;
use twinproof_gomod::versions::{format, latest, parse};

#[test]
fn a_list_keeps_versions_only() {
    let list = "v1.0.0\r\n\n v1.1.0 2020-01-01T00:00:00Z\nmain\nv1\n1.0.0\nv0.0.0-20200101000000-abcdef123456";
    let found: Vec<&str> = parse(list).collect();
    assert_eq!(found, ["v1.0.0", "v1.1.0", "v1", "v0.0.0-20200101000000-abcdef123456"]);
    assert_eq!(format(found), "v1\nv1.0.0\nv1.1.0\n");
    assert_eq!(format(["v1.10.0", "x", "v1.9.0", "v1.9.0"]), "v1.9.0\nv1.10.0\n");
    assert_eq!(format([]), "");
}

const OLD: &str = "v1.0.1-0.20200101000000-abcdef123456";
const NEW: &str = "v0.0.0-20210101000000-abcdef123456";

#[rstest]
#[case(&[], false, None)]
#[case(&["x"], false, None)]
#[case(&["v1.9.0", "v1.10.0", "v1.2.0"], false, Some("v1.10.0"))]
#[case(&["v1.9.0", "v2.0.0-rc"], false, Some("v1.9.0"))]
#[case(&["v1.9.0-a", "v2.0.0-rc"], false, Some("v2.0.0-rc"))]
#[case(&["v0.1.0-a", OLD, NEW], false, Some("v0.1.0-a"))]
#[case(&[OLD, NEW], false, Some(NEW))]
#[case(&[OLD, "v0.0.0-20219901000000-abcdef123456"], false, Some(OLD))]
#[case(&["v1.0.0", "v2.0.0+incompatible"], false, Some("v2.0.0+incompatible"))]
#[case(&["v1.0.0", "v2.0.0+incompatible"], true, Some("v1.0.0"))]
#[case(&["v1.0.0-a", "v2.0.0+incompatible"], true, Some("v1.0.0-a"))]
#[case(&["v2.0.0+incompatible"], true, Some("v2.0.0+incompatible"))]
fn the_latest_version_is_chosen_as_go_does(
    #[case] list: &[&str],
    #[case] go_mod: bool,
    #[case] expected: Option<&str>,
) {
    assert_eq!(latest(list.iter().copied(), |_| go_mod), expected);
}

#[test]
fn which_go_mod_is_asked_for() {
    let list = ["v1.0.0", "v1.1.0", "v2.0.0+incompatible", "v3.0.0+incompatible"];
    let asked = std::cell::Cell::new(String::new());
    latest(list, |version| {
        asked.set(version.to_owned());
        false
    });
    assert_eq!(asked.take(), "v1.1.0");
}

//! Pseudo-versions.

use rstest::rstest;
use twinproof_gomod::pseudo::{BaseError, Pseudo, is_pseudo, is_zero, zero};

#[rstest]
#[case("v0.0.0-20191109021931-daa7c04131f5", None, "2019-11-09T02:19:31Z", "daa7c04131f5")]
#[case("v2.0.0-20200229235959-1", None, "2020-02-29T23:59:59Z", "1")]
#[case(
    "v1.2.4-0.20191109021931-daa7c04131f5",
    Some("v1.2.3"),
    "2019-11-09T02:19:31Z",
    "daa7c04131f5"
)]
#[case("v1.2.100-0.20191109021931-d", Some("v1.2.99"), "2019-11-09T02:19:31Z", "d")]
#[case("v1.2.10-0.20191109021931-d", Some("v1.2.9"), "2019-11-09T02:19:31Z", "d")]
#[case("v1.2.1-0.20191109021931-d", Some("v1.2.0"), "2019-11-09T02:19:31Z", "d")]
#[case(
    "v2.3.1-0.20191109021931-d+incompatible",
    Some("v2.3.0+incompatible"),
    "2019-11-09T02:19:31Z",
    "d"
)]
#[case("v1.2.3-pre.0.20191109021931-d", Some("v1.2.3-pre"), "2019-11-09T02:19:31Z", "d")]
#[case(
    "v1.2.3-a-b.0.20191109021931-D+incompatible",
    Some("v1.2.3-a-b+incompatible"),
    "2019-11-09T02:19:31Z",
    "D"
)]
fn each_form_gives_base_time_and_revision(
    #[case] version: &str,
    #[case] base: Option<&str>,
    #[case] time: &str,
    #[case] revision: &str,
) {
    let pseudo = Pseudo::parse(version).unwrap();
    assert_eq!(pseudo.base().unwrap().as_deref(), base);
    assert_eq!(pseudo.time().unwrap().to_string(), time);
    assert_eq!(pseudo.revision, revision);
}

#[rstest]
fn version_that_only_looks_like_a_pseudo_version_is_none(
    #[values(
        "v1.2.3",
        "v1.2.3-pre",
        "v1.2.3-20191109021931-d",
        "v1.1.0-20191109021931-d",
        "v1.0.0-2019110902193-d",
        "v1.0.0-20191109021931",
        "v1.0.0-20191109021931-d-e",
        "v1.2.3-pre.1.20191109021931-d",
        "v1.2.3-0.20191109021931.d",
        "1.0.0-20191109021931-d",
        "v1.0.0-00.20191109021931-d"
    )]
    version: &str,
) {
    assert!(!is_pseudo(version));
}

#[test]
fn bases_that_cannot_be() {
    let base = |version| Pseudo::parse(version).unwrap().base().unwrap_err();
    assert_eq!(base("v1.2.0-0.20191109021931-d"), BaseError::NegativePatch("v1.2.0".to_owned()));
    assert_eq!(
        base("v1.0.0-20191109021931-d+incompatible"),
        BaseError::Build("+incompatible".to_owned())
    );
}

#[rstest]
fn times_that_cannot_be(
    #[values(
        "20191309021931",
        "20190229021931",
        "21000229000000",
        "20191131000000",
        "20191100000000",
        "20190001000000",
        "20191109240000",
        "20191109006000",
        "20191109000060"
    )]
    timestamp: &str,
) {
    let version = format!("v0.0.0-{timestamp}-d");
    assert_eq!(Pseudo::parse(&version).unwrap().time(), None);
}

#[test]
fn the_zero_version_stands_for_no_commit() {
    assert_eq!(zero("v2"), "v2.0.0-00010101000000-000000000000");
    assert!(is_zero(&zero("v2")));
    assert!(is_pseudo(&zero("v2")));
    assert!(!is_zero("v2.0.0"));
}

//! The order of versions, and which of them are pseudo-versions.

use std::cmp::Ordering;

/// Semantic version order, by precedence; equal ones by their text. What is no version is first.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    precedence(a, b).then_with(|| a.cmp(b))
}

fn precedence(a: &str, b: &str) -> Ordering {
    let ((a_numbers, a_pre), (b_numbers, b_pre)) = match (parts(a), parts(b)) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return a.is_some().cmp(&b.is_some()),
    };
    a_numbers.cmp(&b_numbers).then_with(|| match (a_pre, b_pre) {
        ("", "") => Ordering::Equal,
        ("", _) => Ordering::Greater,
        (_, "") => Ordering::Less,
        (a, b) => a.split('.').map(identifier).cmp(b.split('.').map(identifier)),
    })
}

/// Numbers sort before words, and by value: without leading zeros the longer one is greater.
fn identifier(text: &str) -> (bool, usize, &str) {
    let number = text.bytes().all(|b| b.is_ascii_digit());
    (!number, if number { text.len() } else { 0 }, text)
}

fn parts(version: &str) -> Option<([u64; 3], &str)> {
    let version = version.strip_prefix('v')?;
    let version = version.split_once('+').map_or(version, |(front, _)| front);
    let (numbers, prerelease) = version.split_once('-').unwrap_or((version, ""));
    let mut numbers = numbers.split('.').map(|n| n.parse().ok());
    let mut next = || numbers.next().unwrap_or(Some(0));
    Some(([next()?, next()?, next()?], prerelease))
}

/// What stands behind the last dash.
fn revision(version: &str) -> Option<&str> {
    version.split('+').next().and_then(|v| v.rsplit_once('-')).map(|(_, revision)| revision)
}

/// Whether it is a pseudo-version: `v0.0.0-TIME-REVISION`, or `….0.TIME-REVISION` in a prerelease.
pub(crate) fn is_pseudo(version: &str) -> bool {
    time(version).is_some()
}

/// The time in a pseudo-version, `yyyymmddhhmmss`.
pub(crate) fn time(version: &str) -> Option<&str> {
    let (_, prerelease) = parts(version)?;
    let (front, revision) = prerelease.rsplit_once('-')?;
    let (front, time) = match front.rsplit_once('.') {
        Some((front, time)) => (Some(front), time),
        None => (None, front),
    };
    let dated = time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit());
    let named = !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_alphanumeric());
    let zero = match front {
        None => version.split('-').next().is_some_and(|v| v.ends_with(".0.0")),
        Some(front) => front == "0" || front.ends_with(".0"),
    };
    (dated && named && zero).then_some(time)
}

/// The revision in a pseudo-version.
pub(crate) fn pseudo_revision(version: &str) -> Option<&str> {
    time(version).and_then(|_| revision(version))
}

/// The version that `@latest` means: the highest release, else the highest prerelease, else the
/// highest pseudo-version.
pub(crate) fn latest<'a>(versions: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let rank = |version: &str| match parts(version) {
        _ if is_pseudo(version) => 0,
        Some((_, "")) => 2,
        _ => 1,
    };
    versions.into_iter().max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| compare(a, b)))
}

#[cfg(test)]
mod tests {
    use super::{compare, is_pseudo, latest, pseudo_revision, time};
    use rstest::rstest;

    #[test]
    fn order() {
        let sorted = [
            "main",
            "v0.0.0-20190101000000-abcdef012345",
            "v0.9.0",
            "v1.0.0-1",
            "v1.0.0-9",
            "v1.0.0-10",
            "v1.0.0-RC1",
            "v1.0.0-rc1",
            "v1.0.0-rc1.0",
            "v1.0.0",
            "v1.9.0",
            "v1.10.0",
            "v2.0.0+incompatible",
        ];
        for pair in sorted.windows(2) {
            assert!(compare(pair[0], pair[1]).is_lt(), "{pair:?}");
        }
    }

    #[rstest]
    #[case("v0.0.0-20190101000000-abcdef012345", Some("20190101000000"))]
    #[case("v1.2.4-0.20190101000000-abcdef012345", Some("20190101000000"))]
    #[case("v1.2.4-pre.0.20190101000000-abcdef012345", Some("20190101000000"))]
    #[case("v2.0.1-0.20190101000000-abcdef012345+incompatible", Some("20190101000000"))]
    #[case("v1.2.4-20190101000000-abcdef012345", None)]
    #[case("v1.2.4-pre.20190101000000-abcdef012345", None)]
    #[case("v1.0.0-rc1", None)]
    #[case("v0.0.1-go1.99.0.linux-amd64", None)]
    fn pseudo_versions(#[case] version: &str, #[case] want: Option<&str>) {
        assert_eq!(time(version), want);
        assert_eq!(is_pseudo(version), want.is_some());
        assert_eq!(pseudo_revision(version), want.map(|_| "abcdef012345"));
    }

    #[rstest]
    #[case(&["v0.0.0-20190101000000-aaaaaaaaaaaa", "v1.0.0-rc1", "v0.1.0", "v0.2.0"], "v0.2.0")]
    #[case(&["v0.0.0-20190101000000-aaaaaaaaaaaa", "v1.0.0-rc1", "v1.0.0-rc2"], "v1.0.0-rc2")]
    #[case(&["v0.0.0-20190101000000-aaaaaaaaaaaa", "v0.0.0-20200101000000-aaaaaaaaaaaa"], "v0.0.0-20200101000000-aaaaaaaaaaaa")]
    fn latest_versions(#[case] versions: &[&str], #[case] want: &str) {
        assert_eq!(latest(versions.iter().copied()), Some(want));
    }
}

//! Which of some versions is the latest.

use std::cmp::Ordering;

use twinproof_sumdb::escape::canonical_version;

/// Whether a version is a pseudo-version: it ends in a time and a commit.
pub(crate) fn is_pseudo(version: &str) -> bool {
    let version = version.split('+').next().unwrap_or_default();
    let mut ends = version.rsplitn(3, '-');
    let (Some(commit), Some(time)) = (ends.next(), ends.next()) else { return false };
    let time = time.rsplit('.').next().unwrap_or_default();
    commit.len() == 12
        && commit.bytes().all(|b| b.is_ascii_alphanumeric())
        && time.len() == 14
        && time.bytes().all(|b| b.is_ascii_digit())
        && canonical_version(version).is_some()
}

/// The order of semantic versions: numbers as numbers, a release above its pre-releases.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let split = |version: &str| -> (Vec<u64>, Option<String>) {
        let version = version.trim_start_matches('v');
        let version = version.split('+').next().unwrap_or_default();
        let (core, pre) = match version.split_once('-') {
            Some((core, pre)) => (core, Some(pre.to_owned())),
            None => (version, None),
        };
        (core.split('.').map(|n| n.parse().unwrap_or(u64::MAX)).collect(), pre)
    };
    let (core_a, pre_a) = split(a);
    let (core_b, pre_b) = split(b);
    core_a.cmp(&core_b).then_with(|| match (pre_a, pre_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => compare_pre(&a, &b),
    })
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// The version that `@latest` means: the highest release, or else pre-release, or else
/// pseudo-version.
pub(crate) fn latest(versions: &[String]) -> Option<&String> {
    let rank = |version: &str| match (is_pseudo(version), version.contains('-')) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    versions.iter().max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| compare(a, b)))
}

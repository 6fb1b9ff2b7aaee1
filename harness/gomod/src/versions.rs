//! Lists of versions, as `@v/list` has them, and which one is the latest.
//!
//! A list has a version a line. Of each line only the first word counts, and only if it is a
//! semantic version; a second word may be the time of the version, as RFC 3339 has it. Order means
//! nothing.
//!
//! # The latest
//!
//! The highest release; if there is none, the highest prerelease; if there is none either, the
//! newest pseudo-version by its time. Versions that end in `+incompatible` count only as long as the
//! highest version without has no go.mod: whoever has one has gone over to modules, and what lies
//! above is from before (golang/go#34165).
//!
//! Source: `proxyRepo` in `cmd/go/internal/modfetch/proxy.go`, `queryMatcher.filterVersions` and
//! `queryProxy` in `cmd/go/internal/modload/query.go`.

use crate::pseudo::Pseudo;
use crate::semver;

/// The versions in a list, in its order, pseudo-versions included.
pub fn parse(list: &str) -> impl Iterator<Item = &str> {
    list.split('\n').filter_map(word).filter(|version| semver::is_valid(version))
}

/// The first word of a line.
fn word(line: &str) -> Option<&str> {
    line.split_whitespace().next()
}

/// A list of these versions as a proxy serves it: sorted, each once, without pseudo-versions and
/// what is not a version.
#[must_use]
pub fn format<'a>(versions: impl IntoIterator<Item = &'a str>) -> String {
    let mut sorted: Vec<&str> = versions
        .into_iter()
        .filter(|version| semver::is_valid(version) && Pseudo::parse(version).is_none())
        .collect();
    // Strictly: versions that differ in build metadata alone are equal for `compare`, and their
    // order would depend on the input's.
    sorted.sort_by(|one, other| semver::compare_strictly(one, other));
    sorted.dedup();
    sorted.iter().flat_map(|version| [version, "\n"]).collect()
}

/// The latest of these versions. `has_go_mod` is asked at most once, for the highest version without
/// `+incompatible`, when there are some with it.
pub fn latest<'a>(
    versions: impl IntoIterator<Item = &'a str>,
    has_go_mod: impl FnOnce(&str) -> bool,
) -> Option<&'a str> {
    let (pseudo, mut tagged): (Vec<&str>, Vec<&str>) = versions
        .into_iter()
        .filter(|version| semver::is_valid(version))
        .partition(|version| Pseudo::parse(version).is_some());
    tagged.sort_by(|one, other| semver::compare_strictly(one, other));
    if let Some(first) = tagged.iter().position(|version| version.ends_with("+incompatible"))
        && let Some(&compatible) = first.checked_sub(1).and_then(|at| tagged.get(at))
        && has_go_mod(compatible)
    {
        tagged.truncate(first);
    }
    let release = tagged.iter().rev().find(|version| semver::prerelease(version).is_empty());
    release.or(tagged.last()).copied().or_else(|| newest(pseudo))
}

/// The newest pseudo-version; of several of the same time, the first.
fn newest(versions: Vec<&str>) -> Option<&str> {
    let timed = versions.into_iter().filter_map(|v| Some((Pseudo::parse(v)?.time()?, v)));
    timed.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, v)| v)
}

//! Versions of symbols: which are needed, by which symbols, and since when they exist.

use crate::facts::Requirement;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Debian's releases and their glibc, oldest first (packages.debian.org, `libc6`).
const DEBIAN: [(&str, &str); 11] = [
    ("2.3.2", "3.1 sarge"),
    ("2.3.6", "4 etch"),
    ("2.7", "5 lenny"),
    ("2.11", "6 squeeze"),
    ("2.13", "7 wheezy"),
    ("2.19", "8 jessie"),
    ("2.24", "9 stretch"),
    ("2.28", "10 buster"),
    ("2.31", "11 bullseye"),
    ("2.36", "12 bookworm"),
    ("2.41", "13 trixie"),
];

/// The first Debian release whose glibc has a version.
#[must_use]
pub fn debian_with_glibc(version: &str) -> Option<&'static str> {
    let has = |(glibc, _): &&(&str, &str)| compare(glibc, version) != Ordering::Less;
    DEBIAN.iter().find(has).map(|(_, release)| *release)
}

/// Compares versions number by number: 2.9 is less than 2.34. A part that is no number counts as zero.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        // 2.34 and 2.34.0 are one version.
        let mut numbers: Vec<u64> = text.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    };
    numbers(a).cmp(&numbers(b))
}

/// Collects the versions that an image needs.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// By library and version: the symbols, and whether the version may be missing.
    found: BTreeMap<(String, String), (BTreeSet<String>, bool)>,
}

impl Needs {
    /// A version that a library must have.
    pub(crate) fn version(&mut self, library: &str, version: &str, weak: bool) {
        let key = (library.to_owned(), version.to_owned());
        self.found.insert(key, (BTreeSet::new(), weak));
    }

    /// A symbol that needs a version.
    pub(crate) fn symbol(&mut self, library: &str, version: &str, symbol: &str) {
        let key = (library.to_owned(), version.to_owned());
        self.found.entry(key).or_default().0.insert(symbol.to_owned());
    }

    /// The highest of each family of each library. Versions that are no numbers stand for
    /// themselves.
    pub(crate) fn finish(self) -> Vec<Requirement> {
        let mut highest: BTreeMap<(String, String), Requirement> = BTreeMap::new();
        for ((library, name), (symbols, weak)) in self.found {
            let (family, version) = split(&name);
            let key = (library.clone(), family.to_owned());
            let found = Requirement {
                debian: release(family, version),
                library,
                family: family.to_owned(),
                version: version.to_owned(),
                symbols: symbols.into_iter().collect(),
                weak,
            };
            match highest.get_mut(&key) {
                // A weak version, which may be missing, never replaces one that must be there.
                Some(other)
                    if (!found.weak, Rank(version)) > (!other.weak, Rank(&other.version)) =>
                {
                    *other = found;
                }
                Some(_) => {}
                None => {
                    highest.insert(key, found);
                }
            }
        }
        highest.into_values().collect()
    }
}

/// A version, ordered as [`compare`] says.
struct Rank<'a>(&'a str);

impl PartialEq for Rank<'_> {
    fn eq(&self, other: &Self) -> bool {
        compare(self.0, other.0) == Ordering::Equal
    }
}

impl PartialOrd for Rank<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(compare(self.0, other.0))
    }
}

/// `GLIBC_2.34` is version 2.34 of the family GLIBC; `GLIBC_PRIVATE` is a family of its own.
fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once('_') {
        Some((family, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            (family, version)
        }
        _ => (name, ""),
    }
}

fn release(family: &str, version: &str) -> Option<String> {
    let glibc = match family {
        "GLIBC" => version,
        // The mark of a library whose relative relocations are packed.
        "GLIBC_ABI_DT_RELR" => "2.36",
        _ => return None,
    };
    Some(debian_with_glibc(glibc).unwrap_or("none up to 13").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2.2.5", Some("3.1 sarge"))]
    #[case("2.17", Some("8 jessie"))]
    #[case("2.31", Some("11 bullseye"))]
    #[case("2.32", Some("12 bookworm"))]
    #[case("2.34", Some("12 bookworm"))]
    #[case("2.38", Some("13 trixie"))]
    #[case("2.99", None)]
    fn first_debian_release(#[case] version: &str, #[case] release: Option<&str>) {
        assert_eq!(debian_with_glibc(version), release);
    }

    #[rstest]
    #[case("2.9", "2.34", Ordering::Less)]
    #[case("2.34", "2.34", Ordering::Equal)]
    #[case("2.34", "2.34.0", Ordering::Equal)]
    #[case("2.3.2", "2.3", Ordering::Greater)]
    fn versions_are_compared_by_number(#[case] a: &str, #[case] b: &str, #[case] order: Ordering) {
        assert_eq!(compare(a, b), order);
    }

    #[test]
    fn the_highest_version_of_a_family_is_kept_with_its_symbols() {
        let mut needs = Needs::default();
        needs.version("libc.so.6", "GLIBC_2.2.5", false);
        needs.version("libc.so.6", "GLIBC_2.34", false);
        needs.version("libc.so.6", "GLIBC_2.9", false);
        needs.version("libc.so.6", "GLIBC_PRIVATE", false);
        needs.symbol("libc.so.6", "GLIBC_2.34", "pthread_create");
        needs.symbol("libc.so.6", "GLIBC_2.34", "__libc_start_main");
        needs.symbol("libc.so.6", "GLIBC_2.2.5", "puts");
        let found = needs.finish();
        let of = |family: &str| found.iter().find(|r| r.family == family).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(of("GLIBC").version, "2.34");
        assert_eq!(of("GLIBC").symbols, ["__libc_start_main", "pthread_create"]);
        assert_eq!(of("GLIBC").debian.as_deref(), Some("12 bookworm"));
        assert_eq!(of("GLIBC_PRIVATE").version, "");
    }

    #[test]
    fn a_version_that_may_be_missing_does_not_hide_one_that_may_not() {
        let mut needs = Needs::default();
        needs.version("libc.so.6", "GLIBC_2.17", false);
        needs.version("libc.so.6", "GLIBC_2.38", true);
        let found = needs.finish();
        assert_eq!((found[0].version.as_str(), found[0].weak), ("2.17", false));
    }
}

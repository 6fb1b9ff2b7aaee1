//! Modules that are always there, made for what real ones seldom show.
//!
//! # Well-formed
//!
//! Paths below `crafted.example/`, if they do not begin otherwise.
//!
//! | module | versions | what for |
//! | --- | --- | --- |
//! | `hello` | v1.0.0, v1.1.0 | nothing special |
//! | `app` | v1.0.0 | requires `hello`, `Upper`, `upper`, `major/v2`, `incompatible` |
//! | `Upper`, `upper` | v1.0.0 | paths that differ in case only |
//! | `capital` | v1.0.0-RC1, v1.0.0-rc1 | versions that differ in case only |
//! | `incompatible` | v1.0.0, v2.0.0+incompatible, v3.1.0+incompatible | majors without go.mod |
//! | `major`, `major/v2` | v1.0.0; v2.0.0, v2.1.0 | major version suffix |
//! | `gopkg.in/crafted.v1` | v0.0.0-20190101000000-abcdef012345, v1.0.0 | gopkg.in |
//! | `gopkg.in/crafted.v2-unstable` | v2.0.0 | gopkg.in |
//! | `retracted` | v1.0.0, v1.1.0, v1.2.0 | v1.2.0 retracts v1.1.0 and itself |
//! | `deprecated` | v1.0.0, v1.1.0 | v1.1.0 says that the module is deprecated |
//! | `pseudo` | v0.0.0-20190101000000-aaaaaaaaaaaa, v0.0.0-20210101000000-cccccccccccc, v0.0.0-20200101000000-bbbbbbbbbbbb | pseudo-versions only: an empty list, the 2021 one is latest |
//! | `prerelease` | v1.0.0-alpha, v1.0.0-beta.2, v1.0.0-beta.11 | prereleases only, beta.11 is latest |
//! | `nomod` | v1.0.0 | no go.mod in the zip, a synthesised `.mod` |
//! | `emptylist` | none | known without versions: an empty list, no latest |
//! | `branches` | v1.0.0, v1.0.1-0.20240301000000-0123456789ab | `main` and `0123456789ab` are the pseudo-version, `release-1` is v1.0.0 |
//! | `many` | v1.0.0 to v1.99.99 | 10,000 versions |
//! | `small` | v1.0.0 | a zip of about 2 KB |
//! | `medium` | v1.0.0, v1.1.0 | zips of about 1 MB and 10 MB, which do not compress |
//! | `huge` | v1.0.0 | a zip of about 400 MB, made while it is sent |
//! | `golang.org/toolchain` | v0.0.1-go1.99.0.linux-amd64 | a toolchain, of which `bin/go` is a script |
//!
//! # Odd but legal zips: `crafted.example/legal/NAME`, v1.0.0
//!
//! | name | what is odd |
//! | --- | --- |
//! | `bare-prefix` | an entry that is the prefix alone |
//! | `directories` | entries for directories, one of them twice |
//! | `vendor-nested` | files in nested vendor directories (golang/go#37397) |
//! | `many-files` | 5,000 files |
//! | `stored` | nothing is deflated |
//! | `compressible` | 32 MiB of zeros, deflated to a thousandth |
//! | `unicode` | a name with letters beyond ASCII |
//! | `empty` | no entries at all |
//! | `trailing-garbage` | bytes behind the end record |
//! | `leading-garbage` | bytes in front of the first entry, which offsets do not count |
//! | `size-local` | the local header lies about the size, the directory does not |
//! | `local-name` | the local header has another name, with `..` |
//! | `overlap` | two names for the same place in the zip |
//! | `encrypted` | a flag says that an entry is encrypted |
//! | `symlink`, `device` | a mode says so |
//!
//! Go takes them all: it looks at neither local headers nor flags nor modes. A stricter proxy may
//! have reasons.
//!
//! # Bad zips: `crafted.example/bad/RULE`, v1.0.0
//!
//! [`rules`] lists them with the words for what is wrong. Their `.info`, `.mod` and the sum in the
//! database are right: the sum is what Go's hash of the zip is, or would be without the defect, so
//! that only the rule itself gives cause to refuse.

mod bad;
mod good;
mod large;
mod legal;
mod odd;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub use odd::{RULE_VERSION, Rule};

use crate::release::{Release, Releases};

/// The modules with zips out of the ordinary, good and bad.
pub fn rules() -> impl Iterator<Item = Rule> {
    odds().map(|odd| odd.rule)
}

fn odds() -> impl Iterator<Item = &'static odd::Odd> {
    bad::ALL.iter().chain(legal::ALL)
}

/// The crafted modules. All but the largest live as long as the process once they were asked for.
pub(crate) struct Crafted;

fn shelf() -> &'static BTreeMap<String, Vec<Arc<Release>>> {
    static SHELF: OnceLock<BTreeMap<String, Vec<Arc<Release>>>> = OnceLock::new();
    SHELF.get_or_init(|| {
        let mut shelf: BTreeMap<String, Vec<Arc<Release>>> = BTreeMap::new();
        shelf.insert("crafted.example/emptylist".to_owned(), Vec::new());
        let modules = good::releases().into_iter().chain(large::releases());
        for release in modules.chain(odds().map(odd::Odd::release)) {
            shelf.entry(release.path.clone()).or_default().push(Arc::new(release));
        }
        shelf
    })
}

fn mine(path: &str) -> bool {
    path.starts_with("crafted.example/")
        || path.starts_with("gopkg.in/crafted.")
        || path == "golang.org/toolchain"
}

impl Releases for Crafted {
    fn versions(&self, path: &str) -> Option<Vec<String>> {
        if !mine(path) {
            return None;
        }
        if path == large::MANY {
            return Some(large::many_versions());
        }
        let releases = shelf().get(path)?;
        Some(releases.iter().map(|release| release.version.clone()).collect())
    }

    fn find(&self, path: &str, version: &str) -> Option<Arc<Release>> {
        if !mine(path) {
            return None;
        }
        if path == large::MANY {
            return large::many(version).map(Arc::new);
        }
        shelf().get(path)?.iter().find(|release| release.version == version).cloned()
    }
}

//! All modules of an origin: those of its set-up before those of its corpora, and the crafted ones.

use std::collections::HashMap;
use std::sync::Arc;

use twinproof_gomod::escape;
use twinproof_gomod::{semver, versions};

use crate::corpus::Corpus;
use crate::crafted;
use crate::release::{Module, Release, Releases};

pub(crate) struct Catalogue {
    inline: Inline,
    corpora: Vec<Arc<Corpus>>,
}

#[derive(Default)]
struct Inline {
    releases: HashMap<String, Vec<Arc<Release>>>,
}

impl Releases for Inline {
    fn versions(&self, path: &str) -> Option<Vec<String>> {
        let releases = self.releases.get(path)?;
        Some(releases.iter().map(|release| release.version.clone()).collect())
    }

    fn find(&self, path: &str, version: &str) -> Option<Arc<Release>> {
        self.releases.get(path)?.iter().find(|release| release.version == version).cloned()
    }
}

impl Catalogue {
    pub fn new(modules: Vec<Module>, corpora: Vec<Arc<Corpus>>) -> Self {
        let mut inline = Inline::default();
        for module in modules {
            let releases = inline.releases.entry(module.path.clone()).or_default();
            // An empty version makes the path known and nothing else.
            if !module.version.is_empty() {
                releases.push(Arc::new(Release::completed(module)));
            }
        }
        Self { inline, corpora }
    }

    fn sources(&self) -> impl Iterator<Item = &dyn Releases> {
        let inline: &dyn Releases = &self.inline;
        let corpora = self.corpora.iter().map(|corpus| -> &dyn Releases { &**corpus });
        std::iter::once(inline).chain(corpora)
    }

    pub fn corpora(&self) -> &[Arc<Corpus>] {
        &self.corpora
    }

    /// The valid versions of a module, pseudo-versions included, lowest first.
    pub fn versions(&self, path: &str) -> Option<Vec<String>> {
        let mut all: Option<Vec<String>> = None;
        for versions in self.sources().filter_map(|source| source.versions(path)) {
            all.get_or_insert_default().extend(versions);
        }
        // A list of a corpus's toolchains does not have the crafted one.
        if all.is_none() || path != "golang.org/toolchain" {
            let crafted = crafted::Crafted.versions(path);
            all = all.into_iter().chain(crafted).reduce(|all, more| [all, more].concat());
        }
        let mut all = all?;
        all.retain(|version| {
            escape::check(path, version).is_ok() && escape::is_canonical_version(version)
        });
        // Versions that differ in build metadata only are equal for semver; a strict order keeps
        // answers the same from run to run.
        all.sort_by(|a, b| semver::compare_strictly(a, b));
        all.dedup();
        Some(all)
    }

    pub fn find(&self, path: &str, version: &str) -> Option<Arc<Release>> {
        let found = self.sources().find_map(|source| source.find(path, version));
        found.or_else(|| crafted::Crafted.find(path, version))
    }

    /// The version that is served as the latest of a module.
    pub fn latest(&self, path: &str) -> Option<Arc<Release>> {
        let versions = self.versions(path)?;
        let has_go_mod =
            |version: &str| self.find(path, version).is_some_and(|release| release.has_go_mod());
        let latest = versions::latest(versions.iter().map(String::as_str), has_go_mod)?;
        self.find(path, latest)
    }

    /// As [`Catalogue::find`]; where there is nothing by that name and it may be a commit, the
    /// highest version made from it.
    pub fn query(&self, path: &str, name: &str) -> Option<Arc<Release>> {
        let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if let Some(release) = self.find(path, name) {
            return Some(release);
        }
        if name.is_empty() || !name.bytes().all(hexadecimal) {
            return None;
        }
        let versions = self.versions(path)?;
        let releases = versions.iter().rev().filter_map(|version| self.find(path, version));
        releases.into_iter().find(|release| release.is_commit(name))
    }
}

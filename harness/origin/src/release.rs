//! One version of a module: the files served for it, and its sums.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use twinproof_gomod::dirhash::{H1, hash_go_mod, hash_zip_reader};
use twinproof_gomod::pseudo::Pseudo;
use twinproof_gomod::txtar::Archive;

use crate::content::Content;
use crate::sum::sum_of;
use crate::zipfile::{CraftedEntry, build};

/// A module that a set-up brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The module path.
    pub path: String,
    /// Its version, or any other name that may stand in a request: a branch, a tag, a commit.
    pub version: String,
    /// Its files, without the `path@version/` that the zip puts in front. Names with a leading slash
    /// are raw: they stand in the zip as they are, without the slash.
    pub files: Vec<(String, Vec<u8>)>,
    /// Its `.info`; when absent, one with the version and a time.
    pub info: Option<Vec<u8>>,
    /// Its `.mod`; when absent, the file go.mod, or one synthesised.
    pub go_mod: Option<Vec<u8>>,
    /// Its `.zip`, whatever the files are; when absent, one made of the files.
    pub zip: Option<Vec<u8>>,
}

impl Module {
    /// The module in a txtar archive: `.info` and `.mod` stand for themselves, the rest are files.
    #[must_use]
    pub fn from_archive(path: &str, version: &str, archive: &Archive) -> Self {
        let mut module =
            Self { path: path.to_owned(), version: version.to_owned(), ..Self::default() };
        for file in &archive.files {
            match file.name.as_str() {
                // Of several files with one name, the first counts.
                ".info" => _ = module.info.get_or_insert_with(|| file.data.clone()),
                ".mod" => _ = module.go_mod.get_or_insert_with(|| file.data.clone()),
                ".zip" => {}
                name => module.files.push((name.to_owned(), file.data.clone())),
            }
        }
        module
    }
}

/// Makes a zip, at the first request for it.
pub(crate) type MakeZip = Box<dyn Fn() -> Zip + Send + Sync>;

/// A zip and the sum that the database has for it.
pub(crate) struct Zip {
    pub content: Content,
    pub sum: Option<H1>,
}

/// One version of a module as it is served. Its zip is made at the first request, and only once.
pub(crate) struct Release {
    pub path: String,
    pub version: String,
    pub info: Option<Content>,
    pub go_mod: Option<Content>,
    make: MakeZip,
    zip: OnceLock<Zip>,
}

impl Release {
    pub fn new(
        path: &str,
        version: &str,
        info: Option<Content>,
        go_mod: Option<Content>,
        make: MakeZip,
    ) -> Self {
        let (path, version) = (path.to_owned(), version.to_owned());
        Self { path, version, info, go_mod, make, zip: OnceLock::new() }
    }

    /// A release as an archive of a corpus has it: what is not in the archive is not served.
    pub fn archived(module: Module) -> Self {
        let Module { path, version, files, info, go_mod, zip } = module;
        let prefix = format!("{path}@{version}/");
        let make: MakeZip = match zip {
            Some(bytes) => Box::new(move || Zip::of_bytes(bytes.clone())),
            None => Box::new(move || Zip::of_entries(&entries(&prefix, &files))),
        };
        Self::new(&path, &version, info.map(Content::from), go_mod.map(Content::from), make)
    }

    /// A release with `.info` and `.mod` filled in where they are absent.
    pub fn completed(mut module: Module) -> Self {
        // A proxy serves the go.mod of the zip, and synthesises `module PATH` for modules older
        // than go.mod.
        let own = |(name, data): &(String, Vec<u8>)| (name == "go.mod").then(|| data.clone());
        let info = module.info.unwrap_or_else(|| default_info(&module.version).into_bytes());
        let go_mod = module.go_mod.or_else(|| module.files.iter().find_map(own));
        let go_mod = go_mod.unwrap_or_else(|| format!("module {}\n", module.path).into_bytes());
        (module.info, module.go_mod) = (Some(info), Some(go_mod));
        Self::archived(module)
    }

    /// Its zip, and the zip's sum.
    pub fn zip(&self) -> &Zip {
        self.zip.get_or_init(&self.make)
    }

    /// Whether it has a go.mod of its own, not one synthesised from the module path.
    pub fn has_go_mod(&self) -> bool {
        let synthesised = format!("module {}\n", self.path);
        self.go_mod.as_ref().is_some_and(|own| own.to_vec(usize::MAX) != synthesised.as_bytes())
    }

    /// Its two lines in go.sum, as the database records them. `None` when its zip has no sum.
    pub fn sums(&self) -> Option<String> {
        let zip = self.zip().sum?;
        let go_mod = self.go_mod.as_ref().map(|c| c.to_vec(usize::MAX)).unwrap_or_default();
        let go_mod = hash_go_mod(&go_mod);
        let Self { path, version, .. } = self;
        Some(format!("{path} {version} {zip}\n{path} {version}/go.mod {go_mod}\n"))
    }

    /// Whether `commit`, hexadecimal, names this version: its revision begins with it, or the other
    /// way round. An empty `Short`, which some modules of cmd/go's tests have, fits every commit, as
    /// scripts rely on.
    pub fn is_commit(&self, commit: &str) -> bool {
        // A pseudo-version has the first twelve digits of a revision; people ask with fewer or with
        // all forty.
        let named = |own: &str| own.starts_with(commit) || commit.starts_with(own);
        if let Some(pseudo) = Pseudo::parse(&self.version) {
            return named(pseudo.revision);
        }
        let info = self.info.as_ref().map(|c| c.to_vec(1 << 20)).unwrap_or_default();
        let info: serde_json::Value = serde_json::from_slice(&info).unwrap_or_default();
        let hash = info.pointer("/Origin/Hash").and_then(|hash| hash.as_str());
        info.get("Short").and_then(|short| short.as_str()).into_iter().chain(hash).any(named)
    }
}

impl Zip {
    /// A zip whose sum is that of its bytes, when they are a zip.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        let sum = hash_zip_reader(Cursor::new(bytes.as_slice())).ok();
        Self { content: bytes.into(), sum }
    }

    /// A zip of these entries, with its true sum.
    pub fn of_entries(entries: &[CraftedEntry]) -> Self {
        Self::of_bytes(build(entries).to_vec(usize::MAX))
    }

    /// A zip with the sum of files, whether or not it has them: what a defect hides, the sum knows.
    pub fn with_sum_of(content: Content, files: &[(Vec<u8>, Vec<u8>)]) -> Self {
        Self { content, sum: Some(sum_of(files)) }
    }
}

fn entries(prefix: &str, files: &[(String, Vec<u8>)]) -> Vec<CraftedEntry> {
    let entry = |(name, data): &(String, Vec<u8>)| match name.strip_prefix('/') {
        Some(raw) => CraftedEntry::text(raw, data),
        None => CraftedEntry::text(format!("{prefix}{name}"), data),
    };
    files.iter().map(entry).collect()
}

/// An `.info` with the version and a time: that in a pseudo-version, else the same always.
pub(crate) fn default_info(version: &str) -> String {
    let time = Pseudo::parse(version).and_then(|pseudo| pseudo.time());
    let time = time.map_or_else(|| "2020-02-02T02:02:02Z".to_owned(), |time| time.to_string());
    let version = serde_json::Value::from(version);
    format!("{{\"Version\":{version},\"Time\":\"{time}\"}}")
}

/// Releases of one path, to be listed and searched.
pub(crate) trait Releases {
    /// The versions of the module with this path, in no order; `None` when there is no such module.
    fn versions(&self, path: &str) -> Option<Vec<String>>;

    /// The files of a module path and a version, or of another name in place of the version.
    fn find(&self, path: &str, version: &str) -> Option<Arc<Release>>;
}

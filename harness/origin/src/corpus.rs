//! Folders of module archives, as cmd/go's tests have one.
//!
//! A module is one txtar file, `PATH_VERSION.txt`: slashes of the path are underscores, uppercase
//! letters are `!x`, and the version begins at the last `_v`. Only the names are read to begin with;
//! an archive is read when it is asked for. All origins of a process share what was read.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use twinproof_gomod::escape::{escape_path, escape_version, unescape_path, unescape_version};
use twinproof_gomod::txtar::Archive;

use crate::release::{Module, Release, Releases};

/// The most bytes that an archive may have.
const MAX_ARCHIVE: u64 = 64 << 20;

/// The most archives that a folder may have.
const MAX_ARCHIVES: usize = 100_000;

/// An error in a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The folder cannot be read.
    #[error("reading the module archives in {}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The folder has too many files.
    #[error("{} has more than {MAX_ARCHIVES} files", .0.display())]
    TooMany(PathBuf),
}

type Slot = OnceLock<Option<Arc<Release>>>;

/// A folder of module archives.
pub(crate) struct Corpus {
    folder: PathBuf,
    /// By file name without `.txt`.
    slots: BTreeMap<String, Slot>,
    /// Versions by path, as the file names have them.
    modules: BTreeMap<String, Vec<String>>,
}

impl Corpus {
    /// The corpus in `folder`, read once in the life of the process.
    pub fn open(folder: &Path) -> Result<Arc<Self>, CorpusError> {
        // Hundreds of cases use the same folder of Go's tests, and listing it takes longer than
        // most of them.
        static OPEN: Mutex<Option<HashMap<PathBuf, Arc<Corpus>>>> = Mutex::new(None);
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let open = open.get_or_insert_default();
        if let Some(corpus) = open.get(folder) {
            return Ok(Arc::clone(corpus));
        }
        let corpus = Arc::new(Self::read(folder)?);
        open.insert(folder.to_owned(), Arc::clone(&corpus));
        Ok(corpus)
    }

    fn read(folder: &Path) -> Result<Self, CorpusError> {
        let fail = |source| CorpusError::Read { path: folder.to_owned(), source };
        let mut corpus =
            Self { folder: folder.to_owned(), slots: BTreeMap::new(), modules: BTreeMap::new() };
        for entry in fs::read_dir(folder).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name();
            let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".txt")) else {
                continue;
            };
            if corpus.slots.len() == MAX_ARCHIVES {
                return Err(CorpusError::TooMany(folder.to_owned()));
            }
            corpus.slots.insert(stem.to_owned(), Slot::new());
            if let Some((path, version)) = module_of(stem) {
                corpus.modules.entry(path).or_default().push(version);
            }
        }
        Ok(corpus)
    }

    /// Every module version that its file names spell, in the order of the names.
    pub fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.slots.keys().filter_map(|stem| module_of(stem))
    }

    fn load(&self, stem: &str, path: &str, version: &str) -> Option<Arc<Release>> {
        let file = fs::File::open(self.folder.join(format!("{stem}.txt"))).ok()?;
        let mut text = Vec::new();
        let read = file.take(MAX_ARCHIVE + 1).read_to_end(&mut text).ok()?;
        if read as u64 > MAX_ARCHIVE {
            return None;
        }
        let module = Module::from_archive(path, version, &Archive::parse(&text));
        Some(Arc::new(Release::archived(module)))
    }
}

impl Releases for Corpus {
    fn versions(&self, path: &str) -> Option<Vec<String>> {
        self.modules.get(path).cloned()
    }

    fn find(&self, path: &str, version: &str) -> Option<Arc<Release>> {
        // The form of cmd/go/testdata/mod: slashes become underscores, so `a_b/c` and `a/b_c` have
        // one name.
        let path_part = escape_path(path).ok()?.replace('/', "_");
        let stem = format!("{path_part}_{}", escape_version(version).ok()?);
        let slot = self.slots.get(&stem)?;
        let release = slot.get_or_init(|| self.load(&stem, path, version)).as_ref()?;
        // Two paths may have one file name; the file belongs to whoever asked first, and another
        // one gets a reading of its own.
        if release.path == path {
            return Some(Arc::clone(release));
        }
        self.load(&stem, path, version)
    }
}

fn module_of(stem: &str) -> Option<(String, String)> {
    // Paths may contain `_v` too (`example.com_v2_v2.0.0`): the version is behind the last one.
    let at = stem.rfind("_v")?;
    let path = stem.get(..at)?.replace('_', "/");
    let version = stem.get(at + 1..)?;
    Some((unescape_path(&path).ok()?, unescape_version(version).ok()?))
}

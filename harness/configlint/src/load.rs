//! Files from the disk: named ones, and those of known names below a folder.

use crate::kind::Kind;
use crate::source::Source;
use std::path::{Path, PathBuf};
use thiserror::Error;
use twinproof_wslconf::read::{ReadError, limited};
use walkdir::WalkDir;

/// Largest file, in bytes: a hosts file may have more than the 8 MB that WSL copies.
pub const FILE_MAX: u64 = 16 << 20;
/// Most files of one check.
pub const FILES_MAX: usize = 10_000;
/// Deepest level of folders that is searched.
const DEPTH_MAX: usize = 16;
/// Folders without hand-written configuration.
const SKIPPED: [&str; 4] = [".git", "node_modules", "target", "vendor"];

/// The reason why files cannot be checked.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The kind of a file is not known.
    #[error("{}: neither its name nor its content says what it is; say so with --as", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A folder has no file of a known name.
    #[error("{}: there is no file of a known name in it", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
    /// There are too many files.
    #[error("more than {FILES_MAX} files; check them in parts")]
    TooMany,
}

/// Files that can be checked, and why others cannot.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The files.
    pub sources: Vec<Source>,
    /// Errors of the files that could not be read.
    pub errors: Vec<LoadError>,
}

/// Reads files and, of folders, all files of known names below them. One that cannot be read, or is none
/// that is known, keeps no other from being checked.
#[must_use]
pub fn load(paths: &[PathBuf], kind: Option<Kind>) -> Loaded {
    let mut loaded = Loaded::default();
    for path in paths {
        if path.is_dir() {
            let found = below(path);
            if found.is_empty() {
                loaded.errors.push(LoadError::Nothing { path: path.clone() });
            }
            for file in found {
                loaded.take(read(&file).map_err(LoadError::from));
            }
            continue;
        }
        let source = read(path).map_err(LoadError::from).and_then(|source| {
            let known = kind.is_some()
                || Kind::of_name(&source).is_some()
                || Kind::of_content(&source).is_some();
            if known { Ok(source) } else { Err(LoadError::Unknown { path: path.clone() }) }
        });
        loaded.take(source);
    }
    loaded
}

impl Loaded {
    fn take(&mut self, source: Result<Source, LoadError>) {
        match source {
            // The limit bounds memory: all files are held at once, for rules compare them with each
            // other.
            Ok(source) if self.sources.len() < FILES_MAX => self.sources.push(source),
            Ok(_) if self.errors.iter().any(|error| matches!(error, LoadError::TooMany)) => {}
            Ok(_) => self.errors.push(LoadError::TooMany),
            Err(error) => self.errors.push(error),
        }
    }
}

/// Reads one file; a link that leads nowhere is an empty one.
///
/// # Errors
/// [`ReadError`], where it cannot be read.
pub fn read(path: &Path) -> Result<Source, ReadError> {
    let link = std::fs::read_link(path).ok().map(|link| link.display().to_string());
    let bytes = match limited(path, FILE_MAX) {
        // A resolv.conf that points to a missing target is itself a finding; an error here would
        // hide it.
        Err(ReadError::Io { .. }) if link.is_some() => Vec::new(),
        read => read?,
    };
    Ok(Source::new(path.display().to_string(), link, bytes))
}

fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).max_depth(DEPTH_MAX).sort_by_file_name().into_iter();
    let wanted = |entry: &walkdir::DirEntry| !SKIPPED.iter().any(|name| entry.file_name() == *name);
    entries
        .filter_entry(wanted)
        // A folder that cannot be read is skipped, so that the rest below it is checked.
        .filter_map(Result::ok)
        .filter(|entry| !entry.file_type().is_dir())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| {
            let source = Source::new(path.display().to_string(), None, Vec::new());
            // Text for people is checked where it is named.
            Kind::of_name(&source).is_some_and(|kind| kind != Kind::Prose)
        })
        .collect()
}

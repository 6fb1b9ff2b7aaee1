//! Sources of suites: a folder, or the files that are compiled into the program.
//!
//! Reading is bounded in the size of a file, the number of files and the depth of folders.

use crate::report::{Draft, Reporter, Spot};
use crate::text::SourceText;
use crate::vocabulary::VOCABULARY;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// No file may be larger, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
/// No folder of suites may have more files.
pub const MAX_FILES: usize = 10_000;
/// The folder with declarations of subjects, which are read elsewhere.
pub(crate) const SUBJECTS: &str = "subjects";
/// Folders inside folders, from the folder of suites on.
const MAX_DEPTH: usize = 16;

/// The source of suites.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder.
    Dir(PathBuf),
    /// Files by relative path with `/`, and their bytes.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

/// The files as they were read: relative path with `/` → bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// All files, the folders right in the folder of suites, and the mistakes of the files as such. The
/// texts of the TOML files are in the reporter.
pub(crate) fn read(source: &Source) -> (Files, BTreeSet<String>, Reporter) {
    let mut wrong = Vec::new();
    let mut folders = BTreeSet::new();
    let mut files = match source {
        Source::Dir(dir) => read_dir(dir, &mut folders, &mut wrong),
        Source::Embedded(list) => {
            list.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect()
        }
    };
    files.retain(|path, bytes| {
        let fits = bytes.len() <= MAX_FILE_BYTES;
        if !fits {
            wrong.push(too_large(path));
        }
        fits && !is_ignored(path)
    });
    folders.extend(files.keys().filter_map(|p| Some(p.split_once('/')?.0.to_owned())));
    let mut texts = BTreeMap::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".toml")) {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                wrong.push(not_utf8(path, error.valid_up_to(), bytes));
                // The readable rest is parsed, so that other mistakes are found in the same pass.
                String::from_utf8_lossy(bytes).into_owned()
            }
        };
        if text.starts_with('\u{feff}') {
            let message = "the file begins with a byte order mark";
            wrong.push(
                Draft::new("byte-order-mark", message, Spot::new(&path.as_str().into(), 0..0))
                    .help("store the file as UTF-8 without a byte order mark"),
            );
        }
        texts.insert(path.clone(), SourceText::new(text));
    }
    let mut reporter = Reporter::new(Arc::new(texts)).with_vocabulary(VOCABULARY);
    wrong.into_iter().for_each(|draft| reporter.add(draft));
    (files, folders, reporter)
}

/// The schemas that editors use, and hidden files.
fn is_ignored(path: &str) -> bool {
    path.starts_with("schema/") || path.split('/').any(|part| part.starts_with('.'))
}

/// SHA-256 over the files in the order of their paths, each as its path, a zero byte, its length
/// (8 bytes, little-endian) and its bytes; lower-case hexadecimal.
pub(crate) fn sha256(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        // A byte that no path has, and the length: two files cannot be taken for one.
        hash.update([0]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    }
    twinproof_base::hex::encode(&hash.finalize())
}

fn read_dir(dir: &Path, folders: &mut BTreeSet<String>, wrong: &mut Vec<Draft>) -> Files {
    let mut files = Files::new();
    let whole = |path: &str| Spot::new(&path.into(), 0..0);
    // Sorted, so that limits and reports name the same file on every system.
    let walk = walkdir::WalkDir::new(dir).max_depth(MAX_DEPTH + 1).sort_by_file_name();
    let entries = walk
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !e.file_name().to_string_lossy().starts_with('.'));
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().map_or_else(String::new, |p| relative(dir, p));
                let shown = if path.is_empty() { dir.display().to_string() } else { path };
                let cause = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                wrong.push(Draft::new(
                    "unreadable",
                    format!("cannot be read: {cause}"),
                    whole(&shown),
                ));
                continue;
            }
        };
        let path = relative(dir, entry.path());
        let kind = entry.file_type();
        if kind.is_dir() {
            if entry.depth() == 1 && path != "schema" {
                folders.insert(path.clone());
            }
            if entry.depth() > MAX_DEPTH {
                let message = format!("folders are more than {MAX_DEPTH} levels deep");
                wrong.push(Draft::new("too-deep", message, whole(&path)));
            }
            continue;
        }
        if kind.is_symlink() {
            // A link may lead out of the folder or in a circle, and the hash of the suites would
            // then depend on files outside.
            let draft =
                Draft::new("symbolic-link", "symbolic links are not followed", whole(&path));
            wrong.push(draft.help("put a copy of the file in its place"));
            continue;
        }
        if !kind.is_file() {
            // To open a pipe can wait for ever.
            let draft = Draft::new("no-file", "this is no regular file", whole(&path));
            wrong.push(draft.help("remove it, or put a file in its place"));
            continue;
        }
        if files.len() >= MAX_FILES {
            let message = format!("there are more than {MAX_FILES} files");
            wrong.push(Draft::new("too-many-files", message, whole(&path)));
            break;
        }
        match read_file(entry.path()) {
            Ok(bytes) => {
                files.insert(path, bytes);
            }
            Err(error) => wrong.push(Draft::new(
                "unreadable",
                format!("cannot be read: {error}"),
                whole(&path),
            )),
        }
    }
    files
}

/// Reads one byte more than is allowed, so that a larger file is known to be one.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn relative(dir: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(dir).unwrap_or(path).components();
    parts.map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn too_large(path: &str) -> Draft {
    Draft::new("too-large", "the file is larger than 1 MiB", Spot::new(&path.into(), 0..0))
        .help("split it: every `.toml` file of a suite's folder is read")
}

/// The lossy text has the same bytes before the first bad one, so the offset holds in it too.
fn not_utf8(path: &str, at: usize, bytes: &[u8]) -> Draft {
    let bad = bytes.get(at).copied().unwrap_or_default();
    let span = at..at + '\u{fffd}'.len_utf8();
    Draft::new("not-utf8", "the file is not UTF-8", Spot::new(&path.into(), span))
        .label(format!("byte 0x{bad:02x} at offset {at}"))
        .help("store the file as UTF-8")
}

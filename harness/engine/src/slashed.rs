//! Paths within a folder as bundles and goldens write them.

use std::path::Path;

/// The path of an entry below a folder, with `/`.
pub fn slashed(entry: &walkdir::DirEntry, folder: &Path) -> String {
    let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

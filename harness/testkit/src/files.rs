//! Lists the files of a folder, for comparisons in tests.

use std::path::Path;

use walkdir::WalkDir;

/// The files below a folder, sorted, with slashes.
///
/// # Panics
/// When a name is no UTF-8.
#[must_use]
pub fn files_in(folder: &Path) -> Vec<String> {
    let mut files: Vec<String> = WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            path.to_str().unwrap().replace('\\', "/")
        })
        .collect();
    files.sort();
    files
}

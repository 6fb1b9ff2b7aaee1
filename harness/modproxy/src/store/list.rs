//! The versions of a module that are here in whole, and the list file that says so.
//!
//! The file is for `go` commands that use the store through `file://`: what it names, they can have. It is
//! not what an upstream said.

use std::collections::HashMap;
use std::fs;
use std::sync::PoisonError;

use twinproof_gomod::escape::{is_canonical_version, unescape_version};

use super::{Name, Store, StoreError};

/// The largest list file that is read back, in bytes.
const MAX_LIST: u64 = 16 << 20;

/// The files that make a version whole.
const PARTS: [&str; 3] = ["info", "mod", "zip"];

/// The versions whose three files are in the store, sorted as text. `module` is escaped.
pub(crate) fn versions_here(store: &Store, module: &str) -> Result<Vec<String>, StoreError> {
    let name = Name::list(module)?;
    let failed = |source| StoreError::Read { name: name.to_string(), source };
    let folder = name.under(store.root());
    let Some(folder) = folder.parent() else { return Ok(Vec::new()) };
    let resolved = match fs::canonicalize(folder) {
        Ok(resolved) => resolved,
        Err(_) => return Ok(Vec::new()),
    };
    if !resolved.starts_with(store.root()) {
        return Err(StoreError::Outside { name: name.to_string() });
    }
    let mut parts: HashMap<String, usize> = HashMap::new();
    for entry in fs::read_dir(resolved).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file = entry.file_name();
        let Some((version, ext)) = file.to_str().and_then(|file| file.rsplit_once('.')) else {
            continue;
        };
        if PARTS.contains(&ext) {
            *parts.entry(version.to_owned()).or_default() += 1;
        }
    }
    let mut versions: Vec<String> = parts
        .into_iter()
        .filter(|(_, count)| *count == PARTS.len())
        .filter_map(|(escaped, _)| unescape_version(&escaped).ok())
        .filter(|version| is_canonical_version(version))
        .collect();
    versions.sort();
    Ok(versions)
}

/// Whether a list file has versions and nothing else.
fn is_list(bytes: &[u8]) -> bool {
    // Others may have written a time behind a version.
    let version = |line: &str| line.split_whitespace().next().is_some_and(is_canonical_version);
    std::str::from_utf8(bytes).is_ok_and(|text| text.lines().all(version))
}

impl Store {
    /// Adds a version to its module's list file, if it is here in whole. Both are escaped.
    pub(crate) fn add_to_list(&self, module: &str, version: &str) -> Result<(), StoreError> {
        for part in PARTS {
            if !self.has(&Name::version(module, version, part)?) {
                return Ok(());
            }
        }
        self.write_list(module, None)
    }

    /// Takes a version out of its module's list file. Both are escaped.
    pub(crate) fn remove_from_list(&self, module: &str, version: &str) -> Result<(), StoreError> {
        if !self.has(&Name::list(module)?) {
            return Ok(());
        }
        self.write_list(module, unescape_version(version).ok().as_deref())
    }

    /// Writes a module's list file anew, without a version that is about to be removed. The old
    /// content does not count, so damage does not last.
    fn write_list(&self, module: &str, without: Option<&str>) -> Result<(), StoreError> {
        let name = Name::list(module)?;
        // Two versions of a module that are finished at once would each write a list without the
        // other.
        let _one_at_a_time = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(&name, MAX_LIST)?.map(|(bytes, _)| bytes);
        if before.as_ref().is_some_and(|bytes| !is_list(bytes)) {
            self.set_aside(&name, "it has what is no version");
        }
        let versions = versions_here(self, module)?;
        let there = versions.iter().filter(|version| Some(version.as_str()) != without);
        let text: String = there.flat_map(|version| [version, "\n"]).collect();
        if before.is_some_and(|before| before == text) {
            return Ok(());
        }
        self.write(&name, text.as_bytes())
    }
}

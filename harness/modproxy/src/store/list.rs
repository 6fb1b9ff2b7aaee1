//! The versions of a module that are here in whole, and the list file that says so.
//!
//! The file is for those who use the store through `file://`: what it names, they can have. It is
//! not what an upstream said.

use std::collections::{BTreeSet, HashMap};
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

impl Store {
    /// Adds a version to its module's list file, if it is here in whole. Both are escaped.
    pub(crate) fn add_to_list(&self, module: &str, version: &str) -> Result<(), StoreError> {
        for part in PARTS {
            if !self.has(&Name::version(module, version, part)?) {
                return Ok(());
            }
        }
        let Ok(version) = unescape_version(version) else { return Ok(()) };
        self.change_list(module, |versions| versions.insert(version))
    }

    /// Takes a version out of its module's list file. Both are escaped.
    pub(crate) fn remove_from_list(&self, module: &str, version: &str) -> Result<(), StoreError> {
        if !self.has(&Name::list(module)?) {
            return Ok(());
        }
        let Ok(version) = unescape_version(version) else { return Ok(()) };
        self.change_list(module, |versions| versions.remove(&version))
    }

    fn change_list(
        &self,
        module: &str,
        change: impl FnOnce(&mut BTreeSet<String>) -> bool,
    ) -> Result<(), StoreError> {
        let name = Name::list(module)?;
        let _one_at_a_time = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match self.read(&name, MAX_LIST)? {
            Some((bytes, _)) => String::from_utf8_lossy(&bytes).into_owned(),
            None => String::new(),
        };
        let mut versions: BTreeSet<String> =
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
        if !change(&mut versions) {
            return Ok(());
        }
        let text: String = versions.into_iter().map(|version| version + "\n").collect();
        self.write(&name, text.as_bytes())
    }
}

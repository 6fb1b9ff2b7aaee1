//! Records for a checksum database, from what is on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use twinproof_sumdb::dirhash::{DirHashError, hash_go_mod, hash_zip};
use twinproof_sumdb::escape::{unescape_path, unescape_version};

/// The longest go.sum, and the longest go.mod.
const LONGEST: u64 = 64 << 20;
/// Folders inside folders of a module cache.
const DEEPEST: usize = 64;

/// A record to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub module: String,
    pub version: String,
    /// Its go.sum lines.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub records: Vec<Record>,
    /// Module versions for which not everything was there.
    pub left_out: usize,
}

/// Why records cannot be made of what is there.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// A line of a go.sum file is not one.
    #[error("{}:{line}: expected a module, a version and a hash", path.display())]
    Line { path: PathBuf, line: usize },
    /// A zip cannot be hashed.
    #[error("{}: {error}", path.display())]
    Zip { path: PathBuf, error: DirHashError },
}

/// The hashes of a zip and of a go.mod.
type Hashes<'t> = (Option<&'t str>, Option<&'t str>);

fn read(path: &Path) -> Result<Vec<u8>, RecordsError> {
    let fail = |error| RecordsError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > LONGEST {
        return Err(fail(io::Error::new(io::ErrorKind::FileTooLarge, "over 64 MiB")));
    }
    Ok(bytes)
}

/// The records of a go.sum file: the module versions that have the hashes of zip and go.mod there.
pub fn from_go_sum(path: &Path, found: &mut Found) -> Result<(), RecordsError> {
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut hashes: BTreeMap<(&str, &str), Hashes<'_>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        match fields[..] {
            [] => {}
            [module, version, hash] => match version.strip_suffix("/go.mod") {
                Some(version) => hashes.entry((module, version)).or_default().1 = Some(hash),
                None => hashes.entry((module, version)).or_default().0 = Some(hash),
            },
            _ => {
                return Err(RecordsError::Line { path: path.to_owned(), line: number + 1 });
            }
        }
    }
    for ((module, version), both) in hashes {
        match both {
            (Some(zip), Some(go_mod)) => found.push(module, version, zip, go_mod),
            _ => found.left_out += 1,
        }
    }
    Ok(())
}

/// The records of a folder such as GOMODCACHE's `cache/download`: of each zip with its go.mod.
pub fn from_download(folder: &Path, found: &mut Found) -> Result<(), RecordsError> {
    for entry in walkdir::WalkDir::new(folder).max_depth(DEEPEST).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            RecordsError::Read { path, error: error.into() }
        })?;
        let path = entry.path();
        let zip = path.extension().is_some_and(|extension| extension == "zip");
        if !zip || !entry.file_type().is_file() {
            continue;
        }
        let go_mod = path.with_extension("mod");
        let (Some((module, version)), true) = (name(folder, path), go_mod.is_file()) else {
            found.left_out += 1;
            continue;
        };
        let zip = hash_zip(path).map_err(|error| RecordsError::Zip { path: path.into(), error })?;
        let go_mod = hash_go_mod(&read(&go_mod)?);
        found.push(&module, &version, &zip.to_string(), &go_mod.to_string());
    }
    Ok(())
}

/// The module and version of a zip in `MODULE/@v/VERSION.zip`.
fn name(folder: &Path, zip: &Path) -> Option<(String, String)> {
    let version = unescape_version(zip.file_stem()?.to_str()?).ok()?;
    let versions = zip.parent()?;
    if versions.file_name()? != "@v" {
        return None;
    }
    let module = versions.parent()?.strip_prefix(folder).ok()?;
    let parts: Option<Vec<&str>> = module.iter().map(|part| part.to_str()).collect();
    Some((unescape_path(&parts?.join("/")).ok()?, version))
}

impl Found {
    fn push(&mut self, module: &str, version: &str, zip: &str, go_mod: &str) {
        self.records.push(Record {
            module: module.to_owned(),
            version: version.to_owned(),
            text: format!("{module} {version} {zip}\n{module} {version}/go.mod {go_mod}\n"),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_sum_file_gives_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("go.sum");
        let text = "b.example v1.0.0 h1:zip=\nb.example v1.0.0/go.mod h1:mod=\n\
                    a.example v0.1.0/go.mod h1:only=\n";
        std::fs::write(&path, text).unwrap();
        let mut found = Found::default();
        from_go_sum(&path, &mut found).unwrap();
        let text = "b.example v1.0.0 h1:zip=\nb.example v1.0.0/go.mod h1:mod=\n".to_owned();
        let (module, version) = ("b.example".to_owned(), "v1.0.0".to_owned());
        assert_eq!(found.records, [Record { module, version, text }]);
        assert_eq!(found.left_out, 1);

        std::fs::write(&path, "\ntwo fields\n").unwrap();
        let error = from_go_sum(&path, &mut found).unwrap_err();
        let said = format!("{}:2: expected a module, a version and a hash", path.display());
        assert_eq!(error.to_string(), said);
    }

    #[test]
    fn a_zip_is_named_by_its_place() {
        let folder = Path::new("cache");
        let at = |path: &str| name(folder, &folder.join(path));
        let named = at("a.example/!x/@v/v1.0.0-!r.zip");
        assert_eq!(named, Some(("a.example/X".to_owned(), "v1.0.0-R".to_owned())));
        assert_eq!(at("a.example/x/v1.0.0.zip"), None);
        assert_eq!(at("a.example/X/@v/v1.0.0.zip"), None);
    }
}

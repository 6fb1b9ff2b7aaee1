//! Records for a checksum database, from files on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use twinproof_gomod::dirhash::{DirHashError, H1, hash_go_mod, hash_zip};
use twinproof_gomod::escape::{check, is_canonical_version, unescape_path, unescape_version};

/// The longest go.sum, and the longest go.mod.
const LONGEST: u64 = 64 << 20;
/// Folders inside folders of a module cache.
const DEEPEST: usize = 64;

/// A record to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub module: String,
    pub version: String,
    /// The record's go.sum lines.
    pub text: String,
}

/// Records found on disk.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub records: Vec<Record>,
    /// Number of module versions left out because a hash is missing.
    pub left_out: usize,
    /// The text of each module version's record, and the file it is from.
    seen: BTreeMap<String, (String, String)>,
}

/// An error in making records from files.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read { path: PathBuf, error: io::Error },
    /// A line of a go.sum file is not one.
    #[error("{}:{line}: expected a module, a version and a hash", path.display())]
    Line { path: PathBuf, line: usize },
    /// A line of a go.sum file that no client would take.
    #[error("{}:{line}: {why}", path.display())]
    Value { path: PathBuf, line: usize, why: String },
    /// Two hashes for one thing.
    #[error("{what} has two hashes: {} in {}, and {} in {}", one.0, one.1, other.0, other.1)]
    Conflict { what: String, one: (String, String), other: (String, String) },
    /// A zip cannot be hashed.
    #[error("{}: {error}", path.display())]
    Zip { path: PathBuf, error: DirHashError },
}

/// The hashes of a zip and of a go.mod, each with the line it is in.
type Hashes<'t> = [Option<(&'t str, usize)>; 2];

/// The mistake for which a client would refuse a line, if there is one.
fn mistake(module: &str, version: &str, hash: &str) -> Option<String> {
    if let Err(error) = check(module, version) {
        return Some(error.to_string());
    }
    if !is_canonical_version(version) {
        return Some(format!("{version} is not canonical"));
    }
    let wrong = hash.parse::<H1>().is_err();
    wrong.then(|| format!("`{hash}` is no hash: one is `h1:` and 32 bytes in base64"))
}

fn read(path: &Path) -> Result<Vec<u8>, RecordsError> {
    let fail = |error| RecordsError::Read { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
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
            [module, version, hash] => {
                let (version, of) = match version.strip_suffix("/go.mod") {
                    Some(version) => (version, 1),
                    None => (version, 0),
                };
                let line = number + 1;
                if let Some(why) = mistake(module, version, hash) {
                    return Err(RecordsError::Value { path: path.to_owned(), line, why });
                }
                // go.sum has the two lines of a version anywhere, often only that of its go.mod.
                let known = &mut hashes.entry((module, version)).or_default()[of];
                match known {
                    Some((first, at)) if *first != hash => {
                        let place = |line| format!("{}:{line}", path.display());
                        return Err(RecordsError::Conflict {
                            what: format!("{module} {}", fields[1]),
                            one: ((*first).to_owned(), place(*at)),
                            other: (hash.to_owned(), place(line)),
                        });
                    }
                    _ => *known = Some((hash, line)),
                }
            }
            _ => {
                return Err(RecordsError::Line { path: path.to_owned(), line: number + 1 });
            }
        }
    }
    for ((module, version), both) in hashes {
        match both {
            [Some((zip, _)), Some((go_mod, _))] => {
                found.push(module, version, zip, go_mod, &path.display().to_string())?;
            }
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
        // The layout of GOMODCACHE's cache/download: a zip counts where its .mod is beside it.
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
        let from = path.display().to_string();
        found.push(&module, &version, &zip.to_string(), &go_mod.to_string(), &from)?;
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
    /// Adds a record that is `from` a file, unless there is the same one.
    fn push(
        &mut self,
        module: &str,
        version: &str,
        zip: &str,
        go_mod: &str,
        from: &str,
    ) -> Result<(), RecordsError> {
        let text = format!("{module} {version} {zip}\n{module} {version}/go.mod {go_mod}\n");
        let key = format!("{module}@{version}");
        if let Some((known, first)) = self.seen.get(&key) {
            let hashes = |text: &str| {
                let last = text.lines().filter_map(|line| line.rsplit(' ').next());
                last.collect::<Vec<_>>().join(" and ")
            };
            let one = (hashes(known), first.clone());
            let other = (hashes(&text), from.to_owned());
            let same = *known == text;
            // The same module may stand in many go.sum files, with the same hashes.
            return if same {
                Ok(())
            } else {
                Err(RecordsError::Conflict { what: key, one, other })
            };
        }
        self.seen.insert(key, (text.clone(), from.to_owned()));
        self.records.push(Record { module: module.to_owned(), version: version.to_owned(), text });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZIP: &str = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const MOD: &str = "h1:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=";

    /// The records of go.sum files, read one after the other.
    fn read_all(files: &[String]) -> Result<Found, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut found = Found::default();
        for (number, text) in files.iter().enumerate() {
            let path = folder.path().join(format!("go.sum{number}"));
            std::fs::write(&path, text).unwrap();
            let place = folder.path().display().to_string();
            from_go_sum(&path, &mut found).map_err(|e| e.to_string().replace(&place, ""))?;
        }
        Ok(found)
    }

    #[test]
    fn go_sum_file_gives_records() {
        let text = format!(
            "b.example v1.0.0 {ZIP}\nb.example v1.0.0/go.mod {MOD}\na.example v0.1.0/go.mod {MOD}\n"
        );
        let found = read_all(&[text.clone(), text]).unwrap();
        let text = format!("b.example v1.0.0 {ZIP}\nb.example v1.0.0/go.mod {MOD}\n");
        let (module, version) = ("b.example".to_owned(), "v1.0.0".to_owned());
        assert_eq!(found.records, [Record { module, version, text }]);
        assert_eq!(found.left_out, 2);
    }

    #[test]
    fn invalid_record_is_refused_with_its_line() {
        let wrong = |text: &str| read_all(&[text.to_owned()]).unwrap_err();
        let said = wrong("\ntwo fields\n");
        assert!(said.ends_with("go.sum0:2: expected a module, a version and a hash"), "{said}");
        let said = wrong("b.example v1.0.0 notahash\n");
        assert!(said.contains("go.sum0:1: `notahash` is no hash"), "{said}");
        let said = wrong("b.example v1.0.0/go.mod h1:AAAA\n");
        assert!(said.contains("go.sum0:1: `h1:AAAA` is no hash"), "{said}");
        assert!(wrong(&format!("nodot v1.0.0 {ZIP}\n")).contains("go.sum0:1: "));
        assert!(wrong(&format!("b.example v1 {ZIP}\n")).contains("go.sum0:1: "));
        assert!(wrong(&format!("b.example/v2 v1.0.0 {ZIP}\n")).contains("go.sum0:1: "));
    }

    #[test]
    fn conflicting_lines_are_refused_and_both_are_named() {
        let one = format!("b.example v1.0.0 {ZIP}\nb.example v1.0.0/go.mod {MOD}\n");
        let other = format!("b.example v1.0.0 {MOD}\nb.example v1.0.0/go.mod {MOD}\n");
        for files in [vec![format!("{one}{other}")], vec![one, other]] {
            let said = read_all(&files).unwrap_err();
            assert!(
                said.contains(ZIP) && said.contains(MOD) && said.contains("two hashes"),
                "{said}"
            );
            let last = format!("go.sum{}", files.len() - 1);
            assert!(said.contains("go.sum0") && said.contains(&last), "{said}");
        }
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

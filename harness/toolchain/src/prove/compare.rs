//! Comparing a directory with a reference, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use super::report::{Change, Difference, Reach};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::platform::Platform;
use crate::probe::build_info;
use crate::progress::{Phase, Progress};
use crate::recipe::executable_name;

/// The most files that a directory may have: releases have 15 000.
const MAX_FILES: usize = 200_000;

/// The directories that a release archive has and a toolchain zip has not.
const NOT_IN_THE_ZIP: [&str; 4] = ["api/", "doc/", "misc/", "test/"];

/// The longest line that is shown, in characters.
const MAX_LINE: usize = 200;

/// The two GOROOTs of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Sides<'a> {
    /// The GOROOT that is judged.
    pub(crate) found: &'a Path,
    /// The GOROOT that it is compared with.
    pub(crate) reference: &'a Path,
    /// The files of the reference.
    pub(crate) files: &'a Manifest,
    /// The platform of both.
    pub(crate) platform: Platform,
    /// A go command that runs here, to read build information with.
    pub(crate) go: Option<&'a Path>,
}

/// The entry at a name.
enum Found {
    File(PathBuf),
    Link(String),
    Broken(String),
}

/// The number of equal files, and all differences by name.
pub(crate) fn compare(
    sides: Sides<'_>,
    progress: &mut dyn Progress,
) -> Result<(u64, Vec<Difference>), Error> {
    let there = entries(sides.found)?;
    let total = there.len() as u64;
    let mut differences = Vec::new();
    let mut equal = 0;
    for (done, (name, entry)) in there.iter().enumerate() {
        // A release has some 15,000 files: sixty reports, and a cancellation is seen soon.
        if done % 256 == 0 {
            progress.report(Phase::Compare, "files", done as u64, Some(total));
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
        }
        match judge(sides, name, entry) {
            None => equal += 1,
            Some(change) => differences.push(difference(name, change)),
        }
    }
    let missing = sides.files.files.keys().filter(|name| !there.contains_key(*name));
    differences.extend(missing.map(|name| difference(name, Change::Missing)));
    differences.sort_by(|a, b| a.file.cmp(&b.file));
    progress.report(Phase::Compare, "files", total, Some(total));
    Ok((equal, differences))
}

fn difference(name: &str, change: Change) -> Difference {
    Difference { file: name.to_owned(), reach: Reach::of(name), change }
}

fn entries(root: &Path) -> Result<BTreeMap<String, Found>, Error> {
    let mut entries = BTreeMap::new();
    // The target of a link counts only where it is a part of the tree: elsewhere it can change
    // without the tree.
    let inside = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let is_inside = |path: &Path| fs::canonicalize(path).is_ok_and(|to| to.starts_with(&inside));
    // No release is nearly as deep; a tree without end is none.
    for entry in WalkDir::new(root).max_depth(64) {
        let (path, found) = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) if entry.path_is_symlink() => {
                let found = match (fs::read_link(entry.path()), fs::metadata(entry.path())) {
                    (_, Ok(meta)) if meta.is_file() && is_inside(entry.path()) => {
                        Found::File(entry.path().to_path_buf())
                    }
                    (Ok(target), _) => Found::Link(target.display().to_string()),
                    (Err(error), _) => Found::Broken(error.to_string()),
                };
                (entry.into_path(), found)
            }
            Ok(entry) if entry.file_type().is_file() => {
                (entry.path().to_path_buf(), Found::File(entry.into_path()))
            }
            Ok(entry) => (entry.into_path(), Found::Broken("is no regular file".to_owned())),
            Err(error) => {
                let path = error.path().unwrap_or(root).to_path_buf();
                (path, Found::Broken(error.to_string()))
            }
        };
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        entries.insert(parts.join("/"), found);
        if entries.len() > MAX_FILES {
            let reason = format!("has more than {MAX_FILES} files: it is no release");
            return Err(Error::NotAnSdk { path: root.to_path_buf(), reason });
        }
    }
    Ok(entries)
}

fn judge(sides: Sides<'_>, name: &str, entry: &Found) -> Option<Change> {
    let expected = sides.files.files.get(name);
    let path = match entry {
        Found::File(path) => path,
        Found::Link(target) => return Some(Change::Link { target: target.clone() }),
        Found::Broken(reason) => return Some(Change::Unreadable { reason: reason.clone() }),
    };
    let Some(expected) = expected else {
        if NOT_IN_THE_ZIP.iter().any(|dir| name.starts_with(dir)) {
            return Some(Change::Uncovered);
        }
        return Some(Change::Added { bytes: fs::metadata(path).map_or(0, |meta| meta.len()) });
    };
    match fs::read(path) {
        Ok(content) if Sha256::digest(&content)[..] == expected[..] => {
            (is_program(name, sides.platform) && lacks_run_bit(path))
                .then_some(Change::NotExecutable)
        }
        Ok(_) => Some(changed(sides, name, path)),
        Err(error) => Some(Change::Unreadable { reason: error.to_string() }),
    }
}

fn is_program(name: &str, platform: Platform) -> bool {
    // A name that comes out again is the place of a program; any other file is data.
    let tool = name.rsplit('/').next().unwrap_or(name).trim_end_matches(platform.exe());
    executable_name(tool, platform) == name
}

/// The difference between the file at `path`, which has the name `name`, and the reference's.
fn changed(sides: Sides<'_>, name: &str, path: &Path) -> Change {
    let reference = sides.reference.join(name);
    let read = |path: &Path| {
        fs::read(path).map_err(|error| Change::Unreadable { reason: error.to_string() })
    };
    let (expected, found) = match (read(&reference), read(path)) {
        (Ok(expected), Ok(found)) => (expected, found),
        (Err(change), _) | (_, Err(change)) => return change,
    };
    if is_program(name, sides.platform) {
        let offset = first_difference(&expected, &found);
        let info = |path: &Path| build_info(sides.go?, path).ok();
        return Change::Executable {
            offset,
            differing: count_differences(&expected, &found),
            sizes: (expected.len() as u64, found.len() as u64),
            section: section_at(&expected, offset),
            build_info_differs: info(path).map(|found| Some(found) != info(&reference)),
        };
    }
    if let Some(lines) = carriage_returns(&expected, &found) {
        return Change::Crlf { lines };
    }
    match (text(&expected), text(&found)) {
        (Some(expected), Some(found)) => text_change(expected, found),
        _ => Change::Data {
            offset: first_difference(&expected, &found),
            sizes: (expected.len() as u64, found.len() as u64),
        },
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// The number of lines of `found` with CRLF instead of LF, when the files do not differ otherwise.
fn carriage_returns(expected: &[u8], found: &[u8]) -> Option<u64> {
    let plain = |bytes: &[u8]| -> Vec<u8> {
        let next = bytes.iter().skip(1).map(Some).chain([None]);
        // A CR that stands alone is content and stays.
        let kept = bytes.iter().zip(next).filter(|pair| *pair != (&b'\r', Some(&b'\n')));
        kept.map(|(byte, _)| *byte).collect()
    };
    let added = found.len().checked_sub(expected.len()).filter(|added| *added > 0)?;
    let text = !expected.contains(&0);
    (text && plain(expected) == plain(found)).then_some(added as u64)
}

fn text_change(expected: &str, found: &str) -> Change {
    let (a, b): (Vec<&str>, Vec<&str>) =
        (expected.split('\n').collect(), found.split('\n').collect());
    let before = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) =
        (a.get(before..).unwrap_or_default(), b.get(before..).unwrap_or_default());
    let after = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let line = |lines: &[&str]| lines.get(before).map(|line| line.chars().take(MAX_LINE).collect());
    Change::Text {
        line: before as u64 + 1,
        expected: line(&a),
        found: line(&b),
        lines: ((rest_a.len() - after) as u64, (rest_b.len() - after) as u64),
    }
}

fn first_difference(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).take_while(|(a, b)| a == b).count() as u64
}

fn count_differences(a: &[u8], b: &[u8]) -> u64 {
    let common = a.iter().zip(b).filter(|(a, b)| a != b).count();
    (common + a.len().abs_diff(b.len())) as u64
}

/// The name of the section of an executable that holds the byte at `offset` of the file.
fn section_at(bytes: &[u8], offset: u64) -> Option<String> {
    let file = object::File::parse(bytes).ok()?;
    let inside = |(start, size): (u64, u64)| (start..start.saturating_add(size)).contains(&offset);
    let section = file.sections().find(|section| section.file_range().is_some_and(inside))?;
    section.name().ok().map(str::to_owned)
}

/// Whether a program cannot be run for want of a run bit.
#[cfg(unix)]
fn lacks_run_bit(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let windows = path.extension().is_some_and(|extension| extension == "exe");
    // Windows has no such bit.
    !windows && fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 == 0)
}

/// Whether a program cannot be run for want of a run bit: there is none.
#[cfg(not(unix))]
fn lacks_run_bit(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;

//! `file` and `tree`: record the files and folders at a path.

use super::driver::Driver;
use super::error::StepError;
use twinproof_environment::{Contents, SnapshotLimits, TreeEntry};
use twinproof_model::Template;
use twinproof_steps::{Entries, FileEntry, FileStep, TreeStep};

pub fn drive_file(driver: &mut Driver<'_>, step: &FileStep) -> Result<Entries, StepError> {
    let wants = step.text.is_some()
        || step.base64.is_some()
        || step.starts_with.is_some()
        || step.capture.values().any(|w| w == "text")
        || driver.golden_reads("file");
    let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
    // Evidence keeps only bytes that a check needs: of other files the hash is enough.
    let contents = if wants { Contents::Wanted } else { Contents::Hashes };
    entries(driver, &step.path, contents, limits)
}

pub fn drive_tree(driver: &mut Driver<'_>, step: &TreeStep) -> Result<Entries, StepError> {
    let limits = SnapshotLimits::default();
    let depth = step.depth.unwrap_or(limits.depth);
    entries(driver, &step.path, Contents::Hashes, SnapshotLimits { depth, ..limits })
}

fn entries(
    driver: &mut Driver<'_>,
    path: &Template,
    contents: Contents,
    limits: SnapshotLimits,
) -> Result<Entries, StepError> {
    let path = driver.path(path)?;
    let seen = driver.sandbox().entries(&path, contents, limits)?;
    let entries = seen.into_iter().map(|e| stored(driver, e)).collect::<Result<_, _>>()?;
    Ok(Entries { path, entries })
}

fn stored(driver: &mut Driver<'_>, entry: TreeEntry) -> Result<FileEntry, StepError> {
    let content = entry.bytes.map(|bytes| driver.store(bytes)).transpose()?;
    Ok(FileEntry {
        path: entry.path,
        kind: entry.kind,
        mode: entry.mode,
        target: entry.target,
        size: entry.size,
        sha256: entry.sha256,
        content,
    })
}

//! The repository that the task runs in.

use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinproof::cli::Repository;

/// The repository of this workspace, with its commit where git reports one.
pub fn here() -> anyhow::Result<Repository> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    Ok(Repository { root: Some(root.to_owned()), commit: commit(root) })
}

/// Its top folder.
pub fn root(repository: &Repository) -> anyhow::Result<&PathBuf> {
    repository.root.as_ref().context("this is no repository")
}

/// The output of git, without its last line end; nothing where git fails or is absent.
pub fn git(root: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}

/// The commit, with `+changes` where files other than goldens differ from it.
fn commit(root: &Path) -> Option<String> {
    let commit = git(root, &["rev-parse", "HEAD"])?;
    let clean = changes(root).is_some_and(|c| c.is_empty());
    Some(if clean { commit } else { format!("{commit}+changes") })
}

/// Files other than goldens that differ from the commit.
pub fn changes(root: &Path) -> Option<String> {
    git(root, &["status", "--porcelain", "--", ".", ":(exclude)golden"])
}

//! Puts the reports into a folder: each is drawn, reconciled, written to a temporary file beside
//! its place, synced and renamed, so that no report is ever seen half-written or wrong.

use crate::evidence::Bundle;
use crate::reconcile::{Mismatch, Reporter, reconcile};
use crate::{html, junit, ledger, markdown, sarif};
use std::io;
use std::path::{Path, PathBuf};
use twinproof_model::Results;

/// Paths of the written reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `results.json`.
    pub results: PathBuf,
    /// `report.html`.
    pub html: PathBuf,
    /// `junit.xml`.
    pub junit: PathBuf,
    /// `results.sarif`.
    pub sarif: PathBuf,
    /// `summary.md`.
    pub markdown: PathBuf,
    /// `ledger.json`.
    pub ledger: PathBuf,
}

/// An error in writing the reports.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder or a file in it cannot be written.
    #[error("cannot write {path}: {source}; give another folder with --out")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The results cannot be written as JSON.
    #[error("cannot write the results as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A report does not agree with the results.
    #[error("{0}; this is an error in Twinproof")]
    Mismatch(#[from] Mismatch),
}

/// Writes `results.json` and every report into `folder`, which is created where it is not there.
/// With a bundle, raw evidence is shown in `report.html`.
///
/// # Errors
/// When a report does not agree with the results, or a file cannot be written. Reports before that
/// one are in place then, later ones are not.
pub fn write_all(
    results: &Results,
    folder: &Path,
    bundle: Option<&dyn Bundle>,
) -> Result<Written, ReportError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    // The summary is compared with the cases before anything is written: every report is drawn from
    // both.
    reconcile(results, Reporter::Summary, "")?;
    let mut json = serde_json::to_string_pretty(results)?;
    json.push('\n');
    let put = |name: &str, reporter: Reporter, report: String| {
        reconcile(results, reporter, &report)?;
        write(&folder.join(name), &report)
    };
    Ok(Written {
        results: write(&folder.join("results.json"), &json)?,
        html: put("report.html", Reporter::Html, html(results, bundle))?,
        junit: put("junit.xml", Reporter::Junit, junit(results))?,
        sarif: put("results.sarif", Reporter::Sarif, sarif(results))?,
        markdown: put("summary.md", Reporter::Markdown, markdown(results))?,
        ledger: put("ledger.json", Reporter::Ledger, ledger(results))?,
    })
}

fn write(path: &Path, content: &str) -> Result<PathBuf, ReportError> {
    twinproof_base::file::write(path, content.as_bytes())
        .map(|()| path.to_owned())
        .map_err(|source| ReportError::Write { path: path.to_owned(), source })
}

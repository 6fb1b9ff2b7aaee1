//! The evidence bundle: a folder from which every verdict of a run can be computed again.
//!
//! # Layout
//!
//! ```text
//! bundle/
//!   run-manifest.json              the judge's other input: cases, claims, environments, normalisers,
//!                                  goldens, expectations, floors, and when and how the run was started
//!   records/ENV/SUITE/CASE.json    what each step of one case observed in one environment
//!   controls/ENV/SUITE/CASE.json   the same for the case's control
//!   blobs/SHA256                   bytes that records refer to: outputs, file contents, logs
//!   results.json                   the verdicts
//!   MANIFEST.sha256                the SHA-256 of every file above, as `sha256sum -c` reads it
//! ```
//!
//! `ENV`, `SUITE` and `CASE` are the names with every byte outside `[A-Za-z0-9._-]` replaced by `_`
//! ([`record_path`]). Names are at most 512 bytes and 16 folders deep, a bundle has at most a million
//! files and 4 GiB ([`crate::bundle_names`]). Secrets are removed before bytes are hashed, so a blob's
//! name is the hash of the bytes that are stored.
//!
//! # Example
//!
//! The case `path/greets` runs a program that prints `hello` and a newline. On the host, one file each
//! is added to `records/` and `blobs/`:
//!
//! ```text
//! records/host/path/greets.json
//!   { "case": "path/greets", "environment": "host", "outcome": "driven",
//!     "steps": [ { "index": 0, "observation": { "run": { "exit": 0,
//!       "stdout": { "sha256": "5891b5b5…", "size": 6 }, … } } } ], … }
//! blobs/5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
//!   hello
//! ```
//!
//! # Verification
//!
//! [`Bundle::rejudge`] compares every file with `MANIFEST.sha256`, computes every verdict from
//! `run-manifest.json`, `records/`, `controls/` and `blobs/`, and compares the outcome with
//! `results.json`. It finds a changed blob (its hash differs), a forged verdict (the computed one
//! differs) and a forged verdict with a recomputed manifest (likewise). It cannot find a bundle whose
//! evidence was invented as a whole: for that, sign `bundle.tar.zst`.

use crate::bundle_names::is_name;
use crate::manifest::{self, Manifest, ManifestProblem};
use crate::store::BlobStore;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use twinproof_judge::{NormaliserError, RunManifest, assemble, record_path};
use twinproof_model::Results;
use twinproof_steps::RunRecord;

/// Name of the run manifest in a bundle.
const RUN_MANIFEST: &str = "run-manifest.json";
/// Its name until November 2026.
const OLD_RUN_MANIFEST: &str = "docket.json";

/// Largest JSON file of a bundle that is read, in bytes.
const LIMIT: u64 = 1 << 30;

/// A bundle that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: String,
        /// The system's error.
        error: std::io::Error,
    },
    /// A JSON file of the bundle cannot be parsed.
    #[error("{path}: {error}")]
    Json {
        /// The file.
        path: String,
        /// The parser's error.
        error: serde_json::Error,
    },
    /// The folder is not a bundle.
    #[error("{0} is no evidence bundle: it has no {name}", name = manifest::NAME)]
    NoBundle(String),
    /// A version before the first release wrote the bundle; a file has been renamed since.
    #[error(
        "{folder}: an older Twinproof wrote this bundle ({OLD_RUN_MANIFEST} instead of \
             {RUN_MANIFEST}); judge it with that version, or run again"
    )]
    Old {
        /// The bundle.
        folder: String,
    },
    /// A normaliser of its run manifest is bad.
    #[error(transparent)]
    Normaliser(#[from] NormaliserError),
    /// Its manifest cannot be drawn up.
    #[error(transparent)]
    Manifest(#[from] ManifestProblem),
}

/// A bundle's folder.
#[derive(Clone, Debug)]
pub struct Bundle {
    folder: PathBuf,
}

/// Result of judging a bundle again.
#[derive(Clone, Debug)]
pub struct Rejudged {
    /// Number of files in the manifest.
    pub files: usize,
    /// Files that differ from the manifest.
    pub problems: Vec<ManifestProblem>,
    /// Number of verdicts that were computed again.
    pub verdicts: usize,
    /// Each verdict that differs: its case and environment, the stored one, the computed one.
    pub differences: Vec<(String, String, String)>,
    /// The results as computed now.
    pub results: Option<Results>,
}

impl Bundle {
    /// A bundle in that folder.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The bundle's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bundle's evidence.
    #[must_use]
    pub fn blobs(&self) -> BlobStore {
        BlobStore::new(&self.folder)
    }

    /// Writes the files that are not evidence, and the manifest last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn seal(
        &self,
        run_manifest: &RunManifest,
        records: &[RunRecord],
        results: &Results,
    ) -> Result<(), BundleError> {
        self.write_json(RUN_MANIFEST, run_manifest)?;
        for record in records {
            let path = record_path(&record.case, &record.environment, record.control);
            self.write_json(&path, record)?;
        }
        self.write_json("results.json", results)?;
        let manifest = Manifest::of(&self.folder)?;
        self.write(manifest::NAME, manifest.render().as_bytes())
    }

    fn write_json(&self, name: &str, value: &impl serde::Serialize) -> Result<(), BundleError> {
        let mut text = serde_json::to_vec_pretty(value)
            .map_err(|error| BundleError::Json { path: name.to_owned(), error })?;
        text.push(b'\n');
        self.write(name, &text)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.folder.join(name);
        let io = |error| BundleError::Io { path: path.display().to_string(), error };
        // The whole bundle is synced before it gets its name.
        twinproof_base::file::write_unsynced(&path, bytes).map_err(io)
    }

    fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<T, BundleError> {
        let io = |error| BundleError::Io { path: name.escape_debug().to_string(), error };
        // Names are made from those of cases in the run manifest, which is outside input.
        if !is_name(name) {
            return Err(io(std::io::Error::from(std::io::ErrorKind::InvalidFilename)));
        }
        let bytes = twinproof_base::file::read(&self.folder.join(name), LIMIT).map_err(io)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| BundleError::Json { path: name.to_owned(), error })
    }

    /// The run manifest.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn run_manifest(&self) -> Result<RunManifest, BundleError> {
        self.read_json(RUN_MANIFEST)
    }

    /// The results that were stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn results(&self) -> Result<Results, BundleError> {
        self.read_json("results.json")
    }

    /// Compares every file with the manifest and computes every verdict again from the evidence. If
    /// files were changed and the others cannot be judged, only the changes are reported.
    ///
    /// # Errors
    /// When it is no bundle, an older version wrote it, or it is unchanged and still cannot be read.
    pub fn rejudge(&self) -> Result<Rejudged, BundleError> {
        let path = self.folder.join(manifest::NAME);
        let Ok(bytes) = twinproof_base::file::read(&path, LIMIT) else {
            return Err(BundleError::NoBundle(self.folder.display().to_string()));
        };
        // A folder that has both was written by a current program; the old name then is a leftover.
        if self.folder.join(OLD_RUN_MANIFEST).is_file() && !self.folder.join(RUN_MANIFEST).exists()
        {
            return Err(BundleError::Old { folder: self.folder.display().to_string() });
        }
        let text = String::from_utf8_lossy(&bytes);
        let (files, problems) = match Manifest::parse(&text) {
            Ok(manifest) => (manifest.len(), manifest.problems(&self.folder)),
            Err(problem) => (0, vec![problem]),
        };
        let mut rejudged =
            Rejudged { files, problems, verdicts: 0, differences: Vec::new(), results: None };
        match self.recompute() {
            Ok((stored, computed)) => {
                rejudged.verdicts = computed.cases.len() + computed.controls.len();
                rejudged.differences = differences(&stored, &computed);
                rejudged.results = Some(computed);
                Ok(rejudged)
            }
            Err(_) if !rejudged.problems.is_empty() => Ok(rejudged),
            Err(error) => Err(error),
        }
    }

    fn recompute(&self) -> Result<(Results, Results), BundleError> {
        let (run_manifest, stored) = (self.run_manifest()?, self.results()?);
        let mut records = Vec::new();
        let cells = stored.cases.iter().map(|c| (&c.case, &c.environment, false));
        let controls = stored.controls.iter().map(|c| (&c.case, &c.environment, true));
        for (case, environment, control) in cells.chain(controls) {
            records.push(self.read_json(&record_path(case, environment, control))?);
        }
        let computed = assemble(&run_manifest, &records, &self.blobs())?;
        Ok((stored, computed))
    }
}

/// Every verdict, and every other part of the results, that differs.
fn differences(stored: &Results, computed: &Results) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let cell = |c: &twinproof_model::CaseResult| format!("{} in {}", c.case, c.environment);
    if stored.cases.len() != computed.cases.len() {
        let (a, b) = (stored.cases.len().to_string(), computed.cases.len().to_string());
        found.push(("number of verdicts".to_owned(), a, b));
    }
    for (a, b) in stored.cases.iter().zip(&computed.cases) {
        if a.verdict != b.verdict {
            found.push((cell(b), a.verdict.to_string(), b.verdict.to_string()));
        } else if a != b {
            found.push((cell(b), "its checks".to_owned(), "other checks".to_owned()));
        }
    }
    for (a, b) in stored.controls.iter().zip(&computed.controls) {
        if a != b {
            let name = format!("control of {} in {}", b.case, b.environment);
            found.push((name, a.verdict.to_string(), b.verdict.to_string()));
        }
    }
    // Compare everything but the verdicts: the summary, floors and expectations. They follow from
    // the verdicts, so a difference is reported only where no verdict differs.
    let mut rest = stored.clone();
    rest.cases.clone_from(&computed.cases);
    rest.controls.clone_from(&computed.controls);
    if found.is_empty() && rest != *computed {
        let code = |r: &Results| format!("exit code {}", r.summary.exit_code);
        found.push(("summary, floors or expectations".to_owned(), code(stored), code(computed)));
    }
    found
}

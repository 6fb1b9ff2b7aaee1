//! The evidence bundle: a folder from which every verdict can be computed again.
//!
//! ```text
//! bundle/
//!   docket.json       cases, claims, environments, goldens, expectations, floors
//!   records/ENV/SUITE/CASE.json    one run each; controls/… likewise
//!   blobs/abcd…       bytes by their SHA-256
//!   results.json      what the judge said
//!   MANIFEST.sha256   the SHA-256 of every file above
//! ```

use crate::bundle_names::is_name;
use crate::manifest::{self, Manifest, ManifestProblem};
use crate::store::BlobStore;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use twinproof_judge::{Docket, NormaliserError, assemble, record_path};
use twinproof_model::Results;
use twinproof_steps::RunRecord;

/// Largest JSON file of a bundle that is read.
const LIMIT: u64 = 1 << 30;

/// A bundle that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system refused.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {error}")]
    Json {
        /// Which file.
        path: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// It is no bundle.
    #[error("{0} is no evidence bundle: it has no {name}", name = manifest::NAME)]
    NoBundle(String),
    /// A normaliser of its docket is bad.
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

/// What judging a bundle again gave.
#[derive(Clone, Debug)]
pub struct Rejudged {
    /// How many files the manifest lists.
    pub files: usize,
    /// What was changed in the bundle.
    pub problems: Vec<ManifestProblem>,
    /// How many verdicts were computed again.
    pub verdicts: usize,
    /// Each verdict that differs: what, stored, computed.
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

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its evidence.
    #[must_use]
    pub fn blobs(&self) -> BlobStore {
        BlobStore::new(&self.folder)
    }

    /// Writes what is not evidence, and the manifest last.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn seal(
        &self,
        docket: &Docket,
        records: &[RunRecord],
        results: &Results,
    ) -> Result<(), BundleError> {
        self.write_json("docket.json", docket)?;
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
        // A name comes from the docket, which may be anybody's.
        if !is_name(name) {
            return Err(io(std::io::Error::from(std::io::ErrorKind::InvalidFilename)));
        }
        let bytes = twinproof_base::file::read(&self.folder.join(name), LIMIT).map_err(io)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| BundleError::Json { path: name.to_owned(), error })
    }

    /// The docket.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn docket(&self) -> Result<Docket, BundleError> {
        self.read_json("docket.json")
    }

    /// The results that were stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn results(&self) -> Result<Results, BundleError> {
        self.read_json("results.json")
    }

    /// Looks for changed bytes, and computes every verdict again from the evidence. Where bytes were
    /// changed, the verdicts are computed as far as what is left can be read.
    ///
    /// # Errors
    /// When it is no bundle, or is unchanged and still cannot be read.
    pub fn rejudge(&self) -> Result<Rejudged, BundleError> {
        let path = self.folder.join(manifest::NAME);
        let Ok(bytes) = twinproof_base::file::read(&path, LIMIT) else {
            return Err(BundleError::NoBundle(self.folder.display().to_string()));
        };
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
        let (docket, stored) = (self.docket()?, self.results()?);
        let mut records = Vec::new();
        let cells = stored.cases.iter().map(|c| (&c.case, &c.environment, false));
        let controls = stored.controls.iter().map(|c| (&c.case, &c.environment, true));
        for (case, environment, control) in cells.chain(controls) {
            records.push(self.read_json(&record_path(case, environment, control))?);
        }
        let computed = assemble(&docket, &records, &self.blobs())?;
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
    let mut rest = stored.clone();
    rest.cases.clone_from(&computed.cases);
    rest.controls.clone_from(&computed.controls);
    if found.is_empty() && rest != *computed {
        let code = |r: &Results| format!("exit code {}", r.summary.exit_code);
        found.push(("summary, floors or expectations".to_owned(), code(stored), code(computed)));
    }
    found
}

//! The engine: plans runs, drives them in environments, stores the evidence, and asks the judge.
//!
//! It decides what runs where and when, and nothing about what is right: verdicts are the judge's
//! ([`twinproof_judge`]), and what an environment is, its driver's ([`twinproof_environment`]).

mod archive;
mod bundle;
mod bundle_names;
mod client;
mod drive;
mod goldens;
mod judged;
mod manifest;
mod merge;
mod plan;
mod redact;
mod schedule;
mod select;
mod slashed;
mod store;

pub use archive::{ArchiveError, pack, unpack};
pub use bundle::{Bundle, BundleError, Rejudged};
pub use bundle_names::NameError;
pub use drive::{RunTarget, Sdks};
pub use goldens::{BlessError, BlessReport, Goldens, bless, write_pending};
pub use judged::{Judged, named};
pub use manifest::{Manifest, ManifestProblem};
pub use merge::{MergeError, merge};
pub use plan::{Cell, Plan, needs_sdk, plan, sdk_versions};
pub use redact::Redactor;
pub use schedule::{Drive, Progress, RunLimits, Stop, run};
pub use select::{Selection, SelectionError, Shard};
pub use store::{BlobStore, StoreError};

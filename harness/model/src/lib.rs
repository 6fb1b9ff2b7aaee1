//! The words of Twinproof as plain types: claims, environments, evidence, verdicts, expectations and
//! results. Cases and steps build on them, in the crate `twinproof-steps`.
//!
//! Nothing here reads a file, starts a program or looks at the clock. Everything is serde, so that
//! what one crate writes another can read, and a JSON Schema of each file format is generated from
//! the same types.

mod capability;
mod claim;
mod environment;
mod evidence;
mod exhibit;
pub mod exit;
mod expectation;
mod floor;
mod golden;
mod matcher;
mod pattern;
mod results;
mod rule;
mod template;
pub mod variables;
mod verdict;

pub use capability::{Capability, Requirement, RequirementError};
pub use claim::{Claim, ClaimFile, DocumentVerdict, Level};
pub use environment::{EnvironmentKind, EnvironmentName, EnvironmentNameError, Fingerprint};
pub use evidence::{BlobRef, EntryKind, LaunchFailure, Skip};
pub use exhibit::Exhibit;
pub use expectation::{Date, Expectation, ExpectationFile, Expected};
pub use floor::{Floor, FloorFile};
pub use golden::{Class, ClassFile, Normaliser, NormaliserFile};
pub use matcher::{TextMatch, TextTable, ValueMatch};
pub use pattern::glob_matches;
pub use results::{
    CaseResult, Check, ControlOutcome, Controls, EnvironmentResult, Exchange, ExpectationState,
    FloorResult, GoldenResult, NormaliserUse, Results, RunMeta, Summary, TableCell,
    built_in_suites,
};
pub use rule::Rule;
pub use template::{JsonTemplate, Piece, Template};
pub use verdict::Verdict;

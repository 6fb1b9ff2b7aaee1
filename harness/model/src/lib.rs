//! The words of Twinproof as plain types: claims, cases, steps, environments, evidence, verdicts,
//! expectations and results.
//!
//! Nothing here reads a file, starts a program or looks at the clock. Everything is serde, so that
//! what one crate writes another can read, and a JSON Schema of each file format is generated from
//! the same types (see [`schema`]).

mod capability;
mod case;
mod claim;
mod control;
mod environment;
mod evidence;
mod exchange;
mod exchange_step;
mod expectation;
mod floor;
mod golden;
mod matcher;
mod pattern;
mod results;
mod rule;
pub mod schema;
mod script;
mod server_step;
mod step;
pub mod variables;
mod verdict;

pub use capability::{Capability, Requirement, RequirementError};
pub use case::{Case, Control, StepRef};
pub use claim::{Claim, ClaimFile, DocumentVerdict, Level};
pub use control::ControlError;
pub use environment::{EnvironmentKind, EnvironmentName, EnvironmentNameError, Fingerprint};
pub use evidence::{
    BlobRef, CanarySight, EntryKind, FileEntry, Observation, ProcessObservation, RunOutcome,
    RunRecord, Skip, StepRecord,
};
pub use exchange::{
    HttpAnswer, HttpExchange, Launch, LaunchFailure, RawExchange, SeenRequest, SumdbAnswer,
};
pub use exchange_step::{Http, HttpVersion, Raw, StatusMatch};
pub use expectation::{Date, Expectation, ExpectationFile, Expected};
pub use floor::{Floor, FloorFile};
pub use golden::{Class, ClassFile, Normaliser, NormaliserFile};
pub use matcher::{TextMatch, TextTable};
pub use pattern::glob_matches;
pub use results::{
    CaseResult, Check, ControlOutcome, EnvironmentResult, ExpectationState, FloorResult,
    GoldenResult, NormaliserUse, Results, RunMeta, Summary,
};
pub use rule::Rule;
pub use script::{ScriptFailure, ScriptRun, ScriptStep};
pub use server_step::{
    AskedOf, Module, OriginDatabase, OriginStep, Requests, SubjectStep, SumdbStep,
};
pub use step::{
    Canary, EnvStep, ExitMatch, FileStep, Go, GoldenStep, Probe, ProbeKind, Process, Run, Step,
    TreeStep, ValueMatch, Write,
};
pub use verdict::Verdict;

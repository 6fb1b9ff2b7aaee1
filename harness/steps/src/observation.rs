//! Observations: what the engine records of a step, by kind.

use crate::Row;
use crate::kind::Seen;
use crate::kinds::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A type that has a variant in [`Observation`]; the list below generates it.
pub trait Recorded: Sized {
    /// The observation, where it is of this type.
    fn of(observation: &Observation) -> Option<&Self>;
}

/// Declares the observations; the one list of them.
macro_rules! observations {
    ($($(#[$doc:meta])* $variant:ident($seen:ty),)*) => {
        /// The observation of a step.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case", tag = "kind")]
        pub enum Observation {
            $($(#[$doc])* $variant($seen),)*
        }

        impl Observation {
            /// Its rows in a report, in order.
            #[must_use]
            pub fn rows(&self) -> Vec<Row<'_>> {
                match self {
                    $(Self::$variant(seen) => seen.rows(),)*
                }
            }
        }

        $(impl Recorded for $seen {
            fn of(observation: &Observation) -> Option<&Self> {
                match observation {
                    Observation::$variant(seen) => Some(seen),
                    _ => None,
                }
            }
        })*
    };
}

observations! {
    /// Something was put in place.
    Wrote(Wrote),
    /// Variables changed.
    Env(EnvChange),
    /// A program ended.
    Process(ProcessObservation),
    /// A file or a directory was looked at.
    Entries(Entries),
    /// An archive was looked into.
    Archive(ArchiveSight),
    /// Configuration files were checked.
    Lint(LintSight),
    /// A configuration file was read as WSL reads it.
    Parse(ParseSight),
    /// A binary was described.
    Inspect(InspectSight),
    /// Two binaries were compared.
    Diff(DiffSight),
    /// Something was done in a lab.
    Lab(LabSight),
    /// A trace of programs was read.
    Trace(TraceSight),
    /// A file was made on the host and put in place.
    Artifact(Artifact),
    /// The executables of a Go release were rebuilt.
    Sdk(SdkSight),
    /// The case's origin has its rules.
    Origin(OriginSight),
    /// The subject was launched.
    Subject(Launch),
    /// A request was answered.
    Http(HttpExchange),
    /// Bytes were sent, and others came.
    Raw(RawExchange),
    /// The requests made so far.
    Requests(SeenRequests),
    /// A checksum database was asked.
    Sumdb(SumdbAnswer),
    /// A pipeline between two databases was watched.
    History(HistorySight),
    /// A script was run.
    Script(ScriptRun),
    /// A canary was looked for.
    Canary(CanarySight),
    /// A question was answered.
    Probe(ProbeSight),
    /// A golden is compared by the judge, with what earlier steps saw.
    Golden(GoldenSight),
}

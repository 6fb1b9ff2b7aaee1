//! Exhibits: observations of a case that a table or a picture of the report shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An observation of a case that reports show, apart from whether it is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Exhibit {
    /// One program started another.
    Start {
        /// The name of the first.
        parent: String,
        /// The name of the other.
        child: String,
        /// The variable that the case is about, in the environment of the other: `NAME=VALUE`, or
        /// `no NAME`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        variable: Option<String>,
    },
    /// A name server that answers so was started.
    NameServer {
        /// Its address, and its answers by name.
        answers: String,
    },
    /// A program ran, in a case that has name servers.
    Ran {
        /// Its setting: GOPROXY where that is set, else its arguments.
        setting: String,
        /// The outcome, in words.
        result: String,
        /// Duration in milliseconds.
        millis: u64,
    },
    /// Queries that name servers received.
    Asked {
        /// Each question once, with ` xN` behind one that came N times.
        questions: Vec<String>,
    },
    /// Something that `config lint` finds.
    Finding {
        /// The rule.
        rule: String,
        /// `error`, `warning` or `note`.
        level: String,
        /// `FILE:LINE:COLUMN`.
        place: String,
        /// The problem.
        message: String,
        /// The effect of the problem.
        effect: String,
        /// The fix, where it is certain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fix: Option<String>,
    },
    /// A setting of Go's policy in each twin.
    Policy {
        /// The setting.
        setting: String,
        /// Its value by twin; none where the twin does not set it.
        values: BTreeMap<String, Option<String>>,
        /// Whether all values have the same effect.
        same: bool,
    },
    /// A script that a case has proved.
    Script {
        /// Its file, beside the suite's.
        file: String,
        /// Its text.
        text: String,
    },
}

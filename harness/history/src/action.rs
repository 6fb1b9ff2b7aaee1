//! What a history does, step by step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One action. Texts of statements may have `%state%`, the schema in staging where the pipeline keeps
/// its position, `%db%`, the schema of the tables at both ends, `%mark%`, the source's position at
/// the last `mark`, and `%user%`, the pipeline's user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Statements at the source, on a connection of their own.
    Source(Vec<String>),
    /// The same as the server's administrator, without a schema in use.
    Admin(Vec<String>),
    /// Statements in staging.
    Staging(Vec<String>),
    /// So many generated transactions.
    Generate(u32),
    /// Generated transactions beside what follows, until `quiet`.
    Busy,
    /// Ends `busy`.
    Quiet,
    /// Starts the pipeline.
    Start,
    /// Starts a second instance beside the first.
    Twin,
    /// Asks all instances to end, and waits.
    Stop,
    /// Ends all instances by force.
    Kill,
    /// So many times: starts the pipeline, lets it run for a time by the seed, and kills it.
    Kills(u32),
    /// Stops all instances where they are.
    Pause,
    /// Lets them go on.
    Resume,
    /// Waits until staging has what the source had, every instance has ended, or time is over.
    Settle,
    /// Waits until the pipeline waits for a row of staging that `hold` has.
    Held,
    /// Holds the rows of a query in staging: `SELECT … FOR UPDATE`.
    Hold(String),
    /// Lets them go.
    Release,
    /// Waits so many milliseconds.
    Wait(u32),
    /// Remembers the source's position.
    Mark,
    /// Kills a server and starts it again: `source` or `staging`.
    Restart(String),
    /// Changes the policy while no instance runs.
    Policy(Policy),
    /// Adds a key to the ring and makes it the one that new tokens are made with.
    Rotate,
    /// Runs a command of the pipeline: its words.
    Run(Vec<String>),
    /// Reads a token by the pipeline's own command: of a row of `table` that `at` selects in staging,
    /// in a column; and again with each of so many bits flipped.
    Unmask {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// A condition that selects one row of staging.
        at: String,
        /// The key in whose row it is read; its own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        moved: Option<String>,
        /// How many bits are flipped, one at a time.
        #[serde(default)]
        flips: u32,
    },
}

/// A change of the policy: a text that stands in it, and another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The text.
    pub from: String,
    /// The other.
    pub to: String,
}

//! The actions of a history.

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
    /// Kills a server and starts it again.
    Restart(End),
    /// Does something to the next transaction on its way from the source to the pipeline.
    Relay(Fault),
    /// Breaks the pipeline's connections to a server, and refuses new ones.
    Cut(End),
    /// Lets them through again.
    Heal(End),
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

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The source.
    Source,
    /// Staging.
    Staging,
}

impl End {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Staging => "staging",
        }
    }
}

/// A fault that the relay before the source puts into the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Every transaction since the connection began comes once more, before the next one.
    Repeat,
    /// An event of a kind that no server has is put before the rows.
    Unknown,
    /// The source says that its binlog has lost something (INCIDENT).
    Incident,
    /// One bit of the rows is changed.
    Flip,
    /// The rows end in the middle; their checksum is right.
    Shorten,
    /// The rows say that they have 2^32 columns; their checksum is right.
    Absurd,
    /// The connection breaks in the middle of the rows.
    Halve,
}

impl Fault {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Repeat => "repeat",
            Self::Unknown => "unknown",
            Self::Incident => "incident",
            Self::Flip => "flip",
            Self::Shorten => "shorten",
            Self::Absurd => "absurd",
            Self::Halve => "halve",
        }
    }
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

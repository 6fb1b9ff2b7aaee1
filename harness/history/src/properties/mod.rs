//! The fifty properties: for each, whether a recorded history has it.
//!
//! A property whose subject did not happen in a history decides
//! nothing: [`Outcome::Unseen`].

mod court;
mod crypto;
mod leaks;
mod order;
mod outcome;
mod rules;

use crate::record::Evidence;
pub use outcome::Outcome;

use court::Court;

/// The properties' titles, by number from 1.
pub const TITLES: [&str; 50] = [
    "no forbidden row is ever in staging",
    "no plain value is in any place of staging's zone, in any form",
    "keys are masked too",
    "a row that no longer passes goes, and one that passes again comes",
    "the predicate is decided as the source decides it",
    "a value that cannot be masked is not written",
    "every sensitive cell is masked",
    "a change of shape is not applied before it is decided",
    "no text of a statement crosses",
    "states and files hold no plain value",
    "randomised tokens show no equality",
    "no nonce is used twice with a key",
    "every value reads back exactly",
    "a token opens in its own place only",
    "a changed token is refused",
    "a key is not used beyond its ceiling",
    "after a rotation new tokens have the new key, and old ones still open",
    "a row that is replayed opens to the same values",
    "equal values of a domain have equal tokens, others do not",
    "no key is in any place of staging's zone",
    "at rest staging is the masked and filtered source",
    "every state of staging is one of the source's",
    "no transaction is seen in part",
    "no row goes back to an older version",
    "a row whose key changes is under its new key only",
    "delivering transactions again changes nothing",
    "a kill between rows and position loses and doubles nothing",
    "nothing is lost by a restart",
    "an instance that was replaced writes nothing",
    "nothing is lost or comes back between snapshot and stream",
    "transactions of every replication domain arrive",
    "a purged binlog stops the pipeline, loudly",
    "a row image that is not full stops the pipeline",
    "a changed rule is applied to all rows, or nothing goes on",
    "unique values change hands without harm to other rows",
    "a row that cannot be masked is not passed over in silence",
    "staging is at most two seconds behind",
    "the masked key of a row is always the same",
    "what the history is about really happened",
    "no change is passed over: one that is logged as a statement stops the pipeline",
    "only what was committed arrives",
    "snapshot and stream give equal bytes for equal cells",
    "TRUNCATE empties staging, or stops the pipeline",
    "rows that go with their parent go, once",
    "a deterministic domain shows one key",
    "staging compares tokens byte by byte",
    "verify says that staging differs where it does, and only there",
    "copies of sensitive values are masked with their origin",
    "staging changes nothing by itself",
    "what was erased at the source is nowhere",
];

/// The outcomes of some properties, by number.
#[must_use]
pub fn judge(evidence: &Evidence, properties: &[u8]) -> Vec<(u8, Outcome)> {
    let court = Court::new(evidence);
    properties.iter().map(|n| (*n, court.property(*n))).collect()
}

/// Figures of a history: the columns of the document's table that compares ways of sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Microseconds from each beat's commit at the source until it was seen in staging, sorted.
    pub latencies: Vec<u64>,
    /// Rows that were wrong in a probe: those that differ from the nearest state of the source.
    pub wrong: u64,
    /// Rows that were looked at, over all probes.
    pub rows: u64,
    /// Sensitive cells that were masked.
    pub masked: u64,
    /// Sensitive cells that were seen.
    pub sensitive: u64,
}

/// Measures a history; `filters` says whether the pipeline leaves rows out.
#[must_use]
pub fn measure(evidence: &Evidence, filters: bool) -> Measured {
    let court = Court::new(evidence);
    let mut latencies = court.latencies();
    latencies.sort_unstable();
    let (wrong, rows) = court.wrong_rows(filters);
    let (masked, sensitive, _) = court.masked_cells();
    Measured { latencies, wrong, rows, masked, sensitive }
}

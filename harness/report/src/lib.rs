//! Reports of a run: the terminal, `report.html`, `junit.xml`, `results.sarif`, `summary.md` and
//! `ledger.json`.
//!
//! Every reporter is a pure function of [`Results`](twinproof_model::Results); only the HTML page
//! may look into the evidence bundle besides, to show raw evidence. [`reconcile()`] reads each
//! report again and compares its totals with those of the results, so that no report can say
//! something else than the others. Nothing here judges: verdicts are taken as they are.

mod escape;
mod evidence;
mod exhibits;
mod failure;
mod findings;
#[cfg(test)]
mod fixture;
mod html;
mod junit;
mod ledger;
mod markdown;
mod reconcile;
mod sarif;
mod tables;
mod tally;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod words;
mod write;

pub use evidence::{Bundle, Folder};
pub use html::html;
pub use junit::junit;
pub use ledger::{Ledger, LedgerCell, LedgerClaim, LedgerEnvironment, ledger};
pub use markdown::{MARKDOWN_LIMIT, markdown};
pub use reconcile::{Mismatch, Reporter, reconcile};
pub use sarif::{fingerprint, sarif};
pub use tally::Counts;
pub use terminal::{TerminalOptions, terminal};
pub use write::{ReportError, Written, write_all};

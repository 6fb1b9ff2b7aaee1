//! Decides which rows pass. The source server evaluates the policy's own text; its answers are
//! kept, so that a distinct value is asked once.
//!
//! No other evaluator of SQL has the server's collations: `NOT IN ('VIP')` rejects `vip`, and with
//! some collations `'VIP '`, full-width letters and accents. So none is used.

mod decider;
mod text;

pub use decider::{Ask, AskError, Decider, Truth};
pub use text::{Literal, Predicate, PredicateError};

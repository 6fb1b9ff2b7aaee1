//! Histories of a masked copy between two databases: what happened at the source, what staging held
//! over time, and whether the fifty properties of such a pipeline hold.
//!
//! Everything here is pure: the workload is made from a seed, and the judgement from what was recorded.
//! It has its own implementation of predicates, tokens and the rules by which changes are applied,
//! and uses nothing of the pipeline that it judges.

mod action;
mod canary;
mod cell;
mod class;
mod generate;
mod key;
mod mask;
mod predicate;
mod properties;
mod record;
mod replay;
mod shrink;
mod siv;
mod spec;

pub use action::{Action, End, Fault, Policy};
pub use canary::{Hit, Searcher};
pub use cell::{Cell, Row};
pub use class::Mask;
pub use generate::Generator;
pub use key::Keys;
pub use mask::Misfit;
pub use predicate::Predicate;
pub use properties::{Measured, Outcome, TITLES, judge, measure};
pub use record::{
    Change, Done, Evidence, Instance, Kept, Place, PlaceKind, State, Transaction, Zone,
};
pub use shrink::shrink;
pub use spec::{Follow, Spec, TableSpec};

//! DWARF: the roots of its units and the headers of its line tables.

mod collector;
mod strings;
mod units;

pub(super) use collector::{Collector, part};

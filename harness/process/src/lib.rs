//! Runs processes on the harness's own machine with an exact environment and limits, and kills
//! everything that they started when they end.
//!
//! This crate does not use environments: the host driver starts cases' programs with it, the
//! drivers for WSL and Windows their relays, and the engine of cmd/go's scripts its programs.

mod escaped;
mod live;
mod lookup;
mod network;
mod parent;
mod registry;
mod run;

pub use escaped::kill_escaped;
pub use live::{Launch, Live};
pub use lookup::lookup;
pub use network::{isolation, loopback_only};
pub use registry::kill_all;
pub use run::{Ended, Grace, Start, Stdin, Variables, run};

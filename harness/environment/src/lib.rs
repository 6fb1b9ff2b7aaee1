//! Environments: where cases run, each a driver behind one small pair of traits.
//!
//! A driver uses no suites, cases or verdicts. It starts programs in exactly the environment it is
//! given, puts files in place, and lists files. Where it cannot do something it returns a typed
//! error, never an empty answer.

mod absent;
mod candidates;
pub mod container;
mod detect;
mod driver;
mod facts;
mod files;
pub mod handshake;
pub mod host;
mod label;
mod measured;
mod probe;
mod sdk;
mod stop;
pub mod windows;
pub mod wsl;

pub use absent::Absent;
pub use candidates::{Candidates, Look};
pub use detect::{Config, Progress, WINE_ROOT};
pub use driver::{
    Contents, Detection, Environment, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits,
    TreeEntry,
};
pub use facts::Facts;
pub use sdk::Sdk;
pub use stop::kill_all;

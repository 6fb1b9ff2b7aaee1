//! Runs a pipeline between two databases of its own: a workload, faults, and everything that was
//! seen of it. It concludes nothing.

mod broker;
mod error;
mod kept;
mod policy;
mod pool;
mod process;
mod reader;
mod relay;
mod run;
mod server;
mod topics;
mod watch;

pub use broker::{Broker, KAFKA, Kafka};
pub use error::Error;
pub use pool::{Pair, Pool};
pub use run::{Plan, Surroundings, record};
pub use server::{Flavour, Program, Server};

//! The pipeline: what `twinproof sync` does.

mod closing;
mod engine;
mod examine;
mod fit;
mod halt;
mod lock;
mod metrics;
mod past;
mod preview;
mod repair;
mod run;
mod setting;
mod snapshot;
mod staged;
mod stop;
mod ties;
mod unmask;
mod verify;

pub use crate::sink::Finding;
pub use engine::{Engine, Prepared, Tie};
pub use examine::{Examined, examine};
pub use halt::Halt;
pub use metrics::{Health, Metrics};
pub use preview::{Preview, preview};
pub use run::{Options, resnapshot, run};
pub use setting::Setting;
pub use stop::Stop;
pub use unmask::{Request, Unmasked, unmask};
pub use verify::{Difference, Verified, VerifyOptions, verify};

//! From rows of the source to changes of staging, without any connection.

mod net;
mod plan;
mod transition;

pub use net::{Came, Conflict, Effect, Net};
pub use plan::{Masked, MaskedKey, PlanColumn, TablePlan, Unmasked};
pub use transition::{Change, change};

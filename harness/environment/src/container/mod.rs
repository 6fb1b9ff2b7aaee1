//! Containers as environments: `image:<name>`, and Windows programs under Wine.
//!
//! One long-lived container an environment. How containers are kept, and cleaned up on every way
//! out, is the business of `twinproof-container`; this adapts it to the traits.

mod environment;
mod flavour;
mod sandbox;
mod warm;

pub use environment::{Contained, ContainerConfig};

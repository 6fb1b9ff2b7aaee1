//! Containers as environments: `image:<name>`, and Windows programs under Wine.
//!
//! Each environment is one long-lived container. `twinproof-container` starts and cleans up containers;
//! this module adapts it to the traits of drivers.

mod environment;
mod flavour;
mod gathered;
mod sandbox;
mod warm;

pub use environment::{Contained, ContainerConfig};

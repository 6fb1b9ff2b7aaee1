//! Measures an environment and shakes hands with it, as most drivers do.

use crate::driver::{Environment, EnvironmentError};
use crate::facts::Probed;
use crate::handshake;
use crate::probe;
use twinproof_model::Capability;

/// The network in which programs of an environment reach servers on 127.0.0.1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// In the harness's own network.
    Shared,
    /// In one of which it is tried out whether it is the harness's.
    Unknown,
}

/// Measures an environment with the newest of its SDKs, and shakes hands with it.
///
/// # Errors
/// When the driver fails, an SDK does not run, or the handshake fails.
pub(crate) fn measured(
    environment: &dyn Environment,
    network: Network,
) -> Result<(Probed, Vec<String>), EnvironmentError> {
    let goroot = environment.facts().sdks.any();
    // Facts are measured by programs that run as those of cases do, not by asking this process.
    let sandbox = environment.open("probe")?;
    let mut probed = probe::measure(environment, sandbox.as_ref(), goroot)?;
    let loopback = match (network, goroot) {
        (Network::Shared, _) => true,
        (Network::Unknown, None) => false,
        (Network::Unknown, Some(goroot)) => probe::loopback(environment, sandbox.as_ref(), goroot)?,
    };
    if loopback {
        probed.capabilities.insert(Capability::Loopback);
    }
    let handshake = handshake::shake(environment, sandbox.as_ref(), goroot)?;
    Ok((probed, handshake))
}

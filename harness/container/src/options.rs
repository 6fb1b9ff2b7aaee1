//! Options for starting a container: network, mounts, limits.

use std::path::PathBuf;

/// A read-only bind mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path on the host that the engine runs on.
    pub host: PathBuf,
    /// Absolute path in the container, `/sdk/go1.27.3`. For `wine`, use
    /// [`crate::wine::to_unix`] to get it from a Windows path: an SDK must lie under drive C:.
    pub container: String,
}

/// The network of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// Only the container's own loopback.
    #[default]
    None,
    /// The host's network: for programs that need a registry.
    Host,
    /// The engine's bridge network.
    Bridge,
}

impl Network {
    pub(crate) fn mode(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Host => "host",
            Self::Bridge => "bridge",
        }
    }
}

/// Options for starting a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOptions {
    /// Its network.
    pub network: Network,
    /// Read-only bind mounts.
    pub mounts: Vec<Mount>,
    /// Memory in bytes; `None` is the host's.
    pub memory: Option<u64>,
    /// Processes at once.
    pub pids: u32,
    /// The launcher that `wine` needs, from [`crate::wine::build_launcher`]; of no use elsewhere.
    pub launcher: Option<PathBuf>,
}

impl Default for SessionOptions {
    /// No network, no mounts, 4 GiB, 2048 processes, no launcher.
    fn default() -> Self {
        Self {
            network: Network::None,
            mounts: Vec::new(),
            memory: Some(4 << 30),
            pids: 2048,
            launcher: None,
        }
    }
}

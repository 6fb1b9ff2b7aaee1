//! Linux containers and Wine: where things are, as their programs name it.

use twinproof_container::wine;

/// The two flavours of containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flavour {
    Linux,
    Wine,
}

impl Flavour {
    /// The folder of work directories, as a native path.
    pub(super) fn work(self) -> &'static str {
        match self {
            Self::Linux => "/w",
            // Short: Windows' limit of 260 characters a path holds under Wine too.
            Self::Wine => r"C:\w",
        }
    }

    /// The root of an SDK, as a native path.
    pub(super) fn sdk(self, version: &str) -> String {
        match self {
            Self::Linux => format!("/sdk/go{version}"),
            Self::Wine => format!(r"C:\sdk\go{version}"),
        }
    }

    /// The container's path of a native one.
    pub(super) fn unix(self, native: &str) -> Option<String> {
        match self {
            Self::Linux => native.starts_with('/').then(|| native.to_owned()),
            Self::Wine => wine::to_unix(native),
        }
    }
}

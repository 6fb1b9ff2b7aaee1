//! What can go wrong with an SDK, in words a user can act on.
//!
//! That a platform is not served is an ordinary answer ([`Error::Unserved`]), not a failure of the
//! run: see [`Error::is_unavailable`].

use std::io;
use std::path::{Path, PathBuf};

use twinproof_gomod::goproxy::ProxyListError;

use crate::platform::Platform;
use crate::version::Version;

/// Why there is no SDK, or no judgement about one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No proxy of the list serves this version for this platform, and it cannot be made either.
    #[error("go{version} for {platform} is not served ({answers}){}", made.as_ref().map(|why| format!(", and cannot be made: {why}")).unwrap_or_default())]
    Unserved {
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
        /// Each server with its answer, parted by `; `.
        answers: String,
        /// Why it was not made, when that was possible at all.
        made: Option<String>,
    },
    /// There is no such version as a module.
    #[error("go{0} is not published as a module of golang.org/toolchain: that began with go1.21")]
    NoModule(Version),
    /// No answer from any origin.
    #[error("no answer from {origin}: {reason}; check the network and the GOPROXY list in force")]
    Network {
        /// The server that was asked, without user info.
        origin: String,
        /// What happened.
        reason: String,
    },
    /// GOPROXY forbids it.
    #[error("GOPROXY is off: allow a module proxy, or put the SDK in the cache on another machine")]
    ProxyOff,
    /// The list in force is not one.
    #[error("GOPROXY: {0}")]
    ProxyList(#[from] ProxyListError),
    /// What was asked of an origin is more than the limit allows.
    #[error("{what} from {origin} is larger than {limit} bytes: it is not what it should be")]
    TooLarge {
        /// What was fetched.
        what: String,
        /// The server that sent it.
        origin: String,
        /// The limit.
        limit: u64,
    },
    /// The checksum database has no record of it, or the record's proof is wrong.
    #[error("checksum database {name}: {reason}")]
    Database {
        /// The database.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The hash is not the expected one. What was found is kept as evidence and never used.
    #[error("{what} has the hash {found}, but {authority} says {expected}; it was not used and is kept as {kept}", kept = .kept.display())]
    WrongHash {
        /// What was hashed.
        what: String,
        /// Its hash.
        found: String,
        /// The right one.
        expected: String,
        /// The source of the hash.
        authority: String,
        /// Where the evidence lies.
        kept: PathBuf,
    },
    /// The toolchain zip breaks a rule.
    #[error("{zip}: {reason}", zip = .zip.display())]
    BadZip {
        /// The zip.
        zip: PathBuf,
        /// The rule.
        reason: String,
    },
    /// A file operation failed.
    #[error("{action} {path}: {source}{hint}", path = .path.display(), hint = io_hint(.source))]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A program failed.
    #[error("{program}: {reason}", program = .program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Exit status, time limit or the end of its messages.
        reason: String,
    },
    /// The recipe does not give back what it must.
    #[error("the recipe does not fit go{version}: {reason}")]
    Recipe {
        /// The version.
        version: Version,
        /// What differs.
        reason: String,
    },
    /// The directory is not an SDK, or not one that can be judged.
    #[error("{path}: {reason}", path = .path.display())]
    NotAnSdk {
        /// The directory.
        path: PathBuf,
        /// What is missing, and what to do.
        reason: String,
    },
    /// There is no place for the cache.
    #[error("no directory for the cache: set {} to one", crate::variable::CACHE_VARIABLE)]
    NoCacheDirectory,
    /// The lock file is not one.
    #[error("sdk.lock.toml: {0}")]
    Lock(String),
    /// The host is no platform that Go knows.
    #[error("this machine's platform: {0}")]
    Host(#[from] crate::platform::ParsePlatformError),
    /// The caller wants no more.
    #[error("cancelled")]
    Cancelled,
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; an SDK needs 350 MB, building one 1.5 GB: make room or set TWINPROOF_CACHE elsewhere"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; set TWINPROOF_CACHE to a directory that can be written"
        }
        _ => "",
    }
}

impl Error {
    /// The error of an operation on `path`.
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }

    /// Whether this says that something cannot be had here and now, not that something is wrong.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Unserved { .. }
                | Self::NoModule(_)
                | Self::Network { .. }
                | Self::ProxyOff
                | Self::Cancelled
        )
    }
}

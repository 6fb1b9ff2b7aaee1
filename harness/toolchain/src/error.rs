//! Errors about SDKs, in words that a user can act on.
//!
//! That a platform is not served is an ordinary answer ([`Error::Unserved`]), not a failure of the
//! run: see [`Error::is_unavailable`].

use std::io;
use std::path::{Path, PathBuf};

use twinproof_gomod::goproxy::ProxyListError;

use crate::platform::Platform;
use crate::version::Version;

/// An error in providing an SDK or in proving one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No proxy of the list serves this version for this platform, and it cannot be made either.
    #[error("go{version} for {platform} is not served ({answers}){}", made.as_ref().map(|why| format!(", and cannot be made: {why}")).unwrap_or_default())]
    Unserved {
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
        /// The servers with their answers, separated by `; `.
        answers: String,
        /// The reason why it could not be made either, where that was tried.
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
        /// The network error or the status.
        reason: String,
    },
    /// GOPROXY forbids it.
    #[error("GOPROXY is off: allow a module proxy, or put the SDK in the cache on another machine")]
    ProxyOff,
    /// The list in force is not one.
    #[error("GOPROXY: {0}")]
    ProxyList(#[from] ProxyListError),
    /// An origin's answer is larger than the limit.
    #[error("{what} from {origin} is larger than {limit} bytes: it is not what it should be")]
    TooLarge {
        /// The name of the download.
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
        /// The defect.
        reason: String,
    },
    /// The hash is not the expected one. The file or tree is kept as evidence and never used.
    #[error("{what} has the hash {found}, but {authority} says {expected}; it was not used and is kept as {kept}", kept = .kept.display())]
    WrongHash {
        /// The name of the file or tree.
        what: String,
        /// The hash found.
        found: String,
        /// The expected hash.
        expected: String,
        /// The authority for the expected hash.
        authority: String,
        /// The path at which the file or tree is kept.
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
        /// The operation, such as `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The I/O error.
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
    /// A build by the recipe does not give the released executables.
    #[error("the recipe does not fit go{version}: {reason}")]
    Recipe {
        /// The version.
        version: Version,
        /// The difference.
        reason: String,
    },
    /// The directory is not an SDK, or not one that can be proved.
    #[error("{path}: {reason}", path = .path.display())]
    NotAnSdk {
        /// The directory.
        path: PathBuf,
        /// The missing file or the defect, and the remedy.
        reason: String,
    },
    /// There is no place for the cache.
    #[error("no directory for the cache: set {} to one", crate::variable::CACHE_VARIABLE)]
    NoCacheDirectory,
    /// The lock file is not one.
    #[error("sdk.lock.toml: {0}")]
    Lock(String),
    /// Go does not support the host's platform.
    #[error("this machine's platform: {0}")]
    Host(#[from] crate::platform::ParsePlatformError),
    /// The caller has cancelled.
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

    /// Whether the SDK is only unavailable here and now, and nothing is wrong with it.
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

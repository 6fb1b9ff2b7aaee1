//! A request to a module proxy.
//!
//! | target | request |
//! | --- | --- |
//! | `/MODULE/@v/list` | [`Request::List`] |
//! | `/MODULE/@latest` | [`Request::Latest`] |
//! | `/MODULE/@v/VERSION.info` | [`Request::Info`]; the version may be a branch or a commit |
//! | `/MODULE/@v/VERSION.mod` | [`Request::Mod`]; the version is canonical |
//! | `/MODULE/@v/VERSION.zip` | [`Request::Zip`]; the version is canonical |
//! | `/sumdb/NAME/supported`, `…/latest`, `…/lookup/MODULE@VERSION`, `…/tile/H/L/N` | [`Request::Sumdb`] |
//!
//! MODULE and VERSION are in escaped form, where `!a` stands for `A` ([`crate::escape`]).
//! NAME may have slashes.
//!
//! # The target
//!
//! It is the target as it stands in the request line. Percent escapes are decoded here, once, so
//! that `/github.com/!burnt!sushi/toml/@latest` and `/github.com/%21burnt%21sushi/toml/@latest` are
//! the same request; cmd/go sends the second. Refused are
//!
//! - a target that does not begin with a slash, or has a query or a fragment: the protocol has none;
//! - a percent sign without two hexadecimal digits; an escape for a slash or a backslash;
//! - control characters and whatever is not ASCII, escaped or not;
//! - elements that are empty, `.` or `..`, escaped or not;
//! - raw capitals and other wrong spellings in MODULE and VERSION, and what their rules exclude;
//! - elements and targets that are too long to be files.
//!
//! # The way back
//!
//! [`Request::store_path`] is where cmd/go's cache has the file, below `cache/download` of
//! GOMODCACHE. It is relative, ASCII, has slashes, and no element of it can leave the folder or be
//! taken for another on a file system that folds case. [`Request::target`] is the target that cmd/go
//! would send.

mod decode;
mod error;
mod sumdb;

use std::fmt::Write as _;

use crate::escape::{escape_path, escape_version};

pub use error::{MAX_ELEMENT, MAX_TARGET, RequestError};

/// A request of the module proxy protocol. Paths and versions are as people write them, not
/// escaped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// The known versions of a module.
    List {
        /// The module path.
        module: String,
    },
    /// The newest version of a module.
    Latest {
        /// The module path.
        module: String,
    },
    /// The `.info` of a version, branch, tag or commit: canonical version and time.
    Info {
        /// The module path.
        module: String,
        /// The version, or what stands for one.
        version: String,
    },
    /// The go.mod of a version.
    Mod {
        /// The module path.
        module: String,
        /// The version, canonical.
        version: String,
    },
    /// The content of a version.
    Zip {
        /// The module path.
        module: String,
        /// The version, canonical.
        version: String,
    },
    /// Something of a checksum database.
    Sumdb {
        /// The name of the database, which may have slashes.
        name: String,
        /// `supported`, `latest`, `lookup/…` or `tile/…`, as the database serves it: still in the `!x`
        /// spelling.
        rest: String,
    },
}

impl Request {
    /// The module path, unless it is about a checksum database.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        match self {
            Self::List { module }
            | Self::Latest { module }
            | Self::Info { module, .. }
            | Self::Mod { module, .. }
            | Self::Zip { module, .. } => Some(module),
            Self::Sumdb { .. } => None,
        }
    }

    /// The version, where it names one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Info { version, .. } | Self::Mod { version, .. } | Self::Zip { version, .. } => {
                Some(version)
            }
            Self::List { .. } | Self::Latest { .. } | Self::Sumdb { .. } => None,
        }
    }

    /// The file's path below `cache/download`, with slashes, but none at either end.
    ///
    /// # Errors
    /// When it was not decoded but made from a module path or version that is not valid.
    pub fn store_path(&self) -> Result<String, RequestError> {
        let module = match self.module() {
            Some(module) => escape_path(module)?,
            None => String::new(),
        };
        let version = match self.version() {
            Some(version) => escape_version(version)?,
            None => String::new(),
        };
        Ok(match self {
            Self::List { .. } => format!("{module}/@v/list"),
            Self::Latest { .. } => format!("{module}/@latest"),
            Self::Info { .. } => format!("{module}/@v/{version}.info"),
            Self::Mod { .. } => format!("{module}/@v/{version}.mod"),
            Self::Zip { .. } => format!("{module}/@v/{version}.zip"),
            Self::Sumdb { name, rest } => format!("sumdb/{name}/{rest}"),
        })
    }

    /// The target that cmd/go sends for it, below the URL of a proxy: with a slash in front, and `!`
    /// and what else a path cannot have as percent escapes.
    ///
    /// # Errors
    /// As [`Request::store_path`].
    pub fn target(&self) -> Result<String, RequestError> {
        let path = self.store_path()?;
        let mut target = String::with_capacity(path.len() + 8);
        target.push('/');
        for byte in path.bytes() {
            // As cmd/go's `pathEscape`: each element as `url.PathEscape` has it.
            if byte.is_ascii_alphanumeric() || b"-_.~$&+=:@/".contains(&byte) {
                target.push(char::from(byte));
            } else {
                // Writing to a String does not fail.
                let _ = write!(target, "%{byte:02X}");
            }
        }
        Ok(target)
    }
}

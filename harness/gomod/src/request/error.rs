//! The reasons to refuse a request.

use crate::escape::EscapeError;

/// The longest target, in bytes as it comes.
pub const MAX_TARGET: usize = 4096;

/// The longest element of a path, in bytes as it is stored. File systems take 255; suffixes need some.
pub const MAX_ELEMENT: usize = 200;

/// The reason why a request is refused. Its text is the body of the answer to the client:
/// text/plain, one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The target is longer than [`MAX_TARGET`].
    #[error("bad request: the target is longer than {MAX_TARGET} bytes")]
    TooLong,
    /// The target does not begin with a slash.
    #[error("bad request: the target does not begin with a slash")]
    NotAPath,
    /// The target has a query.
    #[error("bad request: the module proxy protocol has no queries")]
    Query,
    /// The target has a fragment.
    #[error("bad request: the target has a fragment")]
    Fragment,
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("bad request: a percent sign is not followed by two hexadecimal digits")]
    PercentEscape,
    /// A slash or backslash is escaped, or a backslash stands as it is.
    #[error("bad request: the path has a backslash or an escaped slash")]
    HiddenSlash,
    /// A byte that no path of the protocol has.
    #[error("bad request: the path has the byte {0:#04x}")]
    Byte(u8),
    /// An element is empty.
    #[error("bad request: the path has an empty element")]
    EmptyElement,
    /// An element is `.` or `..`.
    #[error("bad request: the path has the element {0:?}")]
    DotElement(String),
    /// An element is longer than [`MAX_ELEMENT`].
    #[error("bad request: the path has an element of more than {MAX_ELEMENT} bytes")]
    LongElement,
    /// The module path or version is not spelled or formed as it must be.
    #[error("bad request: {0}")]
    Escape(#[from] EscapeError),
    /// The name of the checksum database is none.
    #[error("bad request: {0:?} is not the name of a checksum database")]
    SumdbName(String),
    /// A lookup is not `lookup/MODULE@VERSION`.
    #[error("bad request: invalid module@version syntax in {0:?}")]
    Lookup(String),
    /// A tile's path is not that of a tile.
    #[error("bad request: malformed tile path {0:?}")]
    Tile(String),
    /// A go.mod or zip is asked for by something that is not a canonical version.
    #[error("not found: {0:?} is not a canonical version, and only those have a .mod and a .zip")]
    NotCanonical(String),
    /// The path is none of the protocol's.
    #[error("not found: the module proxy protocol has no such path")]
    NoSuchPath,
}

impl RequestError {
    /// 404 for what could be asked but does not exist, 400 for the rest.
    ///
    /// cmd/go goes on to the next proxy after the first, and stops at the second.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotCanonical(_) | Self::NoSuchPath => 404,
            _ => 400,
        }
    }
}

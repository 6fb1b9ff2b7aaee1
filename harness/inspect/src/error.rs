//! Errors in describing a file.

use std::io;

/// An error in describing a file. The message does not name the file; the caller does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file begins like no format that is known here.
    #[error("is no executable, library, object or archive that is known here (it begins with {0})")]
    Unknown(String),
    /// Something that the headers name lies beyond the end of the file.
    #[error("{format}: truncated: {what} would end at byte {need}, the file ends at {len}")]
    Truncated {
        /// The format, as `file` would call it.
        format: &'static str,
        /// The missing part, such as `section .text`.
        what: String,
        /// The end of that part, in bytes from the start.
        need: u64,
        /// The size of the file (or of the slice or member), in bytes.
        len: u64,
    },
    /// The headers contradict each other or the format.
    #[error("{format}: malformed: {what}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// Description of the defect.
        what: String,
    },
    /// Reading it would take more than is allowed.
    #[error("{what}: more than the limit of {limit} {unit}")]
    Limit {
        /// The thing that exceeds the limit.
        what: String,
        /// The limit.
        limit: u64,
        /// The limit's unit.
        unit: &'static str,
    },
}

/// The result of reading.
pub(crate) type Result<T, E = InspectError> = std::result::Result<T, E>;

/// A malformed file of a format.
pub(crate) fn malformed(format: &'static str, what: impl Into<String>) -> InspectError {
    InspectError::Malformed { format, what: what.into() }
}

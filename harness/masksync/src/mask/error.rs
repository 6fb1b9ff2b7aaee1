//! Errors in masking a cell.

use crate::value::{JsonError, Undecodable};
use std::sync::Arc;

/// A cell that could not be masked. No value is in the text.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    /// A text cannot be read.
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    /// A document cannot be read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A value has no form that can be kept.
    #[error("class `{class}`: {why}; name a `fallback` or another mask")]
    Unfit {
        /// The class.
        class: Arc<str>,
        /// The reason.
        why: &'static str,
    },
    /// A key may not be used any more, or the system gives no random bytes.
    #[error("{0}")]
    Refused(String),
    /// A value is longer than the cipher takes.
    #[error("class `{0}`: a value is too long to be encrypted")]
    Long(Arc<str>),
}

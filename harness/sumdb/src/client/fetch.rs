//! The transport that the client uses.

/// The most bytes that an answer may have: a full tile of the greatest height a client takes, and
/// far more than any record. Implementations of [`Fetch`] stop reading there.
pub const MAX_RESPONSE: usize = 1 << 20;

/// Fetches from a checksum database.
///
/// The path begins with `/lookup/`, `/latest` or `/tile/`, and is escaped already but for what HTTP
/// asks for (an exclamation mark may stand as it is). The base URL, redirects, time limits and
/// retries are the implementation's affair.
pub trait Fetch: Send + Sync {
    /// The body of the answer to `GET path`, when its status is 200.
    ///
    /// # Errors
    /// For every other status, and when there was no answer.
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError>;
}

impl<F: Fetch + ?Sized> Fetch for &F {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        (**self).get(path)
    }
}

impl<F: Fetch + ?Sized> Fetch for Box<F> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        (**self).get(path)
    }
}

impl<F: Fetch + ?Sized> Fetch for std::sync::Arc<F> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        (**self).get(path)
    }
}

/// An error in fetching a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Status 404 or 410: the database does not have it.
    #[error("not found")]
    NotFound,
    /// Status 403: a proxy on the way refuses to pass it on.
    #[error("refused (status 403)")]
    Refused,
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// No answer, or one that is not HTTP or too large.
    #[error("{0}")]
    Transport(String),
}

impl FetchError {
    /// The error for an HTTP status that is not 200.
    #[must_use]
    pub fn from_status(status: u16) -> Self {
        match status {
            // cmd/go takes both for absence, and proxies use both.
            404 | 410 => Self::NotFound,
            403 => Self::Refused,
            other => Self::Status(other),
        }
    }
}

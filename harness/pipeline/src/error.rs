//! Errors in recording a history.

/// An error in recording a history.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no server to be started.
    #[error("there is no {0} on PATH")]
    NoDatabase(&'static str),
    /// There is no broker to be started.
    #[error("there is no broker of Kafka: {0}")]
    NoKafka(&'static str),
    /// The history needs another server than the one that was chosen.
    #[error("it needs another server than the one that {0} names")]
    OtherServer(&'static str),
    /// A server refused a request.
    #[error("a database: {0}")]
    Database(#[from] mysql::Error),
    /// An action of the history cannot be done.
    #[error("{action}: {cause}")]
    Action {
        /// The action.
        action: String,
        /// The cause, in words.
        cause: String,
    },
    /// A file or a process failed.
    #[error("{what}: {cause}")]
    Io {
        /// The operation that failed.
        what: &'static str,
        /// The I/O error.
        cause: std::io::Error,
    },
    /// Something else.
    #[error("{0}")]
    Broken(String),
}

impl Error {
    pub(crate) fn io(what: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |cause| Self::Io { what, cause }
    }
}

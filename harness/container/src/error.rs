//! Errors of this crate, each with its remedy.

use std::path::PathBuf;
use std::time::Duration;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No container engine answers.
    #[error(transparent)]
    Absent(#[from] crate::Absent),
    /// The image definitions are malformed.
    #[error("containers/images.toml: {0}")]
    Definition(String),
    /// There is no definition of that name.
    #[error("no image is called `{name}`; there are {known}")]
    UnknownImage {
        /// The name asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// The engine refused a request.
    #[error("the container engine failed to {doing}: {source}")]
    Engine {
        /// The action, as it follows "failed to".
        doing: String,
        /// The engine's answer.
        source: Box<testcontainers::bollard::errors::Error>,
    },
    /// testcontainers could not start a container.
    #[error("failed to start a container of {image}: {source}")]
    Start {
        /// The image.
        image: String,
        /// The reason.
        source: Box<testcontainers::TestcontainersError>,
    },
    /// An image could neither be pulled nor made.
    #[error("failed to provide the image `{name}`: pull: {pull}; make: {make}")]
    Unprovided {
        /// The image's name.
        name: String,
        /// The error of pulling it.
        pull: String,
        /// The error of making it, and the remedy.
        make: String,
    },
    /// A program that an image is made with failed.
    #[error("{program} failed ({status}): {tail}")]
    Program {
        /// Name of the program.
        program: String,
        /// Its exit status.
        status: String,
        /// The last lines that it wrote.
        tail: String,
    },
    /// A program that is needed is not there.
    #[error("{program} is not on PATH; {remedy}")]
    Missing {
        /// Name of the program.
        program: String,
        /// The command that installs it.
        remedy: String,
    },
    /// Something took longer than it may.
    #[error("{what} took longer than {limit:?}")]
    TimedOut {
        /// The action.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// [`crate::stop_all`] was called.
    #[error("the harness is being stopped")]
    Stopped,
    /// A path does not exist in the container.
    #[error("{path} does not exist in the container")]
    NotFound {
        /// The path.
        path: String,
    },
    /// The working directory of a program does not exist in the container.
    #[error("{cwd} is not a directory in the container: upload it first")]
    NoDirectory {
        /// The directory asked for.
        cwd: String,
    },
    /// The request has no form that the container or the engine would take.
    #[error("{0}")]
    Invalid(String),
    /// A snapshot is larger than its limits.
    #[error("{path} holds more than {what}")]
    TooLarge {
        /// The path.
        path: String,
        /// The limit that was passed, in words.
        what: String,
    },
    /// The container or the engine ended while a program ran in it.
    #[error("the container of {image} ended while `{program}` ran")]
    Gone {
        /// The image.
        image: String,
        /// First word of the command.
        program: String,
    },
    /// A file of the host could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// An archive from the engine could not be read.
    #[error("the archive of {path} cannot be read: {source}")]
    Archive {
        /// The path in the container.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn engine(
        doing: impl Into<String>,
    ) -> impl FnOnce(testcontainers::bollard::errors::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Engine { doing, source: Box::new(source) }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// The engine's HTTP status, where the error is an answer of the engine.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Engine { source, .. } => match **source {
                testcontainers::bollard::errors::Error::DockerResponseServerError {
                    status_code,
                    ..
                } => Some(status_code),
                _ => None,
            },
            _ => None,
        }
    }
}

//! Errors in a file of vectors. Each names the file and the place in it.

use crate::memory::WorldError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// The reason why a file of vectors cannot be checked. The invocation is wrong then, not the rules.
#[derive(Debug, Error)]
pub enum VectorsError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The path is a directory, a pipe or a device.
    #[error("{}: is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is over the limit.
    #[error("{}: has more than {limit} bytes; split it", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file is not UTF-8.
    #[error("{}:{line}: is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Line of the first bad byte, from 1.
        line: usize,
    },
    /// The file is not JSON, or not of the form of a vectors file.
    #[error("{}:{line}:{column}: {}{message}", path.display(), about(item))]
    Form {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// The vector or world that it is in, where that is known.
        item: Option<String>,
        /// What is wrong: a missing or unknown field, a wrong type, a syntax error.
        message: String,
    },
    /// The file has no vectors, so that it could not fail.
    #[error("{}: has no vectors; a check needs at least one", path.display())]
    NoVectors {
        /// The file.
        path: PathBuf,
    },
    /// There is more of something than the limit.
    #[error("{}: has {count} {what}, the limit is {limit}; split it", path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
        /// The things of which there are too many.
        what: String,
        /// The number found.
        count: usize,
        /// The number allowed.
        limit: usize,
    },
    /// The vectors take too long, as only deep trees and long paths can make them.
    #[error("{}: the first {done} vectors took {} s; split the file", path.display(), limit.as_secs())]
    TooSlow {
        /// The file.
        path: PathBuf,
        /// Vectors that were run.
        done: usize,
        /// The limit.
        limit: Duration,
    },
    /// Two vectors have one id.
    #[error("{}: the id `{id}` is used twice; ids name one vector", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// The id.
        id: String,
    },
    /// A vector names a world that the file does not have.
    #[error("{}: vector `{id}`: there is no world `{world}`; there are: {known}", path.display())]
    UnknownWorld {
        /// The file.
        path: PathBuf,
        /// The vector.
        id: String,
        /// The name it gives.
        world: String,
        /// The names there are.
        known: String,
    },
    /// A world cannot be built.
    #[error("{}: world `{world}`: {source}", path.display())]
    World {
        /// The file.
        path: PathBuf,
        /// The world.
        world: String,
        /// The path that does not fit, and why.
        source: WorldError,
    },
    /// A vector cannot be run in its world.
    #[error("{}: vector `{id}`: {source}", path.display())]
    Vector {
        /// The file.
        path: PathBuf,
        /// The vector.
        id: String,
        /// The path that does not fit, and why.
        source: WorldError,
    },
}

fn about(item: &Option<String>) -> String {
    item.as_ref().map(|item| format!("{item}: ")).unwrap_or_default()
}

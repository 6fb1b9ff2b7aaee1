//! Answers a request path, as GOSUMDB clients send it.

use crate::client::{Fetch, FetchError};
use crate::tile::{Level, Tile};
use crate::tlog::Record;
use twinproof_gomod::escape::{is_canonical_version, unescape_path, unescape_version};

/// The operations that a log must offer to be served.
pub trait ServerOps {
    /// The signed note of the log's newest tree head.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    fn signed(&self) -> Result<String, OpsError>;

    /// The texts of `count` records from number `start`.
    ///
    /// # Errors
    /// [`OpsError::NotFound`] when the log does not reach that far.
    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError>;

    /// The number of the record for a module version, which the log may add for this.
    ///
    /// # Errors
    /// [`OpsError::NotFound`] when there is no such module version.
    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError>;

    /// The bytes of a hash tile.
    ///
    /// # Errors
    /// [`OpsError::NotFound`] when the log does not reach that far.
    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError>;
}

impl<O: ServerOps + ?Sized> ServerOps for &O {
    fn signed(&self) -> Result<String, OpsError> {
        (**self).signed()
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        (**self).records(start, count)
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        (**self).lookup(module, version)
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        (**self).tile(tile)
    }
}

impl<O: ServerOps + ?Sized> ServerOps for std::sync::Arc<O> {
    fn signed(&self) -> Result<String, OpsError> {
        (**self).signed()
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        (**self).records(start, count)
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        (**self).lookup(module, version)
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        (**self).tile(tile)
    }
}

/// An error of an operation. Its text is shown to the client, except that of [`Self::Failed`] and
/// [`Self::Damaged`], which name files and are for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpsError {
    /// The log has no such record or tile.
    #[error("not found: {0}")]
    NotFound(String),
    /// The client asked for more than the log returns at once.
    #[error("too large: {0}")]
    TooLarge(String),
    /// The log failed.
    #[error("internal error: {0}")]
    Failed(String),
    /// The log's files do not have the bytes that were written: it must be repaired first.
    #[error("{0}")]
    Damaged(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The Content-Type header.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
    /// The error behind a status 500, for the operator's log.
    pub failure: Option<OpsError>,
}

const TEXT: &str = "text/plain; charset=UTF-8";
const BYTES: &str = "application/octet-stream";

/// An answer that is not one.
enum Refusal {
    Status(u16, String),
    Failure(OpsError),
}

impl From<OpsError> for Refusal {
    fn from(error: OpsError) -> Self {
        match error {
            OpsError::NotFound(_) => Self::Status(404, error.to_string()),
            OpsError::TooLarge(_) => Self::Status(400, error.to_string()),
            OpsError::Failed(_) | OpsError::Damaged(_) => Self::Failure(error),
        }
    }
}

/// The answer to `GET path`. Percent escapes must be decoded already.
#[must_use]
pub fn respond<O: ServerOps + ?Sized>(ops: &O, path: &str) -> Response {
    let answer = if let Some(query) = path.strip_prefix("/lookup/") {
        lookup(ops, query).map(|body| (TEXT, body))
    } else if path == "/latest" {
        ops.signed().map(|note| (TEXT, note.into_bytes())).map_err(Refusal::from)
    } else if path.starts_with("/tile/") {
        tile(ops, path.strip_prefix('/').unwrap_or(path))
    } else {
        Err(Refusal::Status(404, "not found".to_owned()))
    };
    match answer {
        Ok((content_type, body)) => Response { status: 200, content_type, body, failure: None },
        Err(Refusal::Status(status, message)) => {
            let body = format!("{message}\n").into_bytes();
            Response { status, content_type: TEXT, body, failure: None }
        }
        Err(Refusal::Failure(error)) => {
            let body = b"internal error\n".to_vec();
            Response { status: 500, content_type: TEXT, body, failure: Some(error) }
        }
    }
}

fn failed(why: impl ToString) -> Refusal {
    Refusal::Failure(OpsError::Failed(why.to_string()))
}

fn lookup<O: ServerOps + ?Sized>(ops: &O, query: &str) -> Result<Vec<u8>, Refusal> {
    let malformed =
        |why: String| Refusal::Status(400, format!("invalid module@version syntax: {why}"));
    let (path, version) =
        query.split_once('@').ok_or_else(|| malformed("there is no @".to_owned()))?;
    let module = unescape_path(path).map_err(|e| malformed(e.to_string()))?;
    let version = unescape_version(version).map_err(|e| malformed(e.to_string()))?;
    if !is_canonical_version(&version) {
        return Err(malformed(format!("{version:?} is not a canonical version")));
    }
    let id = ops.lookup(&module, &version)?;
    let mut texts = ops.records(id, 1)?;
    let (Some(text), true) = (texts.pop(), texts.is_empty()) else {
        return Err(failed("the log did not give one record for one number"));
    };
    let record = Record { id, text }.format().map_err(failed)?;
    Ok(format!("{record}{}", ops.signed()?).into_bytes())
}

fn tile<O: ServerOps + ?Sized>(ops: &O, path: &str) -> Result<(&'static str, Vec<u8>), Refusal> {
    let tile = Tile::parse(path).map_err(|e| Refusal::Status(400, e.to_string()))?;
    if tile.level() != Level::Data {
        return Ok((BYTES, ops.tile(tile)?));
    }
    let start = tile
        .number()
        .checked_mul(1 << tile.height())
        .ok_or_else(|| OpsError::NotFound(tile.to_string()))?;
    let texts = ops.records(start, u64::from(tile.width()))?;
    if texts.len() != tile.width() as usize {
        return Err(failed("the log did not give as many records as asked"));
    }
    Ok((TEXT, texts.into_iter().flat_map(|text| (text + "\n").into_bytes()).collect()))
}

/// Asks a log in the same process, as a client would ask a server.
#[derive(Clone, Debug)]
pub struct Local<O>(pub O);

impl<O: ServerOps + Send + Sync> Fetch for Local<O> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        match respond(&self.0, path) {
            Response { status: 200, body, .. } => Ok(body),
            Response { status, .. } => Err(FetchError::from_status(status)),
        }
    }
}

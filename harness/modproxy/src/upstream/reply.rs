//! The bytes that an upstream sends, as they come.

use bytes::{Buf as _, Bytes};
use reqwest::header::HeaderValue;
use tokio::io::AsyncReadExt as _;

use super::transport::transport;
use crate::failure::{Failure, Reason};

/// Bytes read from a folder at a time.
const CHUNK: usize = 256 << 10;

/// The body of a successful answer.
pub(crate) struct Reply {
    pub(super) source: Source,
    /// Its length, where that is known beforehand.
    pub(crate) length: Option<u64>,
    /// Whether it claims to be a web page.
    pub(crate) html: bool,
    /// The tag or date by which a later request can ask for the rest of the same file.
    pub(super) validator: Option<HeaderValue>,
    /// The upstream that sends it.
    pub(crate) from: String,
    /// Bytes at its beginning that are not wanted.
    pub(super) skip: u64,
}

pub(super) enum Source {
    Http(Box<reqwest::Response>),
    File(tokio::fs::File),
}

impl Reply {
    /// The next bytes. `None` at the end, which has come where it should.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        // A loop: what is skipped may be a whole chunk, and an empty one would look like the end.
        loop {
            let Some(mut bytes) = self.next().await? else { return Ok(None) };
            let unwanted = self.skip.min(bytes.len() as u64);
            self.skip -= unwanted;
            bytes.advance(usize::try_from(unwanted).unwrap_or(bytes.len()));
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        match &mut self.source {
            Source::Http(response) => {
                response.chunk().await.map_err(|error| transport(&self.from, &error))
            }
            Source::File(file) => {
                let mut buffer = vec![0; CHUNK];
                let n = file.read(&mut buffer).await.map_err(|error| {
                    Failure::new(Reason::Upstream, format!("{}: {error}", self.from))
                })?;
                buffer.truncate(n);
                Ok((n > 0).then(|| buffer.into()))
            }
        }
    }

    /// All bytes, of which there may be `limit`.
    pub(crate) async fn all(mut self, limit: u64) -> Result<Bytes, Failure> {
        // By the header first, then by what comes: a length may be missing or wrong.
        self.check_length(limit)?;
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if (all.len() + chunk.len()) as u64 > limit {
                return Err(too_large(&self.from, limit));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }

    /// Refuses what is too large before it comes.
    pub(crate) fn check_length(&self, limit: u64) -> Result<(), Failure> {
        if self.length.is_some_and(|length| length > limit) {
            return Err(too_large(&self.from, limit));
        }
        Ok(())
    }
}

/// The upstream sends more than is taken.
pub(crate) fn too_large(from: &str, limit: u64) -> Failure {
    Failure::new(Reason::Upstream, format!("{from} sent more than the {limit} bytes allowed"))
}

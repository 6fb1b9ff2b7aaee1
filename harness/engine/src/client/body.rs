//! Receives a body: hashes all of it, keeps the beginning.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use twinproof_base::hex;
use twinproof_gomod::dirhash::{hash_go_mod, hash_zip};

/// Largest go.mod file that is hashed.
const GO_MOD: u64 = 16 << 20;
/// The first bytes of every zip.
// The initials that every signature of the format begins with, that of an empty archive too.
const ZIP: &[u8] = b"PK";

/// A body that is being received.
pub struct Body {
    hasher: Sha256,
    size: u64,
    keep: usize,
    kept: Vec<u8>,
    spool: Option<(tempfile::NamedTempFile, Option<io::Error>)>,
}

/// A body that was received.
pub struct Received {
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of all of it.
    pub sha256: String,
    /// Its `h1:` hash, or why it has none; `None` where the step does not need one.
    pub h1: Option<Result<String, String>>,
    /// Its first bytes.
    pub kept: Vec<u8>,
}

impl Body {
    /// Keeps at most that many bytes; `h1` says whether all of it goes to a temporary file, to be
    /// hashed as a module is.
    pub fn new(keep: u64, h1: bool) -> io::Result<Self> {
        let spool = if h1 { Some((tempfile::NamedTempFile::new()?, None)) } else { None };
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        Ok(Self { hasher: Sha256::new(), size: 0, keep, kept: Vec::new(), spool })
    }

    /// Takes the next bytes of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        let room = self.keep.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        if let Some((file, error @ None)) = &mut self.spool {
            // The first error is kept and nothing more is written: a full disk fails the hash, not
            // the request.
            *error = file.write_all(bytes).err();
        }
    }

    /// All of it came.
    pub fn end(self) -> Received {
        let h1 = self.spool.map(|(file, error)| match error {
            Some(error) => Err(format!("it cannot be kept to be hashed: {error}")),
            None => hash(&file, self.size),
        });
        let sha256 = hex::encode(&self.hasher.finalize());
        Received { size: self.size, sha256, h1, kept: self.kept }
    }
}

fn hash(file: &tempfile::NamedTempFile, size: u64) -> Result<String, String> {
    let mut start = [0; 2];
    let mut reader = File::open(file.path()).map_err(|e| e.to_string())?;
    let zip = size >= 2 && reader.read_exact(&mut start).is_ok() && start == ZIP;
    if zip {
        return hash_zip(file.path()).map(|h1| h1.to_string()).map_err(|e| e.to_string());
    }
    if size > GO_MOD {
        return Err("it is no zip, and too large for a go.mod file".to_owned());
    }
    let text = std::fs::read(file.path()).map_err(|e| e.to_string())?;
    Ok(hash_go_mod(&text).to_string())
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn body_beyond_the_limit_is_still_hashed() {
        let mut body = Body::new(3, true).unwrap();
        body.push(b"module ");
        body.push(b"a\n");
        let received = body.end();
        assert_eq!((received.size, received.kept.as_slice()), (9, b"mod".as_slice()));
        let whole = twinproof_gomod::dirhash::hash_go_mod(b"module a\n").to_string();
        assert_eq!(received.h1, Some(Ok(whole)));
        assert_eq!(received.sha256.len(), 64);
    }

    #[test]
    fn a_broken_zip_has_no_hash() {
        let mut body = Body::new(0, true).unwrap();
        body.push(b"PK\x03\x04 and nothing more");
        assert!(body.end().h1.unwrap().is_err());
    }
}

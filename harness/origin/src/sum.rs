//! The `h1:` hash over files with any names, those included that a module cannot have.

use sha2::{Digest, Sha256};
use twinproof_gomod::dirhash::H1;

use crate::content::Content;

/// Names and contents of files.
pub(crate) type Files = Vec<(Vec<u8>, Vec<u8>)>;

/// The SHA-256 of a content.
pub(crate) fn sha256(content: &Content) -> [u8; 32] {
    let mut hash = Sha256::new();
    content.for_each(|run| hash.update(run));
    hash.finalize().into()
}

/// The `h1:` hash of files.
pub(crate) fn sum_of(files: &[(Vec<u8>, Vec<u8>)]) -> H1 {
    sum_of_hashes(hashes(files))
}

/// Names with the hashes of their contents.
pub(crate) fn hashes(files: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, [u8; 32])> {
    files.iter().map(|(name, data)| (name.clone(), Sha256::digest(data).into())).collect()
}

/// The `h1:` hash of files of which the names and the contents' hashes are known.
pub(crate) fn sum_of_hashes(mut files: Vec<(Vec<u8>, [u8; 32])>) -> H1 {
    files.sort();
    let mut summary = Sha256::new();
    for (name, hash) in files {
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        summary.update(digits);
        // Two blanks, as sha256sum prints: the format of golang.org/x/mod/sumdb/dirhash.
        summary.update("  ");
        summary.update(name);
        summary.update("\n");
    }
    H1(summary.finalize().into())
}

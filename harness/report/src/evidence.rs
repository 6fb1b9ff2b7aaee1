//! The evidence bundle as a reporter sees it: files by their path within it, read up to a limit.
//! Nothing here decides anything; a report is complete without it, only less convenient.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use twinproof_model::BlobRef;

/// A source of raw evidence.
pub trait Bundle {
    /// At most `limit` bytes from the start of the file at `path` (relative, with `/`); nothing when
    /// it cannot be read.
    fn read(&self, path: &str, limit: u64) -> Option<Vec<u8>>;

    /// Path within the bundle of the bytes of a blob, with `/`.
    fn blob_path(&self, blob: &BlobRef) -> String {
        format!("blobs/{}", blob.sha256)
    }
}

/// A bundle that is a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The bundle at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Bundle for Folder {
    fn read(&self, path: &str, limit: u64) -> Option<Vec<u8>> {
        // The path comes from results.json, which may come from elsewhere.
        if !is_within(path) {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(self.root.join(path)).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// Whether a path from a results file stays inside the bundle.
pub fn is_within(path: &str) -> bool {
    !path.is_empty()
        // Windows takes all three for something else than a name: a separator, a drive or stream,
        // the end of the string.
        && !path.contains(['\\', ':', '\0'])
        && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("records/host/path/x.json", true)]
    #[case("../secret", false)]
    #[case("records/../../secret", false)]
    #[case("/etc/hostname", false)]
    #[case("C:\\x", false)]
    #[case("", false)]
    fn paths_stay_inside(#[case] path: &str, #[case] want: bool) {
        assert_eq!(is_within(path), want);
    }

    #[test]
    fn a_folder_is_read_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("blobs")).unwrap();
        std::fs::write(dir.path().join("blobs/ab"), b"0123456789").unwrap();
        let folder = Folder::new(dir.path());
        let blob = BlobRef { sha256: "ab".into(), size: 10 };
        assert_eq!(folder.read(&folder.blob_path(&blob), 4).unwrap(), b"0123");
        assert_eq!(folder.read("blobs/cd", 4), None);
        assert_eq!(folder.read("blobs/../blobs/ab", 4), None);
    }
}

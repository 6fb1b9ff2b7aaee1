//! A folder of a test.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use twinproof_origin::Identity;

/// Files that are gone with the test.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        name.split('/').fold(self.path().to_path_buf(), |path, element| path.join(element))
    }

    /// The path of a file or folder, as an argument.
    pub fn name(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.at(name), text).unwrap();
        self.name(name)
    }

    /// The files of a certificate and its key.
    pub fn identity(&self, name: &str, identity: &Identity) -> (String, String) {
        let cert = self.write(&format!("{name}.pem"), &identity.certificate_pem);
        (cert, self.write(&format!("{name}.key"), &identity.key_pem))
    }
}

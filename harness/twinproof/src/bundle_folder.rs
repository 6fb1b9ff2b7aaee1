//! The folder that a run writes its bundle into: complete under its name, or not there.

use crate::exit::Failure;
use std::fs::File;
use std::path::{Path, PathBuf};
use twinproof_base::file::{self, Pending};

const PREFIX: &str = ".bundle-";

/// A bundle in the making.
pub struct BundleFolder {
    out: PathBuf,
    building: tempfile::TempDir,
    _lock: File,
}

impl BundleFolder {
    /// Takes the output folder for this run, and removes files that a killed run left in it.
    ///
    /// # Errors
    /// When the folder cannot be written, or another run writes to it.
    pub fn begin(out: &Path) -> Result<Self, Failure> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Failure::Invalid(format!("{}: {what}: {error}", out.display()))
        };
        std::fs::create_dir_all(out).map_err(|e| failed("cannot make it", &e))?;
        let lock = File::create(out.join(".lock")).map_err(|e| failed("cannot write in it", &e))?;
        // Two runs into one folder would mix their evidence.
        lock.try_lock().map_err(|e| failed("another run writes here; give another --out", &e))?;
        for entry in std::fs::read_dir(out).map_err(|e| failed("cannot read it", &e))?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                std::fs::remove_dir_all(entry.path())
                    .map_err(|e| failed("cannot remove what a killed run left", &e))?;
            }
        }
        let building = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(out)
            .map_err(|e| failed("cannot write in it", &e))?;
        Ok(Self { out: out.to_owned(), building, _lock: lock })
    }

    /// The folder to write the bundle's files into.
    pub fn path(&self) -> &Path {
        self.building.path()
    }

    /// Gives the bundle its name, and packs it beside.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn publish(self) -> Result<PathBuf, Failure> {
        let archive = self.out.join("bundle.tar.zst");
        let mut packed = Pending::new(&archive).map_err(Failure::broken)?;
        let writer = std::io::BufWriter::new(packed.file());
        twinproof_engine::pack(self.building.path(), writer).map_err(Failure::broken)?;
        let to = self.out.join("bundle");
        if to.exists() {
            let old = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(&self.out)
                .map_err(Failure::broken)?;
            std::fs::rename(&to, old.path().join("old")).map_err(Failure::broken)?;
        }
        // The folder first, the archive after it: where the archive exists, so does the folder it
        // was made of.
        file::publish(&self.building.keep(), &to).map_err(Failure::broken)?;
        packed.commit().map_err(Failure::broken)?;
        #[cfg(unix)]
        {
            // Temporary folders are for their owner alone; evidence is for everybody.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(&to, mode).map_err(Failure::broken)?;
        }
        Ok(to)
    }
}

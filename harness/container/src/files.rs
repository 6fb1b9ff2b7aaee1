//! Files into and out of a container, over the engine's archive interface: no bind mounts of work
//! directories, and no program in the container.

use bytes::Bytes;
use futures_util::StreamExt;
use testcontainers::bollard::body_full;
use testcontainers::bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder,
};

use crate::archive::{ArchiveEntry, DownloadLimits, begins_with_dir, pack, unpack};
use crate::runtime::block_on;
use crate::{Error, Exec, Session};

impl Session {
    /// Writes entries under `dir`, which is made if it is missing, as root's. What exists is
    /// overwritten; a directory listed gets its mode, one not listed and missing is made.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a path that is not below `dir`, [`Error::Engine`].
    pub fn upload(&self, dir: &str, entries: &[ArchiveEntry]) -> Result<(), Error> {
        absolute(dir)?;
        let archive = pack(dir, entries)?;
        let options = UploadToContainerOptionsBuilder::new().path("/").build();
        let body = body_full(Bytes::from(archive));
        block_on(self.engine.docker.upload_to_container(&self.id, Some(options), body))?
            .map_err(Error::engine(format!("upload to {dir}")))
    }

    /// Reads a file, a link, or a directory with everything below it, sorted by path; the first
    /// entry's path is empty and stands for `path` itself. Links are not followed. What is deeper
    /// than `limits.depth` is not listed; but for a depth of 0 the engine sends it all the same, and
    /// what it sends is bounded by the other limits.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::TooLarge`], [`Error::Archive`], [`Error::Engine`].
    pub fn snapshot(&self, path: &str, limits: DownloadLimits) -> Result<Vec<ArchiveEntry>, Error> {
        absolute(path)?;
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let most = limits.archive_bytes();
        let bytes = block_on(async {
            let mut stream =
                Box::pin(self.engine.docker.download_from_container(&self.id, Some(options)));
            let mut bytes: Vec<u8> = Vec::new();
            while let Some(chunk) = stream.next().await {
                bytes.extend_from_slice(&chunk.map_err(Error::engine(format!("read {path}")))?);
                // Of a directory's own entry only the first header is needed; the engine would send
                // gigabytes otherwise.
                if limits.depth == 0 && begins_with_dir(&bytes) {
                    break;
                }
                if bytes.len() > most {
                    let what = format!("{} bytes", limits.bytes);
                    return Err(Error::TooLarge { path: path.into(), what });
                }
            }
            Ok(bytes)
        })?;
        match bytes {
            Ok(bytes) => unpack(path, &bytes, limits),
            Err(error) if error.status() == Some(404) => Err(Error::NotFound { path: path.into() }),
            Err(error) => Err(error),
        }
    }

    /// Removes files, and directories with everything below them; that one is missing is fine.
    ///
    /// # Errors
    /// [`Error::Invalid`] when something could not be removed, with `rm`'s words.
    pub fn remove(&self, paths: &[String]) -> Result<(), Error> {
        paths.iter().try_for_each(|path| absolute(path))?;
        let rm = ["/bin/rm", "-rf", "--"].into_iter();
        let done = self.exec_unix(&Exec::new(rm.chain(paths.iter().map(String::as_str))))?;
        if done.exit == Some(0) {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        Err(Error::Invalid(format!("{} was not removed: {why}", paths.join(" or "))))
    }
}

fn absolute(path: &str) -> Result<(), Error> {
    if path.starts_with('/') && !path.contains('\0') && !path.split('/').any(|part| part == "..") {
        return Ok(());
    }
    Err(Error::Invalid(format!("`{path}` is not an absolute path without `..`")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/", true)]
    #[case("/a/b..c", true)]
    #[case("a", false)]
    #[case("", false)]
    #[case("/a/../b", false)]
    #[case("/a\0", false)]
    fn paths_in_containers_are_absolute(#[case] path: &str, #[case] good: bool) {
        assert_eq!(absolute(path).is_ok(), good);
    }
}

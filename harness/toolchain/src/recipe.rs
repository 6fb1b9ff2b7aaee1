//! The build settings of Go's releases, by which a verified SDK can be turned into that of another
//! platform.
//!
//! Release builds are reproducible: the same sources, compiler and flags give the same bytes on
//! every host. The flags are those of `cmd/dist` (`-gcflags=cmd/...=-dwarf=false -ldflags=-w`,
//! `-trimpath`, CGO_ENABLED=0). One thing changed between the versions: up to Go 1.22 the commands
//! were built outside module mode, which leaves a `DefaultGODEBUG` in their build information and
//! different bytes. Whether that is so is read off a shipped executable, not off the version.
//!
//! This module builds into a given directory; `make` assembles the SDK.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::platform::Platform;
use crate::probe::build_info;
use crate::progress::{Phase, Progress};
use crate::run::Run;
use crate::version::Version;
use twinproof_base::go_env;

/// Time limit of a build.
const LIMIT: Duration = Duration::from_secs(1800);

/// The settings and flags with which the executables of a release are built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Variables beside GOOS, GOARCH, GOROOT, GOTOOLCHAIN=local and places for temporary files.
    pub env: Vec<(String, String)>,
    /// The arguments between `go` and the packages.
    pub args: Vec<String>,
    /// The packages, in `GOROOT/src/cmd`.
    pub packages: Vec<String>,
}

/// A verified SDK to build with, and from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) goroot: &'a Path,
    pub(crate) version: Version,
    pub(crate) platform: Platform,
}

impl Source<'_> {
    /// The path of its executable `name`, such as `go` or `compile`.
    pub(crate) fn executable(&self, name: &str) -> std::path::PathBuf {
        self.goroot.join(executable_name(name, self.platform))
    }
}

/// The path of the executable `name` in a GOROOT, with slashes.
pub(crate) fn executable_name(name: &str, platform: Platform) -> String {
    let exe = platform.exe();
    match name {
        "go" | "gofmt" => format!("bin/{name}{exe}"),
        tool => format!("pkg/tool/{}/{tool}{exe}", platform.tool_dir()),
    }
}

impl Recipe {
    /// The recipe of the release that `source` is.
    pub(crate) fn of(source: Source<'_>) -> Result<Self, Error> {
        let tools = source.goroot.join("pkg").join("tool").join(source.platform.tool_dir());
        let mut packages = vec!["cmd/go".to_owned(), "cmd/gofmt".to_owned()];
        for entry in fs::read_dir(&tools).map_err(Error::io("read", &tools))? {
            let name = entry.map_err(Error::io("read", &tools))?.file_name();
            let name = name.to_string_lossy();
            packages
                .push(format!("cmd/{}", name.strip_suffix(source.platform.exe()).unwrap_or(&name)));
        }
        packages.sort();
        let go = source.executable("go");
        // Only a build outside module mode records this setting; see the module's documentation.
        let outside_modules =
            build_info(&go, &go)?.iter().any(|line| line.starts_with("build\tDefaultGODEBUG="));
        // Releases are built without cgo where they are cross-compiled.
        let mut env = vec![("CGO_ENABLED".to_owned(), "0".to_owned())];
        if outside_modules {
            env.push(("GO111MODULE".to_owned(), "off".to_owned()));
        }
        let args = ["build", "-trimpath", "-gcflags=cmd/...=-dwarf=false", "-ldflags=-w"];
        Ok(Self { env, args: args.map(str::to_owned).to_vec(), packages })
    }

    /// The names of the executables, without suffix.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().filter_map(|package| package.strip_prefix("cmd/"))
    }

    /// Builds the executables `names` for `target` into `out`; `work` is for temporary files, and a
    /// second build with the same `work` is faster.
    pub(crate) fn build(
        &self,
        source: Source<'_>,
        target: Platform,
        names: &[&str],
        out: &Path,
        work: &Path,
        progress: &mut dyn Progress,
    ) -> Result<(), Error> {
        let place = |name: &str| {
            let path = work.join(name);
            fs::create_dir_all(&path).map_err(Error::io("create", &path)).map(|()| path)
        };
        let out = place_dir(out)?;
        let mut env: Vec<(&'static str, OsString)> =
            go_env::HERMETIC.map(|(name, value)| (name, value.into())).into();
        env.extend([
            ("GOOS", target.os().into()),
            ("GOARCH", target.arch().into()),
            ("GOROOT", source.goroot.into()),
            // The sources are complete, with their vendored modules: a build that wants the network
            // is wrong.
            ("GOPROXY", "off".into()),
            ("GOCACHE", place("cache")?.into()),
            ("GOPATH", place("path")?.into()),
            ("GOTMPDIR", place("tmp")?.into()),
            // `go` keeps telemetry and the `GOENV` file below these; the user's must have no influence.
            ("XDG_CONFIG_HOME", place("config")?.into()),
            ("APPDATA", place("config")?.into()),
        ]);
        for (name, value) in &self.env {
            match name.as_str() {
                "CGO_ENABLED" => env.push(("CGO_ENABLED", value.into())),
                _ => env.push(("GO111MODULE", value.into())),
            }
        }
        let mut args: Vec<OsString> = self.args.iter().map(Into::into).collect();
        args.extend(["-o".into(), out.into_os_string()]);
        args.extend(names.iter().map(|name| OsString::from(format!("cmd/{name}"))));
        let (go, cwd) = (source.executable("go"), source.goroot.join("src").join("cmd"));
        let what =
            format!("{} executables of {} for {target}", names.len(), source.version.go_name());
        let run = Run { program: &go, args, cwd: &cwd, env, limit: LIMIT };
        run.run(|so_far| {
            progress.report(Phase::Build, &what, so_far.as_secs(), None);
            !progress.cancelled()
        })?;
        Ok(())
    }
}

/// The directory `path`, created, with the separator at its end that makes `go build -o` see one.
fn place_dir(path: &Path) -> Result<std::path::PathBuf, Error> {
    fs::create_dir_all(path).map_err(Error::io("create", path))?;
    Ok(path.join(""))
}

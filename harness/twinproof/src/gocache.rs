//! Build caches that cases share, so that none of them compiles the standard library first.
//!
//! There are two folders in the per-user cache. `golibrary` has compiled packages of the standard
//! library and nothing else, so that it stays small: the cache of every container begins as a copy
//! of it. `gocache` is the cache of the cases that run on this machine. It begins with the same
//! packages, and grows with the packages that cases compile.

use crate::board::Board;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use twinproof_environment::Sdk;
use twinproof_steps::{Case, Step};
use twinproof_toolchain::{Cache, Platform};

/// The packages that most cases build with.
const PROGRAMS: &str = "embed fmt os";
/// The packages of a program that only prints.
const RUNTIME: &str = "runtime";
/// The packages of a test's program.
const TESTS: &str = "testing/internal/testdeps";

/// The two folders.
#[derive(Clone, Debug)]
pub struct Caches {
    /// Compiled packages of the standard library alone.
    pub library: PathBuf,
    /// The cache of this machine's cases.
    pub cases: PathBuf,
}

impl Caches {
    /// The caches in the per-user cache.
    ///
    /// # Errors
    /// When there is no such cache.
    pub fn of_user() -> Result<Self, twinproof_toolchain::Error> {
        let cache = Cache::of_user()?;
        Ok(Self { library: cache.root().join("golibrary"), cases: cache.root().join("gocache") })
    }
}

/// A part of the standard library, compiled by one SDK for one port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    version: String,
    goos: String,
    goarch: String,
    /// Whether with `-trimpath`, which makes other packages of it.
    trimmed: bool,
    packages: &'static str,
}

impl Part {
    fn new(version: &str, goos: &str, goarch: &str, trimmed: bool, packages: &'static str) -> Self {
        let (version, goos, goarch) = (version.to_owned(), goos.to_owned(), goarch.to_owned());
        Self { version, goos, goarch, trimmed, packages }
    }

    /// The file that marks the part as compiled in a cache.
    fn mark(&self) -> String {
        let Self { version, goos, goarch, trimmed, packages } = self;
        let packages = packages.replace(['/', ' '], "-");
        format!("has-{version}-{goos}-{goarch}-{trimmed}-{packages}")
    }

    /// Compiles it into a cache; whether that succeeded.
    fn compile(&self, goroot: &Path, exe: &str, cache: &Path) -> io::Result<bool> {
        let home = tempfile::tempdir()?;
        let home = home.path();
        let status = Command::new(goroot.join("bin").join(format!("go{exe}")))
            .args(["build", &format!("-trimpath={}", self.trimmed)])
            .args(self.packages.split(' '))
            .current_dir(home)
            .env_clear()
            .envs(std::env::vars_os().filter(|(k, _)| kept(&k.to_string_lossy())))
            .envs(["HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA"].map(|name| (name, home)))
            .env("GOCACHE", cache)
            .envs(twinproof_base::go_env::HERMETIC)
            .env("GOPROXY", "off")
            .env("CGO_ENABLED", "0")
            .env("GOOS", &self.goos)
            .env("GOARCH", &self.goarch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        Ok(status.success())
    }
}

/// Packages that cases in containers build for ports that they name: without a warm cache each
/// container would compile them.
#[must_use]
pub fn built_in_containers(cases: &[Case], subject: &str) -> BTreeSet<Part> {
    let contained = |case: &&Case| {
        case.environments.iter().any(|name| name == "wine" || name.starts_with("image"))
    };
    let mut parts = BTreeSet::new();
    for case in cases.iter().filter(contained) {
        let version = case.sdk.as_deref().unwrap_or(subject);
        for step in &case.step {
            let Step::Go(go) = step else { continue };
            let port = |name: &str| go.env.get(name).filter(|text| !text.has_variables());
            let Some((goos, goarch)) = port("GOOS").zip(port("GOARCH")) else { continue };
            let has = |word: &str| go.args.iter().any(|arg| arg.as_str() == word);
            // `go build -a` compiles everything anew in the container: a warm cache is of no use.
            let packages = match go.args.first().map(|verb| verb.as_str()) {
                Some("build") if !has("-a") => RUNTIME,
                Some("test") => TESTS,
                _ => continue,
            };
            let (goos, goarch) = (goos.as_str(), goarch.as_str());
            parts.insert(Part::new(version, goos, goarch, has("-trimpath"), packages));
        }
    }
    parts
}

/// Compiles what cases need of the standard library with every SDK of this machine, once for each SDK: for
/// this system, for the other one as those build that cross, where there is Wine for Windows in every way,
/// and the parts that are `asked` for. What fails to compile is left to the cases, which say why.
///
/// # Errors
/// When a folder cannot be written.
pub fn warm(
    caches: &Caches,
    sdks: &[Sdk],
    host: Platform,
    subject: &str,
    wine: bool,
    asked: &BTreeSet<Part>,
    board: &Board,
) -> io::Result<()> {
    fs::create_dir_all(&caches.library)?;
    fs::create_dir_all(&caches.cases)?;
    for sdk in sdks.iter().filter(|s| s.os == host.os() && s.arch == host.arch()) {
        let mut parts = BTreeSet::new();
        for goos in ["linux", "windows"] {
            let whole = goos == host.os() || (wine && goos == "windows");
            // Cases that cross are about the subject.
            let ways: &[bool] = match whole {
                true => &[false, true],
                false if sdk.version == subject => &[true],
                false => &[],
            };
            let part = |trim: &bool| Part::new(&sdk.version, goos, host.arch(), *trim, PROGRAMS);
            parts.extend(ways.iter().map(part));
        }
        parts.extend(asked.iter().filter(|part| part.version == sdk.version).cloned());
        for part in parts {
            let mark = caches.library.join(part.mark());
            if mark.exists() {
                continue;
            }
            let what = format!(
                "compiling Go {}'s library for {}/{}",
                part.version, part.goos, part.goarch
            );
            board.say("cache", &what, None);
            if part.compile(&sdk.goroot, host.exe(), &caches.library)? {
                fs::write(&mark, "")?;
            }
        }
    }
    keep(&caches.library)?;
    add(&caches.library, &caches.cases)?;
    board.done("cache", "");
    Ok(())
}

/// Keeps the go command of a container from removing files that were not used for days: it does so
/// once a day, and this file has the time of the last removal.
fn keep(library: &Path) -> io::Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    fs::write(library.join("trim.txt"), now.as_secs().to_string())
}

/// Adds to a cache what another one has, unless it was added before: then the marks are there.
fn add(from: &Path, to: &Path) -> io::Result<()> {
    let names = |folder: &Path| -> io::Result<Vec<std::ffi::OsString>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
    };
    let all = names(from)?;
    let is_mark = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("has-");
    let marks: Vec<_> = all.iter().filter(is_mark).filter(|mark| !to.join(mark).exists()).collect();
    if marks.is_empty() {
        return Ok(());
    }
    // Entries of a cache have names of two hexadecimal digits: `0a/0a1b…-d`.
    for folder in all.iter().filter(|name| name.len() == 2) {
        let (source, target) = (from.join(folder), to.join(folder));
        fs::create_dir_all(&target)?;
        for name in names(&source)? {
            let (source, target) = (source.join(&name), target.join(&name));
            if !target.exists() && source.is_file() {
                twinproof_base::file::write_unsynced(&target, &fs::read(&source)?)?;
            }
        }
    }
    marks.into_iter().try_for_each(|mark| fs::write(to.join(mark), ""))
}

/// The variables without which a program of the system does not start.
fn kept(name: &str) -> bool {
    let names = ["PATH", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "TEMP", "TMP", "TMPDIR"];
    names.iter().any(|n| name.eq_ignore_ascii_case(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: PathBuf) -> String {
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn a_cache_gets_what_is_new_in_the_library_and_keeps_what_it_has() {
        let (library, cases) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, to) = (library.path(), cases.path());
        for folder in [from.join("0a"), to.join("0a")] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(from.join("0a").join("one-d"), "of the library").unwrap();
        fs::write(from.join("0a").join("two-d"), "of the library").unwrap();
        fs::write(to.join("0a").join("one-d"), "of the cases").unwrap();
        let mark = Part::new("1.27.3", "linux", "amd64", true, TESTS).mark();
        assert_eq!(mark, "has-1.27.3-linux-amd64-true-testing-internal-testdeps");
        fs::write(from.join(&mark), "").unwrap();
        add(from, to).unwrap();
        assert_eq!(text(to.join("0a").join("one-d")), "of the cases");
        assert_eq!(text(to.join("0a").join("two-d")), "of the library");
        assert!(to.join(&mark).exists());
        // With the mark there, nothing is looked at again.
        fs::write(from.join("0a").join("three-d"), "of the library").unwrap();
        add(from, to).unwrap();
        assert!(!to.join("0a").join("three-d").exists());
    }

    #[test]
    fn parts_are_what_cases_of_containers_build_for_ports_that_they_name() {
        let go = |args: &str, goos: &str| {
            format!(r#"{{"go":{{"args":{args},"env":{{"GOOS":"{goos}","GOARCH":"arm64"}}}}}}"#)
        };
        let case = |environment: &str, step: String| -> Case {
            let text = format!(
                r#"{{"suite":"s","id":"c","claims":[],"title":"t","environments":["{environment}"],
                    "step":[{step}],"control":{{"step":"x","turns":"x.exit"}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let cases = [
            case("image", go(r#"["build","-trimpath","."]"#, "linux")),
            case("wine", go(r#"["test","."]"#, "windows")),
            case("image:musl", go(r#"["build","-a","."]"#, "darwin")),
            case("image", go(r#"["build","."]"#, "${goos}")),
            case("host", go(r#"["build","."]"#, "plan9")),
        ];
        let parts = built_in_containers(&cases, "1.27.3");
        let marks: Vec<_> = parts.iter().map(Part::mark).collect();
        assert_eq!(
            marks,
            [
                "has-1.27.3-linux-arm64-true-runtime",
                "has-1.27.3-windows-arm64-false-testing-internal-testdeps"
            ]
        );
    }
}

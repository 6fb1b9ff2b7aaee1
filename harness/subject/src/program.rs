//! Gets a subject's program: this program itself, one that is built, or one that `--subject` gives.

use crate::declaration::Declaration;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_base::go_env;
use twinproof_process::{Start, Stdin, Variables, run};

/// Longest time that building a subject may take.
const BUILD: Duration = Duration::from_secs(20 * 60);
/// Most bytes kept of a build's output.
const OUTPUT: u64 = 1 << 20;

/// Sources of programs: this file, given paths, and a `go` that builds.
#[derive(Clone, Debug)]
pub struct Means {
    /// The file of this program, which has the embedded subjects, or why there is none.
    pub this: Result<PathBuf, String>,
    /// Programs given by `--subject NAME=PATH`, in place of the declared ones: name of the subject → path.
    pub given: BTreeMap<String, PathBuf>,
    /// The `go` command that builds, and its version.
    pub go: Option<(PathBuf, String)>,
    /// A folder for built programs; it outlives the run.
    pub cache: PathBuf,
    /// Go's build cache.
    pub go_cache: PathBuf,
}

/// A subject that can be launched, or only receives requests.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its declaration.
    pub declaration: Declaration,
    /// Its program; none where it only has an address.
    pub program: Option<PathBuf>,
    /// The version that is judged.
    pub version: String,
    /// SHA-256 of its program.
    pub sha256: Option<String>,
}

/// The reason why a subject is not available, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Missing {
    /// The missing program or tool.
    pub detail: String,
    /// The command or setting that would provide it.
    pub remedy: String,
}

impl Subject {
    /// Gets a subject's program; `say` receives a line before each step that takes long.
    ///
    /// # Errors
    /// When it is not available.
    pub fn get(
        declaration: &Declaration,
        means: &Means,
        say: &dyn Fn(&str),
    ) -> Result<Self, Missing> {
        let mut version = declaration.version.clone().unwrap_or_default();
        let program = if let Some(path) = means.given.get(&declaration.name) {
            // A version that is declared of another program is not this one's.
            if !declaration.given {
                version.clear();
            }
            let remedy = format!("--subject {}=PATH", declaration.name);
            // The program is started in a folder of its own, where a relative path would lead
            // elsewhere.
            let there = path.is_file().then(|| dunce::canonicalize(path).ok()).flatten();
            let detail = || format!("{} is not there, or no file", path.display());
            Some(there.ok_or_else(|| missing(detail(), &remedy))?)
        } else if declaration.embedded {
            version = env!("CARGO_PKG_VERSION").to_owned();
            Some(means.this.clone().map_err(|why| missing(why, ""))?)
        } else if let Some(build) = &declaration.build {
            let package = build.package.as_deref().unwrap_or(&build.module);
            Some(from_module(declaration, &build.module, package, &version, means, say)?)
        } else if let Some(package) = &declaration.test {
            let (path, go) = from_tests(declaration, package, means, say)?;
            version = go;
            Some(path)
        } else if declaration.given {
            let remedy = format!("--subject {}=PATH", declaration.name);
            let detail = format!("{} needs its program named", declaration.title);
            return Err(missing(detail, &remedy));
        } else {
            None
        };
        let failed = |e: std::io::Error| missing(format!("its program cannot be read: {e}"), "");
        let sha256 = program.as_deref().map(hash).transpose().map_err(failed)?;
        // The report names a version; a program without one is known by its bytes.
        if version.is_empty() {
            version = sha256.as_deref().and_then(|h| h.get(..12)).map_or_else(
                || "of unknown version".to_owned(),
                |hash| format!("with SHA-256 {hash}…"),
            );
        }
        Ok(Self { declaration: declaration.clone(), program, version, sha256 })
    }
}

fn missing(detail: impl Into<String>, remedy: &str) -> Missing {
    Missing { detail: detail.into(), remedy: remedy.to_owned() }
}

fn hash(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    twinproof_base::hash::sha256(&mut file)
}

/// The program of a module's package, built once for each version and SDK.
fn from_module(
    declaration: &Declaration,
    module: &str,
    package: &str,
    version: &str,
    means: &Means,
    say: &dyn Fn(&str),
) -> Result<PathBuf, Missing> {
    let (go, go_version) = go_of(declaration, means)?;
    let title = format!("{module}@{version}");
    built(declaration, version, go_version, means, &|work, out| {
        say(&format!("building {title}"));
        // A module of our own that requires it, not `go install`: that refuses modules with
        // `replace` lines.
        let text = format!("module subject\n\ngo 1.21\n\nrequire {module} {version}\n");
        std::fs::write(work.join("go.mod"), text)
            .map_err(|e| missing(format!("cannot build {title}: {e}"), ""))?;
        let remedy = "a Go module proxy that has it: set GOPROXY";
        // `-modcacherw`: the module cache is in our own cache folder, which users remove.
        let args = ["build", "-mod=mod", "-modcacherw", "-trimpath", "-o"];
        go_run(go, &args, out, package, work, means)
            .map_err(|said| missing(format!("{title} cannot be built: {said}"), remedy))
    })
}

/// The tests of a package of the SDK, built.
fn from_tests(
    declaration: &Declaration,
    package: &str,
    means: &Means,
    say: &dyn Fn(&str),
) -> Result<(PathBuf, String), Missing> {
    let (go, version) = go_of(declaration, means)?;
    let program = built(declaration, version, version, means, &|work, out| {
        say(&format!("building the tests of {package} of Go {version}"));
        go_run(go, &["test", "-c", "-o"], out, package, work, means)
            .map_err(|said| missing(format!("the tests of {package} cannot be built: {said}"), ""))
    })?;
    Ok((program, version.to_owned()))
}

fn go_of<'m>(declaration: &Declaration, means: &'m Means) -> Result<(&'m Path, &'m str), Missing> {
    let needs = || missing(format!("{} is built with Go", declaration.title), "twinproof sdk get");
    means.go.as_ref().map(|(go, version)| (go.as_path(), version.as_str())).ok_or_else(needs)
}

/// Builds a program: from a working folder to the program's file.
type Build<'b> = dyn Fn(&Path, &Path) -> Result<(), Missing> + 'b;

/// The finished program, from the cache or built now; one process at a time builds it.
fn built(
    declaration: &Declaration,
    version: &str,
    go: &str,
    means: &Means,
    build: &Build<'_>,
) -> Result<PathBuf, Missing> {
    let exe = std::env::consts::EXE_SUFFIX;
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    // All that changes the program is in its name, because a finished one is never built again.
    let key = format!("{}-{version}-go{go}-{platform}{exe}", declaration.name);
    let folder = means.cache.join("subjects");
    let key = key.replace(['/', '\\', ':'], "_");
    let place = folder.join(&key);
    let failed = |e: std::io::Error| missing(format!("{}: {e}", folder.display()), "");
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let lock = std::fs::File::create(folder.join(format!("{key}.lock"))).map_err(failed)?;
    // Two runs may build the same program at once; the second takes the file that the first built.
    lock.lock().map_err(failed)?;
    if place.is_file() {
        return Ok(place);
    }
    let work = tempfile::Builder::new().prefix("build-").tempdir_in(&folder).map_err(failed)?;
    let out = work.path().join(format!("program{exe}"));
    build(work.path(), &out)?;
    twinproof_base::file::publish(&out, &place).map_err(failed)?;
    Ok(place)
}

/// Runs `go`; its output as the error when it failed.
fn go_run(
    go: &Path,
    args: &[&str],
    out: &Path,
    package: &str,
    work: &Path,
    means: &Means,
) -> Result<(), String> {
    let mut all: Vec<std::ffi::OsString> = args.iter().map(Into::into).collect();
    all.extend([out.into(), package.into()]);
    let text = |path: &Path| path.to_str().map(str::to_owned).ok_or("a path is no Unicode text");
    let (cache, modules) =
        (text(&means.go_cache)?, text(&means.cache.join("subjects").join("mod"))?);
    let mut variables = go_env::PLAIN.to_vec();
    // Without cgo: the C compiler of the host may be absent, or change the program.
    variables.extend([("GOCACHE", cache.as_str()), ("GOMODCACHE", &modules), ("CGO_ENABLED", "0")]);
    let ended = run(Start {
        program: go,
        args: all,
        variables: Variables::Inherited(&variables),
        cwd: work,
        stdin: Stdin::Null,
        limit: BUILD,
        output_limit: OUTPUT,
        grace: None,
    })
    .map_err(|e| e.to_string())?;
    match ended.code {
        Some(0) => Ok(()),
        None => Err(format!("still building after {} s", BUILD.as_secs())),
        Some(code) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            let last: Vec<_> = said.lines().rev().take(4).collect();
            let last: Vec<_> = last.into_iter().rev().collect();
            Err(format!("go ended with {code}: {}", last.join(" ")))
        }
    }
}

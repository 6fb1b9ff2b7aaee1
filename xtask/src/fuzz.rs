//! `fuzz`: the readers of untrusted input, given inputs that look for new ways through them.
//!
//! The targets are the programs of `xtask/fuzz`, a workspace of its own: everything in it is compiled
//! with coverage counters, which the toolchain in use can do, and linked with libFuzzer. What is
//! found new is kept in `target/fuzz/corpus`; the seeds stay as they are.

use crate::repository;
use anyhow::{Context as _, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use twinproof::cli::Repository;

/// Fuzz the readers of untrusted input
#[derive(clap::Args, Debug)]
pub struct Fuzz {
    /// Targets to fuzz; all when absent
    #[arg(value_name = "TARGET", value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    targets: Vec<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// The programs in `xtask/fuzz/src/bin`.
const TARGETS: [&str; 12] = [
    "request",
    "note",
    "tile",
    "zip",
    "suite",
    "text",
    "config",
    "inspect",
    "event",
    "token",
    "policy",
    "predicate",
];

/// The longest input, in bytes: longer ones find little that these do not, and slowly.
// Longer inputs are slower to change and find little more in formats whose parts are this small.
const MAX_LENGTH: u32 = 4096;

/// Flags that make the compiler count the edges taken in the code, and show libFuzzer comparisons.
// The flags that cargo-fuzz gives; without them libFuzzer sees no new path.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

impl Fuzz {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let triple = host()?;
        let built = root.join("target/fuzz");
        build(root, &triple, &built)?;
        let all = TARGETS.map(str::to_owned);
        let targets = if self.targets.is_empty() { &all[..] } else { &self.targets };
        let mut broken = false;
        for target in targets {
            let program = built
                .join(&triple)
                .join("release")
                .join(format!("{target}{}", std::env::consts::EXE_SUFFIX));
            broken |= !self.one(root, &built, target, &program)?;
        }
        Ok(if broken { 1 } else { 0 })
    }

    /// Runs a target. Returns whether it found no defect.
    fn one(&self, root: &Path, built: &Path, target: &str, program: &Path) -> anyhow::Result<bool> {
        let corpus = built.join("corpus").join(target);
        let artifacts = built.join("artifacts").join(target);
        for folder in [&corpus, &artifacts] {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let output = Command::new(program)
            .arg(&corpus)
            .args(seeds(root, target))
            .arg(format!("-max_total_time={}", self.seconds))
            .arg(format!("-artifact_prefix={}{}", artifacts.display(), std::path::MAIN_SEPARATOR))
            .arg(format!("-max_len={MAX_LENGTH}"))
            // An input that takes ten seconds or two gigabytes is a finding like a crash.
            .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .output()
            .with_context(|| program.display().to_string())?;
        let log = String::from_utf8_lossy(&output.stderr);
        let executions = executions(&log).unwrap_or(0);
        println!("{target:8} {executions:>12} executions in {} s", self.seconds);
        if output.status.success() {
            return Ok(true);
        }
        let last: Vec<&str> = log.lines().rev().take(40).collect();
        for line in last.iter().rev() {
            eprintln!("  {line}");
        }
        eprintln!("  the input is kept in {}", artifacts.display());
        Ok(false)
    }
}

/// The folders with a target's first inputs; suites are their own.
fn seeds(root: &Path, target: &str) -> Vec<PathBuf> {
    if target == "suite" {
        return vec![root.join("suites/path")];
    }
    vec![root.join("xtask/fuzz/seeds").join(target)]
}

/// The host's target triple, by the compiler. Naming the target keeps the flags from build scripts.
fn host() -> anyhow::Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn build(root: &Path, triple: &str, built: &Path) -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = root.join("xtask/fuzz/Cargo.toml");
    ensure!(manifest.is_file(), "{} is not there", manifest.display());
    let status = Command::new(&cargo)
        .current_dir(root)
        .env("RUSTFLAGS", COVERAGE)
        .args(["build", "--release", "--bins", "--target", triple, "--manifest-path"])
        .arg(&manifest)
        .arg("--target-dir")
        .arg(built)
        .status()?;
    if !status.success() {
        bail!("the fuzz targets do not build; libFuzzer needs a C++ compiler");
    }
    Ok(())
}

/// The number of inputs that a target was given, from libFuzzer's last lines.
fn executions(log: &str) -> Option<u64> {
    let line = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::executions;

    #[test]
    fn the_count_is_read_from_the_log() {
        let log = "#1 INITED\nstat::number_of_executed_units: 12345\nstat::x: 1\n";
        assert_eq!(executions(log), Some(12345));
        assert_eq!(executions("stat::number_of_executed_units: x"), None);
        assert_eq!(executions(""), None);
    }
}

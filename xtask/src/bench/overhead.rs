//! `bench overhead`: the cost of the harness itself, and its hot paths.

use super::release;
use crate::process::Process;
use crate::repository;
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use twinproof::cli::Repository;

/// Measure the harness's own overhead, and the hot paths
#[derive(clap::Args, Debug)]
pub struct BenchOverhead {
    /// Measure only the harness's own overhead, without the criterion benches
    #[arg(long)]
    overhead: bool,
    /// Number of cases in the generated suite
    #[arg(long, default_value_t = 10_000)]
    cases: usize,
    /// File for the results, as JSON
    #[arg(long, default_value = "target/bench.json", value_name = "FILE")]
    json: PathBuf,
}

/// A figure with its budget, both in `unit`.
#[derive(Debug, serde::Serialize)]
struct Figure {
    name: &'static str,
    measured: f64,
    budget: f64,
    unit: &'static str,
}

impl BenchOverhead {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let program = release::program(root)?;
        let dir = tempfile::tempdir()?;
        let mut figures = Vec::new();

        let many = generate(&dir.path().join("many"), self.cases, NOTHING)?;
        let list = measure(&program, &many, dir.path(), &["--list"])?;
        figures.push(Figure {
            name: "cases loaded, planned and listed",
            measured: list.seconds,
            budget: 2.0,
            unit: "s",
        });
        let run = measure(&program, &many, dir.path(), &["--env", "host"])?;
        figures.push(Figure {
            name: "the same driven, judged and reported: peak memory",
            measured: run.mib,
            budget: 300.0,
            unit: "MiB",
        });
        let judged = Instant::now();
        let bundle = dir.path().join("out/bundle");
        let status =
            Command::new(&program).arg("judge").arg(&bundle).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "the generated suite was not judged equal");
        figures.push(Figure {
            name: "the same judged again from the bundle",
            measured: judged.elapsed().as_secs_f64(),
            budget: 2.0,
            unit: "s",
        });

        let few = 400;
        let go = std::env::current_exe()?;
        let trivial =
            generate(&dir.path().join("few"), few, &RUN.replace("PROGRAM", &quoted(&go)))?;
        let empty = generate(&dir.path().join("none"), 1, NOTHING)?;
        // The time of a run without a case is subtracted, and so is that of the programs
        // themselves, which are started once more below.
        let start = measure(&program, &empty, dir.path(), &["--env", "host", "--jobs", "1"])?;
        let with = measure(&program, &trivial, dir.path(), &["--env", "host", "--jobs", "1"])?;
        let bare = Instant::now();
        for _ in 0..few {
            let status = Command::new(&go).arg("--version").stdout(Stdio::null()).status()?;
            ensure!(status.success(), "the trivial program failed");
        }
        let bare = bare.elapsed().as_secs_f64();
        let each = (with.seconds - start.seconds - bare) / few as f64 * 1000.0;
        figures.push(Figure {
            name: "a trivial case beyond its process",
            measured: each,
            budget: 5.0,
            unit: "ms",
        });

        println!("a generated suite of {} cases, then one of {few}", self.cases);
        for f in &figures {
            let verdict = if f.measured <= f.budget { "within" } else { "OVER" };
            println!("{:<52} {:>8.2} {:<4} {verdict} {}", f.name, f.measured, f.unit, f.budget);
        }
        let json = serde_json::to_string_pretty(&figures)? + "\n";
        twinproof_base::file::write(&root.join(&self.json), json.as_bytes())?;
        if !self.overhead {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let status =
                Command::new(cargo).current_dir(root).args(["bench", "--workspace"]).status()?;
            ensure!(status.success(), "a bench failed");
        }
        Ok(u8::from(figures.iter().any(|f| f.measured > f.budget)))
    }
}

const NOTHING: &str = r#"step = [
  { write = { path = "a", text = "a" } },
  { file = { path = "a", size = 1 } },
]
control = { step = 1, text = "ab" }
"#;

const RUN: &str = r#"step = [
  { run = { program = PROGRAM, args = ["--version"], stdout = { line_regex = ".*xtask.*" } } },
]
control = { step = 1, args = ["--help"] }
"#;

fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

/// A folder of suites with that many cases.
fn generate(folder: &Path, cases: usize, steps: &str) -> anyhow::Result<PathBuf> {
    use std::fmt::Write as _;
    std::fs::create_dir_all(folder.join("generated"))?;
    let claim = "[[claim]]\nid = \"GEN-001\"\nstatement = \"generated\"\nreference = \"bench\"\n\
        level = \"must\"\nsuite = \"generated\"\n";
    std::fs::write(folder.join("claims.toml"), claim)?;
    for file in 0..cases.div_ceil(500) {
        let mut text = String::new();
        for n in file * 500..((file + 1) * 500).min(cases) {
            write!(
                text,
                "[[case]]\nid = \"case-{n}\"\nclaims = [\"GEN-001\"]\ntitle = \"generated\"\n\
                 environments = [\"host\"]\n{steps}\n"
            )?;
        }
        std::fs::write(folder.join(format!("generated/part-{file}.toml")), text)?;
    }
    Ok(folder.to_owned())
}

struct Measured {
    seconds: f64,
    mib: f64,
}

fn measure(program: &Path, suites: &Path, dir: &Path, args: &[&str]) -> anyhow::Result<Measured> {
    let begun = Instant::now();
    let mut child = Command::new(program)
        .arg("conformance")
        .arg("--suites")
        .arg(suites)
        .arg("--golden")
        .arg(dir.join("golden"))
        .arg("--out")
        .arg(dir.join("out"))
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| program.display().to_string())?;
    let mut mib = 0.0_f64;
    let status = loop {
        mib = mib.max(peak(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // The kernel keeps the peak itself (VmHWM): looking seldom misses only what grows in the
        // last moment.
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(status.success(), "the generated suite ended with {status}");
    Ok(Measured { seconds, mib })
}

/// Peak resident memory of a process in MiB; 0 where the system does not say.
fn peak(id: u32) -> f64 {
    Process(id).own_peak().unwrap_or(0) as f64 / 1024.0
}

//! Runs the stages on this machine, and holds what outlives one: the images that are being made, and
//! the engine.

use super::child::{self, Background};
use super::leg::Leg;
use super::stage::{Outcome, Selection, Stage};
use super::summary::{Line, time};
use crate::provide;
use anyhow::Context as _;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use twinproof::NOT_KNOWN;
use twinproof_container::{Engine, Started, start_if_absent};

const MINUTE: Duration = Duration::from_secs(60);

/// The machine on which stages run: folders, programs and requirements.
pub struct Machine {
    root: PathBuf,
    /// Logs, below `target`.
    logs: PathBuf,
    cargo: PathBuf,
    itself: PathBuf,
    leg: Leg,
}

/// Servers and folders that live longer than a stage; dropped in this order.
#[derive(Default)]
struct Held {
    images: Option<Background>,
    engine: Option<Started>,
}

impl Machine {
    /// This machine, as the leg says, with a folder for logs below `root`.
    ///
    /// # Errors
    /// When there can be no such folder.
    pub fn new(root: &Path, leg: Leg) -> anyhow::Result<Self> {
        let logs = root.join("target").join("ci");
        std::fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
        Ok(Self {
            root: root.to_owned(),
            logs,
            cargo: std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from),
            itself: std::env::current_exe().context("the path of this program")?,
            leg,
        })
    }

    /// Runs the chosen stages in their order; a line for each of all.
    pub fn run(&self, selection: Selection<'_>) -> Vec<Line> {
        let mut held = Held::default();
        let mut lines: Vec<Line> = Vec::new();
        for stage in Stage::ALL {
            // The stages after a failure are left out, but for those that take seconds and say
            // something by themselves.
            let failed = lines.iter().any(|line| line.outcome.failure().is_some());
            let begun = Instant::now();
            let outcome = if !selection.has(stage) {
                Outcome::LeftOut
            } else if child::stopped() || (failed && !stage.is_cheap()) {
                Outcome::NotRun
            } else {
                println!("\n== {}: {}", stage.name(), stage.about());
                let outcome = self.stage(stage, selection, &mut held).unwrap_or_else(|error| {
                    eprintln!("error: {error:#}");
                    Outcome::Failed(twinproof::BROKEN)
                });
                println!("-- {}: {outcome}, {}", stage.name(), time(begun.elapsed()));
                outcome
            };
            lines.push(Line { stage, outcome, took: begun.elapsed() });
        }
        lines
    }

    fn stage(
        &self,
        stage: Stage,
        selection: Selection<'_>,
        held: &mut Held,
    ) -> anyhow::Result<Outcome> {
        match stage {
            Stage::Provide => Ok(provide::packages(&self.leg)),
            Stage::Engine => self.engine(selection, held),
            Stage::Tools => provide::tools(&self.itself, &self.root),
            Stage::Fmt => self.cargo(&["fmt", "--all", "--check"], "", 5),
            Stage::Lint => child::run(self.program(&self.itself, &["lint"], "")?, 5 * MINUTE),
            Stage::Deny => self.deny(),
            Stage::Clippy => {
                let args = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
                self.cargo(&args, "", 40)
            }
            // Apart from running them, so that the time of each is known and images are made
            // meanwhile.
            Stage::Build => self.cargo(&["test", "--workspace", "--no-run"], &self.leg.tests, 40),
            Stage::Images => self.images(held),
            Stage::Test => {
                // Tests of servers spend half of their time waiting for programs that they started.
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                let threads = (cores * 2).to_string();
                let args = ["test", "--workspace", "--", "--test-threads", &threads];
                self.cargo(&args, &self.leg.tests, 30)
            }
            Stage::Conformance => {
                let mut args = vec!["conformance", "--controls=once", "--out", "target/ci-out"];
                // Without a name only the first pipeline of its kind would run.
                let pipelines =
                    self.leg.environments.split(',').filter(|e| e.starts_with("masking:"));
                let subjects: Vec<String> = pipelines.map(|e| e.replacen(':', "=", 1)).collect();
                args.extend(subjects.iter().flat_map(|subject| ["--subject", subject.as_str()]));
                let command = self.program(&self.itself, &args, &self.leg.environments)?;
                child::run(command, 45 * MINUTE)
            }
        }
    }

    /// Makes sure of an engine where the leg needs one, and begins with the images.
    fn engine(&self, selection: Selection<'_>, held: &mut Held) -> anyhow::Result<Outcome> {
        if !self.leg.has_images() {
            match Engine::detect() {
                Ok(engine) => println!("version {} answers", engine.version),
                Err(absent) => println!("{absent}; nothing here requires one"),
            }
            return Ok(Outcome::Unavailable);
        }
        // Held by `held`: the engine lives as long as the stages after this one.
        let started = match start_if_absent(MINUTE, self.logs.join("dockerd.log")) {
            Ok(started) => held.engine.insert(started),
            Err(error) => {
                println!("{error}");
                return Ok(Outcome::Failed(NOT_KNOWN));
            }
        };
        let whose = match &started.log {
            Some(log) => format!("started, until this ends; its log is {}", log.display()),
            None => "it answers already".to_owned(),
        };
        println!("version {}: {whose}", started.engine.version);
        // Begun here, so that images are made while tools are fetched and tests compile.
        if selection.has(Stage::Images) {
            held.images = Some(self.make_images()?);
        }
        Ok(Outcome::Passed)
    }

    fn make_images(&self) -> anyhow::Result<Background> {
        let command = self.program(&self.itself, &["images"], "")?;
        Background::start(command, 45 * MINUTE, self.logs.join("images.log"))
    }

    /// Waits for the images, begun with the engine or, where that stage is left out, now.
    fn images(&self, held: &mut Held) -> anyhow::Result<Outcome> {
        if !self.leg.has_images() {
            println!("nothing here requires them");
            return Ok(Outcome::Unavailable);
        }
        let mut images = match held.images.take() {
            Some(images) => images,
            None => self.make_images()?,
        };
        if !images.is_over() {
            println!("being made; the log is {}", images.log.display());
        }
        let outcome = images.join()?;
        print!("{}", std::fs::read_to_string(&images.log).unwrap_or_default());
        Ok(outcome)
    }

    fn deny(&self) -> anyhow::Result<Outcome> {
        if which::which("cargo-deny").is_err() {
            println!("cargo-deny is not installed: cargo install --locked cargo-deny");
            return Ok(Outcome::Unavailable);
        }
        // Without `advisories`: they need a database from the network and change from day to day.
        self.cargo(&["deny", "check", "licenses", "bans", "sources"], "", 5)
    }

    fn cargo(&self, args: &[&str], require: &str, minutes: u32) -> anyhow::Result<Outcome> {
        child::run(self.program(&self.cargo, args, require)?, minutes * MINUTE)
    }

    /// A program in the top folder, with the tools of [`provide::tools`] on its PATH.
    fn program(
        &self,
        program: impl AsRef<OsStr>,
        args: &[&str],
        require: &str,
    ) -> anyhow::Result<Command> {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root);
        command
            .env("PATH", provide::search_path()?)
            .env("PYTHONPATH", provide::python_path()?)
            // What tests compile of Go's library, cases need not compile again.
            .env("GOCACHE", twinproof::gocache::Caches::of_user()?.cases)
            .env(twinproof_base::require::VARIABLE, require);
        Ok(command)
    }
}

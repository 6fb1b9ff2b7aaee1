//! Drives one case in one environment, step by step, and records what was seen.

use crate::plan::{goroots, needs_sdk};
use crate::servers::Servers;
use crate::{BlobStore, Redactor, probe};
use base64::Engine as _;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use twinproof_base::hex;
use twinproof_environment::{
    Contents, Entry, Environment, Exec, Exited, Put, Sandbox, SnapshotLimits,
};
use twinproof_judge::{Judge, Scope, capture};
use twinproof_model::variables::{GOROOT_OF, VariableError};
use twinproof_model::{
    Canary, CanarySight, Capability, Case, FileEntry, Observation, Process, ProcessObservation,
    RunOutcome, RunRecord, Skip, Step, StepRecord, Verdict, Write,
};
use twinproof_subject::Subject;

/// What driving needs besides the case and the environment.
pub struct Context<'a> {
    /// Where evidence goes.
    pub store: &'a BlobStore,
    /// What takes secrets out of it.
    pub redactor: &'a Redactor,
    /// Who says when a case has failed.
    pub judge: &'a Judge<'a>,
    /// Time limit of a step that names none.
    pub step_limit: Duration,
    /// Most bytes kept of an output.
    pub output_limit: u64,
    /// Data files of the suites, by their path relative to the folder of suites.
    pub data: &'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync),
    /// Why what is seen now would say nothing of the subject, if that is so: programs are being
    /// ended, or cannot write.
    pub disturbed: &'a (dyn Fn() -> Option<Skip> + Sync),
}

/// Where a case runs, and what is launched there to be judged.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The environment.
    pub environment: &'a dyn Environment,
    /// The subject, where the environment is one.
    pub subject: Option<&'a Subject>,
}

/// Why a step could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum Undriven {
    /// A value that an earlier step should have captured is not there: the case ends here.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// An SDK is not to be had: the run is skipped.
    #[error("{0}")]
    Sdk(String),
    /// What the case asks cannot be asked here: the run is skipped.
    #[error("{0}")]
    OutOfReach(String),
    /// The harness broke.
    #[error("{0}")]
    Broken(String),
}

impl From<twinproof_environment::EnvironmentError> for Undriven {
    fn from(error: twinproof_environment::EnvironmentError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<crate::StoreError> for Undriven {
    fn from(error: crate::StoreError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Drives a case to its end or to its first check that does not hold; a control to its end.
pub fn drive(
    context: &Context<'_>,
    case: &Case,
    place: Place<'_>,
    sdk: &str,
    mut record: RunRecord,
) -> RunRecord {
    let begun = Instant::now();
    let mut driver = begin(context, case, place, sdk, &mut record);
    let outcome = match &mut driver {
        Ok(driver) => {
            let outcome = driver.steps(case, &mut record);
            let ended = driver.end_servers(&mut record);
            record.redactions = driver.redactions;
            match (outcome, ended) {
                (RunOutcome::Driven, Err(error)) => {
                    RunOutcome::Broken { message: error.to_string() }
                }
                (outcome, _) => outcome,
            }
        }
        Err(Undriven::Sdk(detail)) => {
            RunOutcome::Skipped(Skip::SdkAbsent { detail: detail.clone() })
        }
        Err(error) => RunOutcome::Broken { message: error.to_string() },
    };
    // Asked while what the case wrote is still there: the driver has the sandbox.
    record.outcome = (context.disturbed)().map_or(outcome, RunOutcome::Skipped);
    record.micros = begun.elapsed().as_micros() as u64;
    record
}

fn begin<'a>(
    context: &'a Context<'a>,
    case: &Case,
    place: Place<'a>,
    sdk: &str,
    record: &mut RunRecord,
) -> Result<Driver<'a>, Undriven> {
    let environment = place.environment;
    let has = |c| environment.capabilities().contains(&c);
    let windows = has(Capability::WindowsPaths);
    let goroot =
        |version: &str| environment.goroot(version).map_err(|e| Undriven::Sdk(e.to_string()));
    let main_goroot = match has(Capability::Go) {
        false => String::new(),
        true if needs_sdk(case) => goroot(sdk)?,
        true => environment.goroot(sdk).unwrap_or_default(),
    };
    let sandbox = environment.open(&case.key().replace('/', "-"))?;
    let root = sandbox.root().to_owned();
    let sep = if windows { "\\" } else { "/" };
    let (home, tmp) = (format!("{root}{sep}home"), format!("{root}{sep}tmp"));
    sandbox.put(&home, &Put::Dir { mode: None })?;
    sandbox.put(&tmp, &Put::Dir { mode: None })?;
    let goos = if windows {
        "windows"
    } else if has(Capability::Macos) {
        "darwin"
    } else {
        "linux"
    };
    let mut variables: BTreeMap<String, String> = [
        ("work", root.as_str()),
        ("home", &home),
        ("tmp", &tmp),
        ("goroot", &main_goroot),
        ("gocache", environment.go_cache()),
        ("sep", sep),
        ("list_sep", if windows { ";" } else { ":" }),
        ("exe", if windows { ".exe" } else { "" }),
        ("nul", if windows { "NUL" } else { "/dev/null" }),
        ("goos", goos),
        ("goarch", &environment.fingerprint().arch),
        ("go_version", sdk),
        ("nonce", &nonce()?),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect();
    for version in goroots(&case.step) {
        variables.insert(format!("{GOROOT_OF}{version}"), goroot(&version)?);
    }
    record.variables = variables;
    Ok(Driver {
        context,
        environment,
        scope: Scope::new(&record.variables),
        base: environment.base_env(&home, &tmp),
        sandbox,
        windows,
        sdk: sdk.to_owned(),
        set: BTreeMap::new(),
        unset: Vec::new(),
        redactions: 0,
        servers: Servers::default(),
        subject: place.subject,
    })
}

/// 32 hexadecimal digits that nobody can guess.
fn nonce() -> Result<String, Undriven> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Undriven::Broken(format!("no random numbers: {e}")))?;
    Ok(hex::encode(&bytes))
}

/// A run under way.
pub struct Driver<'a> {
    /// The case's servers. They end before the work directory that they live in goes.
    pub servers: Servers,
    context: &'a Context<'a>,
    environment: &'a dyn Environment,
    subject: Option<&'a Subject>,
    sandbox: Box<dyn Sandbox + 'a>,
    scope: Scope,
    base: BTreeMap<String, String>,
    windows: bool,
    sdk: String,
    set: BTreeMap<String, String>,
    unset: Vec<String>,
    /// Secrets taken out of the evidence so far.
    pub redactions: u64,
}

impl<'a> Driver<'a> {
    fn steps(&mut self, case: &Case, record: &mut RunRecord) -> RunOutcome {
        for (index, step) in case.step.iter().enumerate() {
            let retries = match step {
                Step::Run(s) => s.retries,
                Step::Go(s) => s.retries,
                _ => 0,
            };
            let mut failed_tries = Vec::new();
            let failed = loop {
                let begun = Instant::now();
                let observation = match self.step(case, step) {
                    Ok(observation) => observation,
                    Err(Undriven::Variable(_)) => return RunOutcome::Driven,
                    Err(Undriven::Sdk(detail)) => {
                        return RunOutcome::Skipped(Skip::SdkAbsent { detail });
                    }
                    Err(Undriven::OutOfReach(detail)) => {
                        return RunOutcome::Skipped(Skip::OutOfReach { detail });
                    }
                    Err(Undriven::Broken(message)) => return RunOutcome::Broken { message },
                };
                let micros = begun.elapsed().as_micros() as u64;
                let driven = StepRecord { index, micros, failed_tries: Vec::new(), observation };
                record.steps.push(driven.clone());
                record.redactions = self.redactions;
                let checks = self.context.judge.step(case, record, &driven, &self.scope);
                let failed = checks.iter().any(|c| c.verdict > Verdict::Pass);
                if !failed || failed_tries.len() >= retries as usize {
                    break failed;
                }
                failed_tries.push(driven.observation);
                record.steps.pop();
            };
            if let Some(last) = record.steps.last_mut() {
                last.failed_tries = failed_tries;
                self.scope.extend(capture(step, &last.observation, self.context.store));
            }
            // Under control the failure is what is looked for, and every check that shows it.
            if failed && !record.control {
                break;
            }
        }
        RunOutcome::Driven
    }

    fn step(&mut self, case: &Case, step: &Step) -> Result<Observation, Undriven> {
        match step {
            Step::Write(s) => self.write(s),
            Step::Run(s) => {
                let program = self.scope.expand(&s.program)?;
                let program =
                    if program.contains(['/', '\\']) { self.native(&program) } else { program };
                let env = self.env(None, &s.env, &s.unset)?;
                self.process(program, &s.process(), env).map(Observation::Process)
            }
            Step::Go(s) => {
                let goroot = self.goroot(s.sdk.as_deref())?;
                let env = self.env(Some(&goroot), &s.env, &s.unset)?;
                self.process(self.go_program(&goroot), &s.process(), env).map(Observation::Process)
            }
            Step::Env(s) => {
                for name in &s.unset {
                    self.set.remove(name);
                    self.unset.push(name.clone());
                }
                for (name, value) in &s.set {
                    self.unset.retain(|n| n != name);
                    self.set.insert(name.clone(), self.scope.expand(value)?);
                }
                Ok(Observation::Env)
            }
            Step::File(s) => {
                let wants = s.text.is_some()
                    || s.base64.is_some()
                    || s.starts_with.is_some()
                    || s.capture.values().any(|w| w == "text")
                    || golden_reads(case, step, "file");
                let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
                let contents = if wants { Contents::Wanted } else { Contents::Hashes };
                self.entries(&s.path, contents, limits)
            }
            Step::Tree(s) => {
                let limits = SnapshotLimits::default();
                let depth = s.depth.unwrap_or(limits.depth);
                self.entries(&s.path, Contents::Hashes, SnapshotLimits { depth, ..limits })
            }
            Step::Origin(_)
            | Step::Subject(_)
            | Step::Requests(_)
            | Step::Sumdb(_)
            | Step::Script(_) => self.server_step(case, step),
            Step::Http(s) => self.http(s, golden_reads(case, step, "body")),
            Step::Raw(s) => self.raw(s),
            Step::Canary(s) => self.canary(s),
            Step::Golden(_) => Ok(Observation::Golden),
            Step::Probe(s) => probe::ask(self, case, s),
            Step::Use(name) => Err(Undriven::Broken(format!("fixture `{name}` was not expanded"))),
        }
    }

    fn write(&mut self, step: &Write) -> Result<Observation, Undriven> {
        let path = self.path(&step.path)?;
        let mode = step.mode.as_deref().and_then(|m| u32::from_str_radix(m, 8).ok());
        let put = if let Some(text) = &step.text {
            Put::File { bytes: self.scope.expand(text)?.into_bytes(), mode }
        } else if let Some(encoded) = &step.base64 {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(encoded)
                .map_err(|e| Undriven::Broken(format!("write {path}: {e}")))?;
            Put::File { bytes, mode }
        } else if let Some(target) = &step.symlink {
            Put::Symlink { target: self.scope.expand(target)? }
        } else {
            Put::Dir { mode }
        };
        self.sandbox.put(&path, &put)?;
        let content = match put {
            Put::File { bytes, .. } => Some(self.store(bytes)?),
            _ => None,
        };
        Ok(Observation::Wrote { path, content })
    }

    /// The whole environment of a program: what the environment needs, Go's settings where it is
    /// Go's, what `env` steps set, and what the step itself sets.
    pub fn env(
        &self,
        goroot: Option<&str>,
        set: &BTreeMap<String, String>,
        unset: &[String],
    ) -> Result<BTreeMap<String, String>, Undriven> {
        let mut env = self.base.clone();
        let go = goroot.or_else(|| self.scope.get("goroot")).filter(|g| !g.is_empty());
        if let Some(goroot) = go {
            let (sep, list) = if self.windows { ("\\", ";") } else { ("/", ":") };
            let path = env.entry("PATH".to_owned()).or_default();
            *path = format!("{goroot}{sep}bin{list}{path}");
            for (name, value) in [
                ("GOTOOLCHAIN", "local"),
                ("GOPROXY", "off"),
                ("GOSUMDB", "off"),
                ("GOFLAGS", ""),
                ("GOCACHE", self.environment.go_cache()),
            ] {
                env.insert(name.to_owned(), value.to_owned());
            }
        }
        for name in &self.unset {
            env.remove(name);
        }
        env.extend(self.set.clone());
        for name in unset {
            env.remove(name);
        }
        for (name, value) in set {
            env.insert(name.clone(), self.scope.expand(value)?);
        }
        Ok(env)
    }

    /// Root of the SDK that a step names, or of the case's.
    pub fn goroot(&self, version: Option<&str>) -> Result<String, Undriven> {
        let version = version.unwrap_or(&self.sdk);
        self.environment.goroot(version).map_err(|e| Undriven::Sdk(e.to_string()))
    }

    /// The `go` program of an SDK.
    pub fn go_program(&self, goroot: &str) -> String {
        if self.windows { format!("{goroot}\\bin\\go.exe") } else { format!("{goroot}/bin/go") }
    }

    /// Runs a program with the texts of a step expanded.
    pub fn process(
        &mut self,
        program: String,
        step: &Process,
        env: BTreeMap<String, String>,
    ) -> Result<ProcessObservation, Undriven> {
        let expanded: Result<Vec<_>, _> = step.args.iter().map(|a| self.scope.expand(a)).collect();
        let limit = self.limit(step.timeout);
        let cwd = match &step.cwd {
            Some(cwd) => self.path(cwd)?,
            None => self.sandbox.root().to_owned(),
        };
        let stdin = step.stdin.as_deref().map(|t| self.scope.expand(t)).transpose()?;
        let exec = Exec {
            program,
            args: expanded?,
            env,
            cwd,
            stdin: stdin.unwrap_or_default().into_bytes(),
            limit,
            output_limit: self.context.output_limit,
        };
        let exited = self.sandbox.exec(&exec)?;
        self.observe(exec, exited)
    }

    fn observe(&mut self, exec: Exec, exited: Exited) -> Result<ProcessObservation, Undriven> {
        let stdout = self.store(exited.stdout)?;
        let stderr = self.store(exited.stderr)?;
        let (env, count) = self.context.redactor.variables(&exec.env);
        self.redactions += count;
        let mut argv = Vec::with_capacity(exec.args.len() + 1);
        for text in std::iter::once(&exec.program).chain(&exec.args) {
            let (text, count) = self.context.redactor.text(text);
            self.redactions += count;
            argv.push(text);
        }
        Ok(ProcessObservation {
            argv,
            cwd: exec.cwd,
            env,
            exit: exited.code,
            not_found: exited.not_found,
            timed_out: exited.timed_out,
            limit_ms: exec.limit.as_millis() as u64,
            stdout,
            stderr,
            truncated: exited.truncated,
        })
    }

    fn entries(
        &mut self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Observation, Undriven> {
        let path = self.path(path)?;
        let seen = self.sandbox.entries(&path, contents, limits)?;
        let entries = seen.into_iter().map(|e| self.entry(e)).collect::<Result<_, _>>()?;
        Ok(Observation::Entries { path, entries })
    }

    fn entry(&mut self, entry: Entry) -> Result<FileEntry, Undriven> {
        let content = entry.bytes.map(|bytes| self.store(bytes)).transpose()?;
        Ok(FileEntry {
            path: entry.path,
            kind: entry.kind,
            mode: entry.mode,
            target: entry.target,
            size: entry.size,
            sha256: entry.sha256,
            content,
        })
    }

    fn canary(&mut self, step: &Canary) -> Result<Observation, Undriven> {
        let (written, looked_at) = (self.path(&step.write)?, self.path(&step.read)?);
        let nonce = nonce()?;
        let put = Put::File { bytes: nonce.clone().into_bytes(), mode: None };
        self.sandbox.put(&written, &put)?;
        let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
        let seen = self.sandbox.entries(&looked_at, Contents::Wanted, limits)?;
        let bytes = seen.into_iter().next().and_then(|e| e.bytes);
        Ok(Observation::Canary(CanarySight {
            written,
            looked_at,
            nonce: hex::encode(nonce.as_bytes()),
            seen: bytes.map(|b| hex::encode(&b)),
        }))
    }

    /// Puts bytes into the evidence.
    pub fn store(&mut self, bytes: Vec<u8>) -> Result<twinproof_model::BlobRef, Undriven> {
        let (blob, redactions) = self.context.store.put(bytes, self.context.redactor)?;
        self.redactions += redactions;
        Ok(blob)
    }

    /// What the judge and the probes need of the surroundings.
    pub fn context(&self) -> &Context<'_> {
        self.context
    }

    /// Where it runs.
    pub fn environment(&self) -> &dyn Environment {
        self.environment
    }

    /// Values for texts.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its work directory.
    pub fn sandbox(&self) -> &dyn Sandbox {
        self.sandbox.as_ref()
    }

    /// What is judged, where it is launched.
    pub fn subject(&self) -> Option<&'a Subject> {
        self.subject
    }

    /// The time limit of a step that may name one in seconds.
    pub fn limit(&self, seconds: Option<u32>) -> Duration {
        seconds.map_or(self.context.step_limit, |s| Duration::from_secs(s.into()))
    }

    /// A text without secrets, and how many there were.
    pub fn redact(&self, text: &str) -> (String, u64) {
        self.context.redactor.text(text)
    }

    /// Texts without secrets, which are counted.
    pub fn redacted(&mut self, texts: &[String]) -> Vec<String> {
        let redactor = self.context.redactor;
        let (texts, counts): (Vec<_>, Vec<_>) = texts.iter().map(|t| redactor.text(t)).unzip();
        self.redactions += counts.iter().sum::<u64>();
        texts
    }

    /// Variables without secrets, which are counted.
    pub fn redacted_variables(
        &mut self,
        variables: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let (variables, count) = self.context.redactor.variables(variables);
        self.redactions += count;
        variables
    }

    /// A path of a suite file as a native path: relative ones are in the work directory.
    pub fn path(&self, text: &str) -> Result<String, Undriven> {
        Ok(self.native(&self.scope.expand(text)?))
    }

    /// A path with `/` as a native one: relative ones are in the work directory.
    pub fn native(&self, path: &str) -> String {
        let root = self.sandbox.root();
        if !self.windows {
            return if path.starts_with('/') { path.to_owned() } else { join(root, path, '/') };
        }
        let path = path.replace('/', "\\");
        let drive = path.as_bytes().get(1) == Some(&b':');
        if drive || path.starts_with('\\') { path } else { join(root, &path, '\\') }
    }

    /// A native path in a folder with a native path.
    pub fn native_in(&self, folder: &str, name: &str) -> String {
        join(folder, name, if self.windows { '\\' } else { '/' })
    }
}

fn join(root: &str, path: &str, sep: char) -> String {
    match path {
        "" | "." => root.to_owned(),
        _ => format!("{root}{sep}{path}"),
    }
}

/// Whether a golden reads the file or the body that this step looks at.
fn golden_reads(case: &Case, step: &Step, what: &str) -> bool {
    let Some(name) = step.name() else { return false };
    let of = format!("{what}:{name}");
    case.step.iter().any(|s| matches!(s, Step::Golden(g) if g.of == of))
}

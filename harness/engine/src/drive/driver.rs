//! A run under way: its work directory, its variables and its servers, and what every kind of step
//! needs of them.

use super::artifacts::Artifacts;
use super::error::StepError;
use super::servers::{Servers, lines};
use crate::plan::{goroots, needs_sdk};
use crate::redact::Counting;
use crate::{BlobStore, Redactor};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use twinproof_base::hex;
use twinproof_environment::{Contents, Environment, Exec, Exited, Put, Sandbox, SnapshotLimits};
use twinproof_judge::{Judge, Judging};
use twinproof_model::variables::GOROOT_OF;
use twinproof_model::{BlobRef, Capability, Skip, Template};
use twinproof_pipeline::Pool;
use twinproof_steps::{
    Case, Connection, Process, ProcessObservation, RunRecord, Scope, SeenRequest, StepRecord,
};
use twinproof_subject::Subject;
use twinproof_toolchain::{Platform, Toolchains, Version};

/// Resources that driving needs besides the case and the environment.
pub struct Context<'a> {
    /// The store for evidence.
    pub store: &'a BlobStore,
    /// Redacts secrets in the evidence.
    pub redactor: &'a Redactor,
    /// Decides whether a case has failed.
    pub judge: &'a Judge<'a>,
    /// Time limit of a step that names none.
    pub step_limit: Duration,
    /// Most bytes kept of an output.
    pub output_limit: u64,
    /// The environment that makes files for cases in other environments; absent where none can.
    pub host: Option<&'a dyn Environment>,
    /// The SDKs that cases prove, where they are available.
    pub sdks: Option<Sdks<'a>>,
    /// Files that fixtures have made in this run.
    pub artifacts: &'a Artifacts,
    /// Data files of the suites, by their path relative to the folder of suites.
    pub data: &'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync),
    /// Databases that cases take in turns.
    pub databases: &'a Pool,
    /// The reason, if there is one, why observations made now would say nothing about the subject:
    /// the run was interrupted and its programs are killed, or a disk is full.
    pub disturbed: &'a (dyn Fn() -> Option<Skip> + Sync),
}

/// The way to the SDKs that are proved.
#[derive(Clone, Copy)]
pub struct Sdks<'a> {
    /// Provides, makes and rebuilds them.
    pub toolchains: &'a Toolchains,
    /// Finds the Go SDK in PyPI's distribution for a version and platform.
    pub wheel: &'a (dyn Fn(Version, Platform) -> Option<PathBuf> + Sync),
}

/// The environment of a case, and the subject that is launched there.
#[derive(Clone, Copy)]
pub struct RunTarget<'a> {
    /// The environment.
    pub environment: &'a dyn Environment,
    /// The subject, where the environment is one.
    pub subject: Option<&'a Subject>,
}

/// 32 random hexadecimal digits.
pub fn nonce() -> Result<String, StepError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|e| StepError::Broken(format!("no random numbers: {e}")))?;
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
    judging: Judging<'a>,
    case: &'a Case,
    /// Index of the step under way.
    pub index: usize,
    base: BTreeMap<String, String>,
    windows: bool,
    sdk: String,
    set: BTreeMap<String, String>,
    unset: Vec<String>,
    /// Takes secrets out of the evidence, and counts them.
    pub redactions: Counting<'a>,
}

impl<'a> Driver<'a> {
    /// Opens a work directory for a case, and gives its variables to the record.
    pub fn begin(
        context: &'a Context<'a>,
        case: &'a Case,
        place: RunTarget<'a>,
        sdk: &str,
        record: &mut RunRecord,
    ) -> Result<Self, StepError> {
        let environment = place.environment;
        let facts = environment.facts();
        let has = |c| facts.capabilities.contains(&c);
        let windows = has(Capability::WindowsPaths);
        let goroot =
            |version: &str| environment.goroot(version).map_err(|e| StepError::Sdk(e.to_string()));
        // A case that runs no go may be driven where its SDK is absent.
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
            ("gocache", &facts.go_cache),
            ("sep", sep),
            ("list_sep", if windows { ";" } else { ":" }),
            ("exe", if windows { ".exe" } else { "" }),
            ("nul", if windows { "NUL" } else { "/dev/null" }),
            ("goos", goos),
            ("goarch", &facts.fingerprint.arch),
            ("go_version", sdk),
            ("wine_root", facts.wine_root.as_deref().unwrap_or_default()),
            ("nonce", &nonce()?),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        for version in goroots(case) {
            variables.insert(format!("{GOROOT_OF}{version}"), goroot(&version)?);
        }
        record.variables = variables;
        Ok(Self {
            context,
            environment,
            judging: context.judge.begin(case, &record.variables),
            case,
            index: 0,
            base: environment.base_env(&home, &tmp),
            sandbox,
            windows,
            sdk: sdk.to_owned(),
            set: BTreeMap::new(),
            unset: Vec::new(),
            redactions: context.redactor.counting(),
            servers: Servers::default(),
            subject: place.subject,
        })
    }

    /// All environment variables of a program: those that the environment needs, Go's settings
    /// where it is Go's, those that `env` steps set, and those that the step itself sets.
    pub fn env(
        &self,
        goroot: Option<&str>,
        set: &BTreeMap<String, Template>,
        unset: &[String],
    ) -> Result<BTreeMap<String, String>, StepError> {
        let mut env = self.base.clone();
        let go = goroot.or_else(|| self.judging.scope().get("goroot")).filter(|g| !g.is_empty());
        if let Some(goroot) = go {
            let (sep, list) = if self.windows { ("\\", ";") } else { ("/", ":") };
            let path = env.entry("PATH".to_owned()).or_default();
            *path = format!("{goroot}{sep}bin{list}{path}");
            for (name, value) in [
                // Defaults under which go uses the SDK under test and no network; a case that is
                // about them sets its own.
                ("GOTOOLCHAIN", "local"),
                ("GOPROXY", "off"),
                ("GOSUMDB", "off"),
                ("GOFLAGS", ""),
                ("GOCACHE", self.environment.facts().go_cache.as_str()),
            ] {
                env.insert(name.to_owned(), value.to_owned());
            }
        }
        // A step's own variables win over those of earlier `env` steps, and these over the defaults.
        for name in &self.unset {
            env.remove(name);
        }
        env.extend(self.set.clone());
        for name in unset {
            env.remove(name);
        }
        env.extend(self.judging.scope().expand_all(set)?);
        Ok(env)
    }

    /// Root of the SDK that a step names, or of the case's.
    pub fn goroot(&self, version: Option<&str>) -> Result<String, StepError> {
        let version = version.unwrap_or(&self.sdk);
        self.environment.goroot(version).map_err(|e| StepError::Sdk(e.to_string()))
    }

    /// Version of the SDK that the case is about.
    pub fn sdk(&self) -> &str {
        &self.sdk
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
    ) -> Result<ProcessObservation, StepError> {
        let expanded: Result<Vec<_>, _> =
            step.args.iter().map(|a| self.judging.scope().expand(a)).collect();
        let limit = self.limit(step.timeout);
        let cwd = match &step.cwd {
            Some(cwd) => self.path(cwd)?,
            None => self.sandbox.root().to_owned(),
        };
        let stdin = step.stdin.as_ref().map(|t| self.judging.scope().expand(t)).transpose()?;
        let exec = Exec {
            program,
            args: expanded?,
            env,
            cwd,
            stdin: stdin.unwrap_or_default().into_bytes(),
            limit,
            output_limit: self.context.output_limit,
        };
        let exited = match &self.servers.lab {
            None => self.sandbox.exec(&exec)?,
            Some(lab) => {
                let entry = lab.entry(&exec.program, &exec.args, &exec.cwd)?;
                // The program that enters the lab starts in a directory of the host; it changes to
                // the case's own inside, which may be a mount that only the lab has.
                let cwd = self.sandbox.root().to_owned();
                let (program, args) = (entry.program, entry.args);
                self.sandbox.exec(&Exec { program, args, cwd, ..exec.clone() })?
            }
        };
        self.observe(exec, exited)
    }

    fn observe(&mut self, exec: Exec, exited: Exited) -> Result<ProcessObservation, StepError> {
        let stdout = self.store(exited.stdout)?;
        let stderr = self.store(exited.stderr)?;
        let env = self.redactions.variables(&exec.env);
        let words = std::iter::once(&exec.program).chain(&exec.args);
        let argv = words.map(|text| self.redactions.text(text)).collect();
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

    /// Puts bytes into the evidence.
    pub fn store(&self, bytes: Vec<u8>) -> Result<BlobRef, StepError> {
        Ok(self.context.store.put(bytes, &self.redactions)?)
    }

    /// Puts requests into the evidence.
    pub fn store_requests(&self, requests: &[SeenRequest]) -> Result<BlobRef, StepError> {
        self.store(lines(requests)?)
    }

    /// Ends the servers and takes what they leave into the record.
    pub fn end_servers(&mut self, record: &mut RunRecord) -> Result<(), StepError> {
        let mut servers = std::mem::take(&mut self.servers);
        let mut leave = |name: &str, blob| record.logs.insert(name.to_owned(), blob);
        if let Some(requests) = servers.end() {
            leave("origin.requests", self.store_requests(&requests)?);
        }
        if !servers.relayed.is_empty() {
            leave("subject.requests", self.store_requests(&servers.relayed)?);
        }
        if !servers.log.is_empty() {
            leave("subject.log", self.store(servers.log)?);
        }
        Ok(())
    }

    /// Judges a driven step; whether to drive the steps after it.
    pub fn judge(&mut self, record: &RunRecord, driven: &StepRecord) -> bool {
        self.judging.step(record, driven)
    }

    /// The judge's state for the run so far.
    pub fn judging(&self) -> &Judging<'a> {
        &self.judging
    }

    /// The judge's state for the run. The run ends here, and its work directory is removed.
    pub fn into_judging(self) -> Judging<'a> {
        self.judging
    }

    /// The case that is driven.
    pub fn case(&self) -> &'a Case {
        self.case
    }

    /// Whether a golden is of that source of the step under way.
    pub fn golden_reads(&self, source: &str) -> bool {
        self.case.golden_reads(self.index, source)
    }

    /// Sets a variable for the programs after this.
    pub fn set_variable(&mut self, name: &str, value: String) {
        // The last word counts, as in a shell.
        self.unset.retain(|n| n != name);
        self.set.insert(name.to_owned(), value);
    }

    /// Takes a variable away from the programs after this.
    pub fn unset_variable(&mut self, name: &str) {
        self.set.remove(name);
        self.unset.push(name.to_owned());
    }

    /// Resources that the judge and the probes use.
    pub fn context(&self) -> &'a Context<'a> {
        self.context
    }

    /// The environment that the case runs in.
    pub fn environment(&self) -> &dyn Environment {
        self.environment
    }

    /// The values of variables for templates.
    pub fn scope(&self) -> &Scope {
        self.judging.scope()
    }

    /// The case's work directory.
    pub fn sandbox(&self) -> &dyn Sandbox {
        self.sandbox.as_ref()
    }

    /// The subject under judgement, where it is launched.
    pub fn subject(&self) -> Option<&'a Subject> {
        self.subject
    }

    /// The time limit of a step that may name one in seconds.
    pub fn limit(&self, seconds: Option<u32>) -> Duration {
        seconds.map_or(self.context.step_limit, |s| Duration::from_secs(s.into()))
    }

    /// Parameters of a connection: the address, the authorities of the server's certificate (PEM),
    /// and the time limit.
    pub fn connection(
        &self,
        connection: Connection<'_>,
    ) -> Result<(String, Option<Vec<u8>>, Duration), StepError> {
        let url = self.scope().expand(connection.url)?;
        let ca = connection.ca.map(|path| self.file(path)).transpose()?;
        Ok((url, ca, self.limit(connection.timeout)))
    }

    /// A path of a suite file as a native path: relative ones are in the work directory.
    pub fn path(&self, text: &Template) -> Result<String, StepError> {
        Ok(self.native(&self.judging.scope().expand(text)?))
    }

    /// A data file of the case's suite: its path relative to the folder of suites, and its bytes;
    /// or a sentence that says why it cannot be read.
    pub fn suite_file(&self, name: Option<&Template>) -> Result<(String, Vec<u8>), String> {
        let name = name.map(|name| self.scope().expand(name)).transpose();
        let name = name.map_err(|e| e.to_string())?.unwrap_or_default();
        let path = format!("{}/{name}", self.case.suite);
        match (self.context.data)(&path) {
            Some(bytes) => Ok((path, bytes)),
            None => Err(format!("there is no suite file {path}")),
        }
    }

    /// The bytes of a file that a step names.
    pub fn file(&self, path: &Template) -> Result<Vec<u8>, StepError> {
        let path = self.path(path)?;
        let bytes = self.file_if_there(&path)?;
        bytes.ok_or_else(|| StepError::Broken(format!("there is no file {path}")))
    }

    /// The bytes of the file at a native path that a step looks at; or the reason why there is
    /// none, which is recorded and fails the case.
    pub fn looked_at(&self, path: &str) -> Result<Result<Vec<u8>, String>, StepError> {
        Ok(self.file_if_there(path)?.ok_or_else(|| format!("there is no file {path}")))
    }

    /// The bytes of the file at a native path; `None` where there is none.
    pub fn file_if_there(&self, path: &str) -> Result<Option<Vec<u8>>, StepError> {
        let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
        let entries = self.sandbox().entries(path, Contents::Wanted, limits)?;
        Ok(entries.into_iter().next().and_then(|entry| entry.bytes))
    }

    /// A path with `/` as a native one: relative ones are in the work directory.
    pub fn native(&self, path: &str) -> String {
        let root = self.sandbox.root();
        if !self.windows {
            // Suites write `/` everywhere; a path of Windows that begins with a drive or a
            // separator is native already.
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

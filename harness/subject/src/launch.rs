//! Launching a subject for one case: a port, its files, its arguments, and the wait until it answers.

use crate::declaration::{Addition, Setting};
use crate::program::Subject;
use crate::ready;
use crate::room::Room;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use twinproof_model::{LaunchFailure, Template};
use twinproof_process::{Launch, Live};

/// Launches to try when another process takes the chosen port in the meantime.
const TRIES: u32 = 5;
/// Most bytes of a subject's output that are kept: its end.
const LOG: u64 = 1 << 20;
/// Time that a subject has to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages of programs whose port is taken.
const TAKEN: [&str; 3] = ["address already in use", "addrinuse", "only one usage of each socket"];

/// The addresses and certificates of an origin, for a subject's variables.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    /// The origin's URL.
    pub url: String,
    /// File with the certificate of the origin's authority.
    pub ca: String,
    /// Name of the origin's checksum database.
    pub sumdb_name: String,
    /// Verifier key of that database.
    pub sumdb_key: String,
    /// URL of that database.
    pub sumdb_url: String,
    /// File with a certificate for 127.0.0.1 of the origin's authority.
    pub tls_cert: String,
    /// File with the key of that certificate.
    pub tls_key: String,
}

/// Parameters of a launch: addresses, folders, variables.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// A folder of the subject's own. Files of an earlier launch are still there.
    pub work: PathBuf,
    /// The variables that a program needs on this machine to start at all.
    pub env: BTreeMap<String, String>,
    /// Its upstream, in GOPROXY's syntax; `off` where there is none.
    pub upstream: String,
    /// The case's origin.
    pub origin: Option<Upstream>,
    /// The root of the SDK that the case is about.
    pub goroot: Option<String>,
    /// A build cache.
    pub go_cache: String,
    /// The settings of the case: name → value.
    pub set: BTreeMap<String, String>,
    /// Bytes that its store has room for; those of the disk when absent.
    pub room: Option<u64>,
    /// Longest time until it must be ready; the declared one when absent.
    pub limit: Option<Duration>,
}

/// Result of a launch.
#[derive(Debug)]
pub struct Launched {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// The files written for it: path in its folder → text.
    pub files: BTreeMap<String, String>,
    /// The address of its service, without a slash at the end.
    pub url: String,
    /// The folder where it keeps its data.
    pub store: PathBuf,
    /// The subject, running; or why it is not.
    pub outcome: Result<Running, LaunchFailure>,
    /// Its output so far.
    pub log: Vec<u8>,
}

/// A subject that runs. When this is dropped it is killed.
pub struct Running {
    live: Live,
    log: PathBuf,
    /// Dropped after the program, which has files in it.
    _room: Option<Room>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("log", &self.log).finish_non_exhaustive()
    }
}

/// A launch that the harness could not make.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no program: it is only read.
    #[error("{0} is not launched: it has only an address")]
    ReadOnly(String),
    /// A case uses a setting that the subject does not have.
    #[error("{subject} has no setting `{setting}`")]
    Setting {
        /// The subject.
        subject: String,
        /// The setting.
        setting: String,
    },
    /// A text of the declaration refers to an unknown variable.
    #[error("the declaration of {subject}: {error}")]
    Text {
        /// The subject.
        subject: String,
        /// What is wrong.
        error: String,
    },
    /// The system refused.
    #[error("{action}: {error}")]
    Io {
        /// The action that failed.
        action: String,
        /// The system's error.
        error: io::Error,
    },
}

fn failed(action: impl Into<String>) -> impl FnOnce(io::Error) -> LaunchError {
    let action = action.into();
    move |error| LaunchError::Io { action, error }
}

/// Arguments, variables and files of the program, with the values of variables put in.
struct Plan {
    args: Vec<String>,
    env: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    cwd: PathBuf,
    scheme: String,
    base_path: String,
}

impl Subject {
    /// Launches it, and waits until it is ready or cannot be any more.
    ///
    /// # Errors
    /// When the harness cannot: that the subject does not become ready is an outcome, no error.
    pub fn launch(&self, surroundings: &Surroundings) -> Result<Launched, LaunchError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let launched = self.once(surroundings)?;
            let said = String::from_utf8_lossy(&launched.log).to_lowercase();
            // Between finding a free port and the subject's listening anyone may take it; then
            // another one is tried.
            let taken = matches!(launched.outcome, Err(LaunchFailure::Ended { .. }))
                && TAKEN.iter().any(|words| said.contains(words));
            if !taken || tries == TRIES {
                return Ok(launched);
            }
        }
    }

    fn once(&self, surroundings: &Surroundings) -> Result<Launched, LaunchError> {
        let declaration = &self.declaration;
        let program = self.program.as_ref();
        let program = program.ok_or_else(|| LaunchError::ReadOnly(declaration.title.clone()))?;
        let port = free_port().map_err(failed("looking for a free port"))?;
        let work = &surroundings.work;
        let store = work.join("store");
        fs::create_dir_all(&store).map_err(failed(format!("making {}", store.display())))?;
        let room = surroundings.room.map(|bytes| Room::mount(&store, bytes)).transpose();
        let room = room.map_err(failed(format!("limiting {}", store.display())))?;
        let plan = self.plan(surroundings, port, &store)?;
        for (name, text) in &plan.files {
            let path = work.join(name);
            let write = || {
                fs::create_dir_all(path.parent().unwrap_or(work))?;
                fs::write(&path, text)
            };
            write().map_err(failed(format!("writing {}", path.display())))?;
        }
        let log = work.join("log");
        let out = File::create(&log).map_err(failed(format!("making {}", log.display())))?;
        let started = Live::start(Launch {
            program,
            args: plan.args.iter().map(OsString::from).collect(),
            env: &plan.env,
            cwd: &plan.cwd,
            log: out,
        });
        let mut live = started.map_err(failed(format!("starting {}", program.display())))?;
        let begun = Instant::now();
        let declared = Duration::from_secs(declaration.ready.seconds.into());
        let limit = surroundings.limit.unwrap_or(declared);
        let secure = plan.scheme == "https";
        let failure = loop {
            // Checked first: another program may answer on the port of one that has ended.
            if let Some(exit) = live.ended().map_err(failed("looking after the subject"))? {
                break Some(LaunchFailure::Ended { exit });
            }
            let last = match ready::look(port, &declaration.ready, secure) {
                Ok(()) => break None,
                Err(why) => why,
            };
            if begun.elapsed() >= limit {
                break Some(LaunchFailure::Late { seconds: limit.as_secs(), last });
            }
            std::thread::sleep(ready::PAUSE);
        };
        let shown = program.display().to_string();
        Ok(Launched {
            argv: std::iter::once(shown).chain(plan.args).collect(),
            env: plan.env,
            files: plan.files,
            url: format!("{}://127.0.0.1:{port}{}", plan.scheme, plan.base_path),
            store,
            log: read_end(&log),
            outcome: match failure {
                None => Ok(Running { live, log, _room: room }),
                Some(failure) => Err(failure),
            },
        })
    }

    /// Expands the declaration for a launch on this port.
    fn plan(
        &self,
        surroundings: &Surroundings,
        port: u16,
        store: &Path,
    ) -> Result<Plan, LaunchError> {
        let declaration = &self.declaration;
        let subject = || declaration.title.clone();
        let bin = |root: &String| Path::new(root).join("bin");
        let exe = std::env::consts::EXE_SUFFIX;
        let go = surroundings.goroot.as_ref().map(|root| bin(root).join(format!("go{exe}")));
        let origin = surroundings.origin.clone().unwrap_or_default();
        let mut values: BTreeMap<&str, String> = BTreeMap::from([
            ("port", port.to_string()),
            ("address", format!("127.0.0.1:{port}")),
            ("work", surroundings.work.display().to_string()),
            ("store", store.display().to_string()),
            ("upstream", surroundings.upstream.clone()),
            ("origin", origin.url),
            ("origin_ca", origin.ca),
            ("sumdb_name", origin.sumdb_name),
            ("sumdb_key", origin.sumdb_key),
            ("sumdb_url", origin.sumdb_url),
            ("server_cert", origin.tls_cert),
            ("server_key", origin.tls_key),
            ("go", go.map(|p| p.display().to_string()).unwrap_or_default()),
            ("goroot", surroundings.goroot.clone().unwrap_or_default()),
            ("gocache", surroundings.go_cache.clone()),
            ("exe", exe.to_owned()),
        ]);
        let mut plan = Plan {
            args: Vec::new(),
            env: surroundings.env.clone(),
            files: BTreeMap::new(),
            cwd: surroundings.work.clone(),
            scheme: "http".to_owned(),
            base_path: declaration.base_path.clone(),
        };
        if let (true, Some(root)) = (declaration.needs_go, &surroundings.goroot) {
            // In front: a proxy that calls `go` must call the one that the case is about.
            let path = plan.env.entry("PATH".to_owned()).or_default();
            let list = if cfg!(windows) { ';' } else { ':' };
            *path = format!("{}{list}{path}", bin(root).display());
        }
        let wrong = |error: String| LaunchError::Text { subject: subject(), error };
        let own = Addition {
            args: declaration.args.clone(),
            env: declaration.env.clone(),
            files: declaration.files.clone(),
        };
        // The subject's own texts first, then those of the case's settings: files are appended to,
        // and the last option wins in most programs.
        plan.add(&own, &values).map_err(wrong)?;
        if let Some(cwd) = &declaration.cwd {
            plan.cwd = put(cwd, &values).map_err(wrong)?.into();
        }
        if surroundings.origin.is_some() {
            plan.add(&declaration.origin, &values).map_err(wrong)?;
        }
        for (name, value) in &surroundings.set {
            let Some(setting) = declaration.set.get(name) else {
                return Err(LaunchError::Setting { subject: subject(), setting: name.clone() });
            };
            if setting.when.as_ref().is_some_and(|when| when != value) {
                continue;
            }
            let Setting { args, env, files, scheme, base_path, .. } = setting.clone();
            values.insert("value", value.clone());
            plan.add(&Addition { args, env, files }, &values).map_err(wrong)?;
            if let Some(path) = base_path {
                plan.base_path = put(&path, &values).map_err(wrong)?;
            }
            plan.scheme = scheme.unwrap_or(plan.scheme);
        }
        Ok(plan)
    }
}

fn put(text: &Template, values: &BTreeMap<&str, String>) -> Result<String, String> {
    text.expand(|name| values.get(name)).map_err(|e| e.to_string())
}

impl Plan {
    fn add(&mut self, what: &Addition, values: &BTreeMap<&str, String>) -> Result<(), String> {
        let put = |text: &Template| put(text, values);
        for arg in &what.args {
            self.args.push(put(arg)?);
        }
        for (name, value) in &what.env {
            self.env.insert(name.clone(), put(value)?);
        }
        for (path, text) in &what.files {
            self.files.entry(path.clone()).or_default().push_str(&put(text)?);
        }
        Ok(())
    }
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.live.id()
    }

    /// The outcome of the process once it has ended: `Some(None)` when it has no exit code.
    pub fn ended(&mut self) -> Option<Option<i64>> {
        self.live.ended().ok().flatten()
    }

    /// Asks it to end, and kills it when it does not. Returns its output.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        let log = self.log;
        self.live.end(PATIENCE);
        read_end(&log)
    }

    /// Kills it at once. Returns its output.
    #[must_use]
    pub fn kill(self) -> Vec<u8> {
        drop(self.live);
        read_end(&self.log)
    }
}

/// A port that is free at the moment.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// The last bytes of a file; none where it cannot be read.
fn read_end(path: &Path) -> Vec<u8> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        // The end of a long log: a program says last why it failed.
        file.seek(SeekFrom::Start(size.saturating_sub(LOG)))?;
        let mut bytes = Vec::new();
        file.take(LOG).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().unwrap_or_default()
}

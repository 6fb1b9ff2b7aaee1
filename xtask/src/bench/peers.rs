//! The servers that are compared: subjects by their declarations, and nginx over a store.

use super::comparison::OWN;
use crate::nginx::Nginx;
use crate::process::Process;
use anyhow::{Context as _, anyhow, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use twinproof_origin::Origin;
use twinproof_subject::{Declarations, Kind, Means, Subject, Surroundings, Upstream};

/// The setting of a subject that says whether it writes a line for every request. Here it does not,
/// where that can be configured: neither does nginx.
const ACCESS_LOG: &str = "access_log";

/// A server that can be compared, with its program at hand.
pub struct Peers {
    subjects: Vec<Subject>,
    goroot: PathBuf,
    go_cache: PathBuf,
}

/// A server that runs; it ends when this is dropped.
pub struct Running {
    pub name: String,
    pub url: String,
    /// The folder with its files.
    pub store: PathBuf,
    id: u32,
    _server: Server,
}

enum Server {
    Subject { _running: twinproof_subject::Running, _folder: tempfile::TempDir },
    Nginx { _nginx: Nginx },
}

impl Peers {
    /// The embedded proxy (`program`) and the subjects of those names (`NAME` or `NAME=PATH`).
    ///
    /// # Errors
    /// When one is not declared, or its program is not available.
    pub fn new(root: &Path, program: &Path, names: &[String]) -> anyhow::Result<Self> {
        let mut declarations = Declarations::default();
        for entry in std::fs::read_dir(root.join("suites/subjects"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "toml") {
                declarations.add(Declarations::file(&path)?);
            }
        }
        let cache = twinproof_toolchain::Cache::of_user()?;
        let go = which::which("go").context("go is not on PATH")?;
        let text = |args: &[&str]| -> anyhow::Result<String> {
            let output = std::process::Command::new(&go).args(args).output()?;
            ensure!(output.status.success(), "go {args:?} failed");
            Ok(String::from_utf8(output.stdout)?.trim().to_owned())
        };
        let go_cache = PathBuf::from(text(&["env", "GOCACHE"])?);
        let version = text(&["env", "GOVERSION"])?.trim_start_matches("go").to_owned();
        let mut given = BTreeMap::new();
        let mut wanted = vec!["embedded".to_owned()];
        for name in names.iter().filter(|n| !n.is_empty()) {
            match name.split_once('=') {
                Some((name, path)) => {
                    given.insert(name.to_owned(), PathBuf::from(path));
                    wanted.push(name.to_owned());
                }
                None => wanted.push(name.clone()),
            }
        }
        let means = Means {
            this: Ok(program.to_owned()),
            given,
            go: Some((go.clone(), version)),
            cache: cache.root().to_owned(),
            go_cache: go_cache.clone(),
        };
        let get = |name: &String| {
            let declaration = declarations
                .get(Kind::Proxy, name)
                .ok_or_else(|| anyhow!("no subject {name} in suites/subjects"))?;
            Subject::get(declaration, &means, &|what| eprintln!("{what}"))
                .map_err(|missing| anyhow!("{missing}; {}", missing.remedy))
        };
        Ok(Self {
            subjects: wanted.iter().map(get).collect::<anyhow::Result<_>>()?,
            goroot: PathBuf::from(text(&["env", "GOROOT"])?),
            go_cache,
        })
    }

    /// All of them; the embedded one is the first.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Launches one in front of `origin`, or of `upstream` where there is none.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn launch(
        &self,
        subject: &Subject,
        origin: Option<&Origin>,
        upstream: &str,
    ) -> anyhow::Result<Running> {
        let folder = tempfile::Builder::new().prefix("twinproof-bench-").tempdir()?;
        let needed = ["PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP"];
        let mut env: BTreeMap<String, String> =
            needed.iter().filter_map(|n| Some(((*n).to_owned(), std::env::var(n).ok()?))).collect();
        // The few variables without which programs do not start; a GOFLAGS of this machine would
        // change the subject.
        env.insert("GOPATH".into(), folder.path().join("gopath").display().to_string());
        // Otherwise go writes a cache that cannot be removed with its folder.
        env.insert("GOFLAGS".into(), "-modcacherw".into());
        let addresses = |o: &Origin| Upstream {
            url: o.url(),
            ca: String::new(),
            tls_cert: String::new(),
            tls_key: String::new(),
            sumdb_name: o.sumdb_name().to_owned(),
            sumdb_key: o.sumdb_key(),
            sumdb_url: o.sumdb_url(),
        };
        let set = &subject.declaration.set;
        // Writing a line for each request costs more than answering from memory.
        let quiet = set.contains_key(ACCESS_LOG).then(|| (ACCESS_LOG.into(), "false".into()));
        let launched = subject.launch(&Surroundings {
            work: folder.path().to_owned(),
            env,
            upstream: origin.map_or_else(|| upstream.to_owned(), Origin::url),
            origin: origin.map(addresses),
            goroot: Some(self.goroot.display().to_string()),
            go_cache: self.go_cache.display().to_string(),
            set: quiet.into_iter().collect(),
            room: None,
            limit: None,
        })?;
        let name = &subject.declaration.name;
        let running = launched.outcome.map_err(|failure| {
            anyhow!("{name}: {failure:?}\n{}", String::from_utf8_lossy(&launched.log))
        })?;
        Ok(Running {
            name: if name == "embedded" { OWN.to_owned() } else { name.clone() },
            url: launched.url,
            store: launched.store,
            id: running.id(),
            _server: Server::Subject { _running: running, _folder: folder },
        })
    }
}

impl Running {
    /// nginx over a store.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn nginx(store: &Path, cached: bool) -> anyhow::Result<Self> {
        let nginx = Nginx::start(store, cached)?;
        let name = if cached { "nginx, open_file_cache" } else { "nginx" };
        Ok(Self {
            name: name.to_owned(),
            url: nginx.url.clone(),
            store: store.to_owned(),
            id: nginx.id(),
            _server: Server::Nginx { _nginx: nginx },
        })
    }

    /// Resident memory of it and its children in MiB; none where the system does not say.
    pub fn memory(&self) -> Option<f64> {
        Process(self.id).resident().map(|kib| kib as f64 / 1024.0)
    }
}

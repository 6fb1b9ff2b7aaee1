//! The servers that are attacked: the embedded ones over a store that has been filled, and nginx over
//! the same files.

use super::client::{Tls, get};
use crate::nginx::Nginx;
use crate::process::Process;
use anyhow::{Context as _, bail, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use twinproof_origin::{CertificateSpec, Origin, Setup};

/// A zip of 10 MB, and small files beside it.
pub const LARGE: &str = "/crafted.example/medium/@v/v1.1.0.zip";
pub const SMALL: &str = "/crafted.example/medium/@v/v1.1.0.info";
pub const MOD: &str = "/crafted.example/medium/@v/v1.1.0.mod";

/// The stage: an upstream, a store, certificates.
pub struct Servers {
    program: PathBuf,
    pub quick: bool,
    pub origin: Origin,
    pub tls: Tls,
    folder: tempfile::TempDir,
}

/// The protocols that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Http,
    /// HTTP/2 without TLS, with prior knowledge.
    Http2,
    Tls,
}

/// A server that runs; it ends when this is dropped.
pub struct Server {
    /// `127.0.0.1:PORT`.
    pub address: String,
    pub process: Process,
    held: Held,
}

enum Held {
    Own(Child),
    Nginx { _nginx: Nginx },
}

impl Servers {
    /// Fills a store.
    ///
    /// # Errors
    /// When the program does not serve.
    pub fn new(program: PathBuf, quick: bool) -> anyhow::Result<Self> {
        let origin = Origin::start(Setup::default())?;
        let folder = tempfile::Builder::new().prefix("twinproof-attack-").tempdir()?;
        let identity = origin.issue(&CertificateSpec::loopback_server())?;
        std::fs::write(folder.path().join("cert.pem"), &identity.certificate_pem)?;
        twinproof_base::file::write(&folder.path().join("key.pem"), identity.key_pem.as_bytes())?;
        let tls = Tls::new(&origin.ca_pem()?)?;
        let servers = Self { program, quick, origin, tls, folder };
        let fill = servers.proxy(&["--upstream", &servers.origin.url()])?;
        for target in [LARGE, SMALL, MOD] {
            let status = get(&fill.address, target)?.0;
            ensure!(status == 200, "{target}: {status}");
        }
        Ok(servers)
    }

    /// `full`, or in a quick run `quick`.
    pub fn count(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// The embedded proxy over the store.
    pub fn own(&self, speaks: Speaks) -> anyhow::Result<Server> {
        let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
        let tls = ["--offline", "--tls-cert", &cert, "--tls-key", &key];
        self.proxy(if speaks == Speaks::Tls { &tls } else { &tls[..1] })
    }

    /// The same on a socket that is handed over, as systemd does, so that it outlives the server.
    #[cfg(unix)]
    pub fn own_on(&self, socket: &std::net::TcpListener, speaks: Speaks) -> anyhow::Result<Server> {
        let (cert, key, store) = (self.path("cert.pem"), self.path("key.pem"), self.path("store"));
        let mut command = Command::new("sh");
        let script = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\" 3<&0 </dev/null";
        command.args(["-c", script, "sh"]).arg(&self.program).args(["proxy", "serve", "--offline"]);
        command.args(["--store", &store, "--log-access=false", "--log-level", "error"]);
        if speaks == Speaks::Tls {
            command.args(["--tls-cert", &cert, "--tls-key", &key]);
        }
        let socket: std::os::fd::OwnedFd = socket.try_clone()?.into();
        announced("proxy", command.stdin(Stdio::from(socket)))
    }

    /// The embedded proxy over the store with these flags.
    pub fn proxy(&self, flags: &[&str]) -> anyhow::Result<Server> {
        self.proxy_over(&self.folder.path().join("store"), flags)
    }

    /// The embedded proxy over another store.
    pub fn proxy_over(&self, store: &Path, flags: &[&str]) -> anyhow::Result<Server> {
        let store = store.display().to_string();
        let more = ["--store", &store, "--log-access=false", "--log-level", "error"];
        self.start("proxy", &[&more, flags].concat())
    }

    /// The embedded database, which grows from this upstream.
    pub fn sumdb(&self, upstream: &str) -> anyhow::Result<Server> {
        let (key, store) = (self.path("key"), self.path("database"));
        if !Path::new(&key).exists() {
            let mut make = Command::new(&self.program);
            make.args(["sumdb", "key", "--name", "sum.example", "--out", &key]);
            ensure!(make.stdout(Stdio::null()).status()?.success(), "no key was made");
        }
        let flags = ["--key", &key, "--store", &store, "--upstream", upstream];
        self.start("sumdb", &[&flags[..], &["--log-level", "error"]].concat())
    }

    /// The files that the upstream has below a target.
    pub fn origin_body(&self, target: &str) -> anyhow::Result<Vec<u8>> {
        let url = self.origin.url();
        let address = url.trim_start_matches("http://");
        let (status, body) = get(address, target)?;
        ensure!(status == 200, "{target}: {status}");
        Ok(body)
    }

    /// Starts a server and sends it SIGHUP so much time after the program has begun to hold signals
    /// back, or has a handler. Whether it serves in the end.
    #[cfg(unix)]
    pub fn start_and_hang_up(&self, after: Duration) -> anyhow::Result<bool> {
        let store = self.path("store");
        let mut command = self.command("proxy", &["--offline", "--store", &store]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        // The time before that is the loader's and the runtime's, in which no program can keep a
        // signal.
        let begun = || Process(child.id()).keeps_hangup();
        let wait = Instant::now();
        while !begun() && wait.elapsed() < Duration::from_secs(5) {}
        std::thread::sleep(after);
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::HUP)?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let _ = child.kill();
        child.wait()?;
        Ok(line.starts_with("listening"))
    }

    fn command(&self, what: &str, flags: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args([what, "serve", "--listen", "127.0.0.1:0"]).args(flags);
        // Settings of this machine's user are for other servers.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TWINPROOF_") {
                command.env_remove(name);
            }
        }
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        command.stdin(Stdio::null());
        command
    }

    fn start(&self, what: &str, flags: &[&str]) -> anyhow::Result<Server> {
        announced(what, &mut self.command(what, flags))
    }

    /// nginx over the store; none where there is none.
    pub fn nginx(&self, speaks: Speaks) -> anyhow::Result<Option<Server>> {
        let words = match speaks {
            Speaks::Http => String::new(),
            Speaks::Http2 => "http2; http2_max_concurrent_streams 250".to_owned(),
            Speaks::Tls => {
                let (cert, key) = (self.path("cert.pem"), self.path("key.pem"));
                format!("ssl; ssl_certificate {cert}; ssl_certificate_key {key}")
            }
        };
        if !Nginx::is_there() {
            return Ok(None);
        }
        let nginx = Nginx::speaking(&self.folder.path().join("store"), true, &words)?;
        let address = nginx.url.trim_start_matches("http://").to_owned();
        let process = Process(nginx.id());
        Ok(Some(Server { address, process, held: Held::Nginx { _nginx: nginx } }))
    }

    /// A figure of both, measured alike: the embedded proxy's and nginx's.
    pub fn both(
        &self,
        speaks: Speaks,
        measure: impl Fn(&Server) -> anyhow::Result<f64>,
    ) -> anyhow::Result<(f64, Option<f64>)> {
        let own = measure(&self.own(speaks)?).context("twinproof")?;
        let nginx = match self.nginx(speaks)? {
            Some(nginx) => Some(measure(&nginx).context("nginx")?),
            None => None,
        };
        Ok((own, nginx))
    }
}

/// Starts a server, and reads where it listens.
fn announced(what: &str, command: &mut Command) -> anyhow::Result<Server> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().context("its output")?;
    BufReader::new(out).read_line(&mut line)?;
    let Some((_, address)) = line.trim().split_once("://") else {
        let _ = child.kill();
        bail!("{what} does not listen: {:?}", child.wait()?);
    };
    let (address, process) = (address.to_owned(), Process(child.id()));
    Ok(Server { address, process, held: Held::Own(child) })
}

impl Server {
    /// Resident memory, in KiB.
    pub fn resident(&self) -> anyhow::Result<f64> {
        Ok(self.process.resident().context("no /proc: memory is not known")? as f64)
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) -> anyhow::Result<()> {
        let id = rustix::process::Pid::from_raw(self.process.0.cast_signed()).context("an id")?;
        Ok(rustix::process::kill_process(id, signal)?)
    }

    /// Whether it ended by itself, in order, within some time.
    pub fn ends(&mut self, limit: Duration) -> anyhow::Result<bool> {
        let Held::Own(child) = &mut self.held else { return Ok(true) };
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if let Some(status) = child.try_wait()? {
                return Ok(status.success());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Held::Own(child) = &mut self.held {
            // The program may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

//! nginx over a store's files: the cost of a web server without code for modules.

use anyhow::{Context as _, ensure};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running nginx, ended when dropped.
pub struct Nginx {
    child: Child,
    /// The URL it serves at.
    pub url: String,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// Starts Debian's nginx over `root` with one worker a core; `cached` keeps open files.
    ///
    /// # Errors
    /// When there is no nginx, or it does not listen within ten seconds.
    pub fn start(root: &Path, cached: bool) -> anyhow::Result<Self> {
        Self::speaking(root, cached, "")
    }

    /// The same, with more words behind the address that it listens on, such as `http2`; and more
    /// lines behind them.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn speaking(root: &Path, cached: bool, words: &str) -> anyhow::Result<Self> {
        let program = program()?;
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let cache = if cached {
            "open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s; \
             open_file_cache_min_uses 1; open_file_cache_errors on;"
        } else {
            ""
        };
        let (at, root) = (folder.path().display(), root.display());
        // Settings that make nginx fast here: no log, files by sendfile, connections that stay.
        let config = format!(
            "daemon off; worker_processes auto; pid {at}/pid; error_log {at}/error;
events {{ worker_connections 12000; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
  keepalive_timeout 600s; {cache}
  client_body_temp_path {at}/body; proxy_temp_path {at}/proxy; fastcgi_temp_path {at}/fastcgi;
  uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;
  server {{ listen 127.0.0.1:{port} reuseport {words}; root {root}; default_type text/plain; }}
}}
"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&file).arg("-p").arg(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut nginx = Self {
            child: command.spawn().context("nginx")?,
            url: format!("http://127.0.0.1:{port}"),
            _folder: folder,
        };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = nginx.child.try_wait()?;
            ensure!(ended.is_none(), "nginx ended at once: {ended:?}");
            ensure!(begun.elapsed() < Duration::from_secs(10), "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// Whether there is one.
    pub fn is_there() -> bool {
        program().is_ok()
    }

    /// Ids of its master and workers.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

fn program() -> anyhow::Result<PathBuf> {
    which::which("nginx")
        // Debian keeps servers there, and an ordinary user's PATH does not name it.
        .or_else(|_| which::which_in("nginx", Some("/usr/sbin"), "/"))
        .context("nginx is not there: apt-get install nginx-light")
}

impl Drop for Nginx {
    /// The master ends its workers on SIGTERM, not when it is killed.
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = rustix::process::Pid::from_raw(self.child.id().cast_signed()) {
            // Its workers end with the master at SIGTERM; at SIGKILL they stay.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(5) {
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

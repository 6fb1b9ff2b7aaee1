//! A server of this program, ended with the test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for an event that must come.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that runs.
pub struct Served {
    child: Child,
    pub url: String,
    log: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// `proxy serve` on a port of its own.
    pub fn proxy(args: &[&str]) -> Self {
        Self::start("proxy", args)
    }

    /// `sumdb serve` on a port of its own.
    pub fn sumdb(args: &[&str]) -> Self {
        Self::start("sumdb", args)
    }

    fn start(what: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args([what, "serve", "--listen", "127.0.0.1:0"]).args(args);
        Self::of(&mut command)
    }

    /// `what serve` with these variables.
    pub fn with(what: &str, variables: &[(&str, &str)], args: &[&str]) -> Self {
        let mut command = Command::new(program());
        command.args([what, "serve", "--listen", "127.0.0.1:0"]).args(args);
        Self::of(command.envs(variables.iter().copied()))
    }

    /// `proxy serve` on a socket that is handed to it, as systemd does.
    #[cfg(unix)]
    pub fn on(socket: &std::net::TcpListener, args: &[&str]) -> Self {
        let mut command = Command::new("sh");
        // `$$` is the process that `exec` keeps; fd 3 is the first that systemd passes.
        let script = "LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\" 3<&0 </dev/null";
        command.args(["-c", script, "sh"]).arg(program()).args(["proxy", "serve"]).args(args);
        let socket: std::os::fd::OwnedFd = socket.try_clone().unwrap().into();
        Self::of(command.stdin(Stdio::from(socket)))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, kept) = (BufReader::new(child.stderr.take().unwrap()).lines(), log.clone());
        // On a thread: a log that is not read fills the pipe and stops the program.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                println!("{line}");
                kept.lock().unwrap().push(line);
            }
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("it does not listen: {line}"));
        Self { child, url, log }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// The first line of its log that has this text, when it comes.
    pub fn says(&self, text: &str) -> String {
        let found = || self.log.lock().unwrap().iter().find(|line| line.contains(text)).cloned();
        until(text, found)
    }

    /// The URL of its second listener. Its log is JSON.
    pub fn metrics_url(&self) -> String {
        let line: serde_json::Value = serde_json::from_str(&self.says("metrics")).unwrap();
        line["url"].as_str().unwrap().to_owned()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// How it ends by itself.
    #[cfg(unix)]
    pub fn end(&mut self) -> std::process::ExitStatus {
        until("the end", || self.child.try_wait().unwrap())
    }

    /// Ends it by force.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program.
pub fn program() -> std::path::PathBuf {
    assert_cmd::cargo::cargo_bin("twinproof")
}

/// Waits for something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

//! The proof that a driver can be believed: each of its answers is provoked once, the negative ones
//! too.
//!
//! A driver that cannot say "there is no such program", or that reports another exit code than the
//! program's, would make every verdict of its environment worthless. So a handshake that fails is an
//! error of the driver, never an absence.

use crate::driver::{
    Contents, Environment, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits,
};
use crate::probe::{ask, ask_go, is_posix, join, variables};
use std::time::{Duration, Instant};

/// Exit codes that must come through. Some relays take 67 and 87 for themselves.
const CODES: [i64; 4] = [0, 3, 67, 87];
/// Time limit of the program that never ends.
const SLEEP_LIMIT: Duration = Duration::from_millis(500);
/// Time by which it must be reported as killed.
const SLEEP_KILLED: Duration = Duration::from_secs(45);
const NONCE: &str = "TWINPROOF_HANDSHAKE";

struct Handshake<'a> {
    environment: &'a dyn Environment,
    sandbox: &'a dyn Sandbox,
    goroot: Option<&'a str>,
    nonce: String,
}

/// Shakes hands with an environment in an open work directory; `goroot` is the native root of one of
/// its SDKs, for where there is no shell. Returns a line for each thing that was proved.
///
/// # Errors
/// When the driver fails, or gives another answer than it must.
pub fn shake(
    environment: &dyn Environment,
    sandbox: &dyn Sandbox,
    goroot: Option<&str>,
) -> Result<Vec<String>, EnvironmentError> {
    let nonce = nonce(sandbox.root());
    let handshake = Handshake { environment, sandbox, goroot, nonce };
    for dir in ["home", "tmp"] {
        sandbox.put(&handshake.at(dir), &Put::Dir { mode: None })?;
    }
    Ok(vec![
        handshake.not_found()?,
        handshake.exit_codes()?,
        handshake.files()?,
        handshake.nothing_there()?,
        handshake.variables()?,
        handshake.arguments()?,
        handshake.time_limit()?,
    ])
}

/// Something that no earlier run left behind: the time, in a form that is fit for a file.
fn nonce(root: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("{root} {}", now.map_or(0, |d| d.as_nanos()))
}

impl Handshake<'_> {
    fn at(&self, relative: &str) -> String {
        join(self.sandbox.root(), relative)
    }

    fn posix(&self) -> bool {
        is_posix(self.sandbox.root())
    }

    fn ask(&self, program: &str, args: &[&str]) -> Exec {
        ask(self.environment, self.sandbox.root(), program, args)
    }

    /// A line of the system's shell.
    fn shell(&self, line: &str) -> Exec {
        if self.posix() {
            self.ask("sh", &["-c", line])
        } else {
            self.ask("cmd.exe", &["/d", "/c", line])
        }
    }

    fn require(&self, holds: bool, what: &str, got: &dyn std::fmt::Debug) -> Checked {
        if holds {
            return Ok(());
        }
        let message = format!("{what}; got {got:?}");
        Err(EnvironmentError::driver(self.environment.name(), "handshake", message))
    }

    fn not_found(&self) -> Proved {
        let name = "twinproof-no-such-program";
        for program in [name.to_owned(), self.at(name)] {
            let exited = self.sandbox.exec(&self.ask(&program, &[]))?;
            let right = exited.not_found && exited.code.is_none();
            self.require(right, &format!("{program} must be reported as not found"), &exited)?;
        }
        Ok("a program that is not there is reported as not found".to_owned())
    }

    fn exit_codes(&self) -> Proved {
        for code in CODES {
            let exited = self.sandbox.exec(&self.shell(&format!("exit {code}")))?;
            if exited.not_found {
                return self.exit_code_of_go();
            }
            let right = exited.code == Some(code) && !exited.timed_out;
            self.require(right, &format!("`exit {code}` must give {code}"), &exited)?;
        }
        Ok(format!("exit codes come through: {CODES:?}"))
    }

    /// Without a shell: `go tool nosuch` ends with 2.
    fn exit_code_of_go(&self) -> Proved {
        let Some(goroot) = self.goroot else {
            let what = "there is neither a shell nor an SDK to see an exit code of";
            return Err(EnvironmentError::driver(self.environment.name(), "handshake", what));
        };
        let args = ["tool", "twinproof-no-such-tool"];
        let exec = ask_go(self.environment, self.sandbox.root(), goroot, &args);
        let exited = self.sandbox.exec(&exec)?;
        self.require(exited.code == Some(2), "`go tool nosuch` must give 2", &exited)?;
        Ok("exit codes come through: [2]".to_owned())
    }

    fn files(&self) -> Proved {
        let path = self.at("handshake/nonce.txt");
        let bytes = self.nonce.clone().into_bytes();
        self.sandbox.put(&path, &Put::File { bytes: bytes.clone(), mode: None })?;
        let limits = SnapshotLimits::default();
        let entries = self.sandbox.entries(&path, Contents::Wanted, limits)?;
        let read = entries.first().and_then(|e| e.bytes.as_ref());
        self.require(read == Some(&bytes), "a file must be read back as it was written", &entries)?;
        let exited = if self.posix() {
            self.sandbox.exec(&self.ask("cat", &[&path]))?
        } else {
            self.sandbox.exec(&self.ask("cmd.exe", &["/d", "/c", "type", &path]))?
        };
        let right = exited.not_found || exited.stdout == bytes;
        self.require(right, "a program must read the file that was written", &exited)?;
        Ok("a file is read back as it was written, by a program too".to_owned())
    }

    fn nothing_there(&self) -> Proved {
        let path = self.at("handshake/no/such/file");
        let entries = self.sandbox.entries(&path, Contents::Wanted, SnapshotLimits::default())?;
        self.require(entries.is_empty(), "a path where nothing is must give nothing", &entries)?;
        Ok("a path where nothing is gives nothing".to_owned())
    }

    fn variables(&self) -> Proved {
        let mut exec = if self.posix() { self.ask("env", &[]) } else { self.shell("set") };
        let value = r#"a "b" 'c' $HOME \ end\"#;
        exec.env.insert(NONCE.to_owned(), value.to_owned());
        let exited = self.sandbox.exec(&exec)?;
        if exited.not_found {
            return Ok("variables: there is no program that shows them".to_owned());
        }
        let text = String::from_utf8_lossy(&exited.stdout).into_owned();
        let seen = variables(&text);
        let right = seen.get(NONCE) == Some(&value);
        self.require(right, "a variable must come through as it was set", &exited)?;
        let is_set = |name: &str| exec.env.keys().any(|k| k.eq_ignore_ascii_case(name));
        // Windows' shell sets some of these for itself.
        let own = |name: &str| {
            !self.posix() && (name.is_empty() || ["PROMPT", "COMSPEC", "PATHEXT"].contains(&name))
        };
        let leaked = |name: &&&str| !is_set(name) && !own(&name.to_ascii_uppercase());
        let extra: Vec<_> = seen.keys().filter(leaked).collect();
        if self.posix() {
            self.require(extra.is_empty(), "no other variable may be set", &extra)?;
        } else {
            // Wine and Windows add what every process has; the harness's own must not get through.
            let from_here = |name: &&&&str| std::env::var(name).is_ok_and(|v| seen[**name] == v);
            let extra: Vec<_> = extra.iter().filter(from_here).collect();
            self.require(extra.is_empty(), "the harness's variables may not get through", &extra)?;
        }
        Ok("variables come through as they are set, and no others".to_owned())
    }

    fn arguments(&self) -> Proved {
        if !self.posix() {
            return Ok("arguments: there is no program that shows them".to_owned());
        }
        let args = ["", "a b", r#"a"b"#, "it's", r"end\", "$HOME", "*", "a\nb", "ü", "-n", "%s"];
        let mut exec = self.ask("printf", &["%s\\0"]);
        exec.args.extend(args.iter().map(|&a| a.to_owned()));
        let exited = self.sandbox.exec(&exec)?;
        let want: String = args.iter().map(|a| format!("{a}\0")).collect();
        let right = exited.not_found || exited.stdout == want.as_bytes();
        self.require(right, "arguments must come through as they are", &exited)?;
        let mut exec = self.ask("cat", &[]);
        exec.stdin = b"\x00\xff\r\n\x1a end".to_vec();
        let exited = self.sandbox.exec(&exec)?;
        let right = exited.not_found || exited.stdout == exec.stdin;
        self.require(right, "input and output must come through as they are", &exited)?;
        Ok("arguments, input and output come through as they are".to_owned())
    }

    fn time_limit(&self) -> Proved {
        let mut exec = if self.posix() {
            self.ask("sleep", &["600"])
        } else {
            // A loop without an end: not every Windows here has a program that waits.
            self.shell("for /L %i in (1,0,2) do @rem")
        };
        exec.limit = SLEEP_LIMIT;
        let started = Instant::now();
        let exited: Exited = self.sandbox.exec(&exec)?;
        if exited.not_found {
            return Ok("time limit: there is no program that waits".to_owned());
        }
        let right = exited.timed_out && exited.code.is_none() && started.elapsed() < SLEEP_KILLED;
        self.require(right, "a program must be killed at its time limit", &exited)?;
        Ok("a program is killed at its time limit".to_owned())
    }
}

type Checked = Result<(), EnvironmentError>;
type Proved = Result<String, EnvironmentError>;

//! `wsl.exe` as a way to run scripts in one distribution.

use super::decode::decode;
use crate::driver::EnvironmentError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use twinproof_model::EnvironmentName;
use twinproof_process::{self as process, Ended, Grace, Start, Stdin, Variables};

/// Decodes its first argument and runs it, without a quote or a backslash: with nothing to split at
/// and no patterns, the words of the script stay one.
const LINE: &str = "IFS=;set -f;eval $(echo $1|base64 -d)";
/// Longest script that goes into a command line, whose limit on Windows is 32,767 characters.
// Base64 makes it a third longer, to 29,336 characters; the rest is for the other arguments.
const LONGEST: usize = 22_000;
/// Time that `wsl.exe` has to end after the program that it runs was killed.
const GRACE: Duration = Duration::from_secs(10);
/// Time limit for killing that program.
const KILL: Duration = Duration::from_secs(20);
/// Most bytes of a message of `wsl.exe`.
const MESSAGE: u64 = 1 << 20;

/// `wsl.exe` itself.
#[derive(Clone, Debug)]
pub(super) struct WslExe {
    pub(super) program: PathBuf,
}

impl WslExe {
    /// Runs it with these arguments.
    pub(super) fn run(
        &self,
        args: &[&str],
        stdin: Stdin,
        limit: Duration,
        output_limit: u64,
        grace: Option<Grace<'_>>,
    ) -> std::io::Result<Ended> {
        // Reached from Linux, the variable gets to Windows when WSLENV lists it.
        let inherited = [("WSL_UTF8", "1"), ("WSLENV", "WSL_UTF8/w")];
        // A directory that Windows has a name for: it would warn of any other.
        let cwd = self.program.parent().unwrap_or_else(|| Path::new("."));
        process::run(Start {
            program: &self.program,
            args: args.iter().map(OsString::from).collect(),
            variables: Variables::Inherited(&inherited),
            cwd,
            stdin,
            limit,
            output_limit,
            grace,
        })
    }

    /// Runs it with a question about itself; its exit code and its decoded output.
    pub(super) fn ask(&self, args: &[&str]) -> std::io::Result<(Option<i64>, String)> {
        let ended = self.run(args, Stdin::Null, Duration::from_secs(60), MESSAGE, None)?;
        Ok((ended.code, decode(&ended.stdout)))
    }
}

/// A distribution, reached by `wsl.exe`.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) exe: WslExe,
    pub(super) name: EnvironmentName,
    pub(super) distribution: String,
}

/// The outcome of a script.
#[derive(Debug)]
pub(super) struct Answer {
    /// The word of its trailer; none when it was killed at its limit.
    pub(super) word: Option<String>,
    pub(super) ended: Ended,
}

impl Answer {
    /// Whether its exit code was 0.
    pub(super) fn is_ok(&self) -> bool {
        self.word.as_deref() == Some("0")
    }
}

/// A token that no other script of this machine has now.
pub(super) fn token() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |d| d.as_nanos());
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("twinproof-{:x}-{now:x}-{number:x}", std::process::id())
}

impl Relay {
    /// A failure of this driver.
    pub(super) fn failed(&self, action: &str, message: impl ToString) -> EnvironmentError {
        EnvironmentError::driver(&self.name, action, message)
    }

    /// Runs a script that ends with a trailer of `token`. At the limit the script `kill` is run.
    pub(super) fn script(
        &self,
        action: &str,
        (token, script): (&str, &str),
        stdin: Stdin,
        (limit, output_limit): (Duration, u64),
        kill: Option<&str>,
    ) -> Result<Answer, EnvironmentError> {
        let stored = (script.len() > LONGEST).then(|| self.store(token, script)).transpose()?;
        let script = BASE64.encode(stored.as_deref().unwrap_or(script));
        let ask = || {
            if let Some(kill) = kill {
                // The handshake reports a session that could not be killed; it ends with wsl.exe below.
                let _ = self.sh(&BASE64.encode(kill), Stdin::Null, (KILL, MESSAGE), None);
            }
        };
        let grace = Grace { ask: &ask, wait: GRACE };
        let ended = self
            .sh(&script, stdin, (limit, output_limit), Some(grace))
            .map_err(|e| self.failed(action, e))?;
        self.answer(action, token, ended)
    }

    /// Puts a script that is too long for a command line into a file; the script that runs it.
    fn store(&self, token: &str, script: &str) -> Result<String, EnvironmentError> {
        let file = format!("/tmp/{token}.sh");
        let line = BASE64.encode(format!("cat >{file}"));
        let bytes = Stdin::Bytes(script.as_bytes().to_vec());
        let ended = self
            .sh(&line, bytes, (KILL, MESSAGE), None)
            .map_err(|e| self.failed("storing a script", e))?;
        if ended.code != Some(0) {
            return Err(self.refused("storing a script", &ended));
        }
        // The shell reads the whole file before it removes it.
        Ok(format!("S=$(cat {file})\nrm -f {file}\nIFS=' '\nset +f\neval \"$S\""))
    }

    fn sh(
        &self,
        base64: &str,
        stdin: Stdin,
        (limit, output_limit): (Duration, u64),
        grace: Option<Grace<'_>>,
    ) -> std::io::Result<Ended> {
        let args =
            ["-d", &self.distribution, "--cd", "/", "--exec", "/bin/sh", "-c", LINE, "sh", base64];
        self.exe.run(&args, stdin, limit, output_limit, grace)
    }

    /// Takes the trailer off standard error.
    fn answer(
        &self,
        action: &str,
        token: &str,
        mut ended: Ended,
    ) -> Result<Answer, EnvironmentError> {
        if ended.timed_out {
            if let Some((at, _)) = trailer(&ended.stderr, token) {
                ended.stderr.truncate(at);
            }
            return Ok(Answer { word: None, ended });
        }
        let word = match trailer(&ended.stderr, token) {
            Some((at, word)) => {
                // After it there may be a warning of wsl.exe's own, which is not the program's.
                ended.stderr.truncate(at);
                Some(word)
            }
            None => trailer(&ended.stderr_tail, token).map(|(_, word)| word),
        };
        match (ended.code, word) {
            (Some(0), Some(word)) => Ok(Answer { word: Some(word), ended }),
            _ => Err(self.refused(action, &ended)),
        }
    }

    /// `wsl.exe` failed: its words, wherever it put them.
    fn refused(&self, action: &str, ended: &Ended) -> EnvironmentError {
        let code = ended.code.map_or("none".to_owned(), |code| code.to_string());
        let (out, err) = (decode(&ended.stdout), decode(&ended.stderr));
        let said = [out.trim(), err.trim()].join("\n");
        self.failed(action, format!("wsl.exe ended with {code}: {}", said.trim()))
    }
}

/// Offset of the trailer of `token`, and its word.
fn trailer(stderr: &[u8], token: &str) -> Option<(usize, String)> {
    let needle = format!("\n{token} ");
    let at = stderr.windows(needle.len()).rposition(|window| window == needle.as_bytes())?;
    let rest = stderr.get(at + needle.len()..)?;
    let end = rest.iter().position(|&b| b == b'\n')?;
    Some((at, String::from_utf8_lossy(rest.get(..end)?).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::{LINE, token, trailer};
    use rstest::rstest;

    #[rstest]
    #[case(b"\nT 0\n", Some((0, "0")))]
    #[case(b"error\nT 137\n", Some((5, "137")))]
    #[case(b"\nT 1\nmore\nT 2\nwsl: warning\r\n", Some((9, "2")))]
    #[case(b"\nT 0", None)]
    #[case(b"\nTT 0\n", None)]
    #[case(b"", None)]
    fn the_trailer_is_found_at_the_end_of_standard_error(
        #[case] stderr: &[u8],
        #[case] want: Option<(usize, &str)>,
    ) {
        let want = want.map(|(at, word)| (at, word.to_owned()));
        assert_eq!(trailer(stderr, "T"), want);
    }

    #[test]
    fn nothing_on_the_command_line_can_be_split_in_two_ways() {
        assert!(!LINE.contains(['"', '\\', '\'']));
        assert_ne!(token(), token());
    }
}

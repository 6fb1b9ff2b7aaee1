//! `go`, `exec` and `wait`: programs, with limits.

use crate::parse::{Command, Want};
use crate::script::{Line, ScriptError};
use crate::setting::Setting;
use crate::state::{Background, Fault, Ran, State};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use twinproof_process::{Ended, Start, Stdin, Variables, lookup};

/// A program about to run, with all that it needs.
struct Launch {
    program: PathBuf,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: PathBuf,
    limit: Duration,
    output: u64,
}

impl Launch {
    fn run(self) -> io::Result<Ended> {
        twinproof_process::run(Start {
            program: &self.program,
            args: self.args.iter().map(Into::into).collect(),
            variables: Variables::Exact(&self.env),
            cwd: &self.cwd,
            stdin: Stdin::Null,
            limit: self.limit,
            output_limit: self.output,
            grace: None,
        })
    }
}

pub(super) fn go(
    line: &Line,
    command: &Command,
    args: &[String],
    state: &mut State,
    setting: &Setting,
) -> Result<Ran, Fault> {
    let go = setting.toolchain.go.clone();
    // A missing go is an error of the harness. It must not count as the failed command that `!`
    // wants.
    if !go.is_file() {
        let gone = io::Error::from(io::ErrorKind::NotFound);
        return Err(Fault::Harness(ScriptError::harness(
            format!("running {}", go.display()),
            gone,
        )));
    }
    state.go_runs += 1;
    start(line, command, go, args, state, setting)
}

pub(super) fn exec(
    line: &Line,
    command: &Command,
    args: &[String],
    state: &mut State,
    setting: &Setting,
) -> Result<Ran, Fault> {
    let [name, args @ ..] = args else { return Err(Fault::usage("exec PROGRAM [ARG...] [&]")) };
    let program = lookup(name, state.env.all(), &state.pwd)
        .ok_or_else(|| Fault::Failed(format!("{name} is not in PATH")))?;
    start(line, command, program, args, state, setting)
}

fn start(
    line: &Line,
    command: &Command,
    program: PathBuf,
    args: &[String],
    state: &mut State,
    setting: &Setting,
) -> Result<Ran, Fault> {
    let left = state.deadline.saturating_duration_since(Instant::now());
    let launch = Launch {
        program,
        args: args.to_vec(),
        env: state.env.all().clone(),
        cwd: state.pwd.clone(),
        limit: setting.limits.command.min(left),
        output: setting.limits.output,
    };
    if command.background {
        state.background.push(Background {
            line: line.number,
            text: format!("{} {}", command.name, args.join(" ")),
            want: command.want,
            running: std::thread::spawn(|| launch.run()),
        });
        // The command's output is known at `wait` only.
        (state.stdout, state.stderr) = Default::default();
        return Ok(Ran::Started);
    }
    let (ended, error) = ended(launch.run())?;
    Ok(Ran::Output { stdout: ended.stdout, stderr: ended.stderr, error })
}

/// A program's end, and the error that it is, if it is one.
fn ended(result: io::Result<Ended>) -> Result<(Ended, Option<String>), Fault> {
    let ended = match result {
        Ok(ended) => ended,
        Err(e) if e.kind() == io::ErrorKind::Interrupted => {
            return Err(Fault::Harness(ScriptError::harness("running a program", e)));
        }
        Err(e) => return Err(Fault::Failed(e.to_string())),
    };
    if ended.timed_out {
        let seconds = ended.duration.as_secs();
        return Err(Fault::Firm(format!("it was killed at its time limit, after {seconds} s")));
    }
    // A pattern that was to be absent might stand in the part that was cut.
    if ended.truncated {
        return Err(Fault::Firm("it wrote more than the limit of an output".to_owned()));
    }
    let error = match ended.code {
        Some(0) => None,
        Some(code) => Some(format!("exit status {code}")),
        None => Some("it has no exit status".to_owned()),
    };
    Ok((ended, error))
}

pub(super) fn wait(args: &[String], state: &mut State) -> Result<Ran, Fault> {
    if !args.is_empty() {
        return Err(Fault::usage("wait"));
    }
    let (mut stdout, mut stderr, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for background in std::mem::take(&mut state.background) {
        state.log.add(&format!("[background] {}", background.text));
        let result = background
            .running
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that waited for it ended early")));
        let message = match ended(result) {
            Ok((ended, error)) => {
                state.log.output("stdout", &ended.stdout);
                state.log.output("stderr", &ended.stderr);
                stdout.extend(ended.stdout);
                stderr.extend(ended.stderr);
                match (error, background.want) {
                    (None, Want::Failure) => Some("it succeeded, and must not".to_owned()),
                    (None, _) | (Some(_), Want::Failure | Want::Either) => None,
                    (Some(error), Want::Success) => Some(error),
                }
            }
            Err(Fault::Failed(message)) => {
                Some(message).filter(|_| background.want == Want::Success)
            }
            Err(Fault::Firm(message)) => Some(message),
            Err(other) => return Err(other),
        };
        wrong.extend(message.map(|m| format!("line {}: {m}", background.line)));
    }
    (state.stdout, state.stderr) = (stdout, stderr);
    if wrong.is_empty() { Ok(Ran::Quiet) } else { Err(Fault::Firm(wrong.join("; "))) }
}

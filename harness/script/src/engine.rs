//! Runs a script: its lines in order, until one ends as it must not.

use crate::command;
use crate::condition::holds;
use crate::environment::Environment;
use crate::files::remove_all;
use crate::outcome::{Failure, Outcome, Verdict};
use crate::parse::{Command, Want};
use crate::script::{Line, Script, ScriptError};
use crate::setting::Setting;
use crate::state::{Fault, Ran, State};
use crate::transcript::Transcript;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest time limit that is honoured; it only keeps the arithmetic of instants safe.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A work directory, removed when this is dropped.
struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        twinproof_process::kill_escaped(&self.0);
        // A folder that cannot be removed is below the system's temporary folder, which is cleaned up.
        let _ = remove_all(&self.0);
    }
}

impl Script {
    /// Runs it.
    ///
    /// # Errors
    /// When the harness itself fails: never for a failure of the subject or the go command.
    pub fn verdict_in(&self, setting: &Setting) -> Result<Outcome, ScriptError> {
        let started = Instant::now();
        // Checked before a folder is made: many of cmd/go's scripts end here.
        if let Some(reason) = self.out_of_reach() {
            let (verdict, transcript) = (Verdict::NotApplicable(reason), String::new());
            return Ok(Outcome { verdict, go_runs: 0, transcript, millis: 0 });
        }
        let work = open(self, setting)?;
        let mut state = begin(&work.0, setting, started)?;
        unpack(self, &mut state)?;
        let verdict = all(self, &mut state, setting);
        // Background commands end by themselves or at their time limit.
        for background in std::mem::take(&mut state.background) {
            let _ = background.running.join();
        }
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (go_runs, transcript) = (state.go_runs, state.log.into_text());
        Ok(Outcome { verdict: verdict?, go_runs, transcript, millis })
    }
}

/// Makes the work directory.
fn open(script: &Script, setting: &Setting) -> Result<Work, ScriptError> {
    let failed = |e| {
        ScriptError::harness(format!("making a work directory in {}", setting.dir.display()), e)
    };
    std::fs::create_dir_all(&setting.dir).map_err(failed)?;
    let prefix = format!("{}-", script.name());
    let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(&setting.dir).map_err(failed)?;
    // A module cache is read-only, which its own removal does not expect.
    let mut work = Work(dir.keep());
    // Scripts compare $WORK with what go prints, and go resolves links: /tmp is one on macOS. On
    // Windows the plain canonical path would begin with `\\?\`, which go does not print.
    work.0 = dunce::canonicalize(&work.0).map_err(failed)?;
    Ok(work)
}

fn begin(work: &Path, setting: &Setting, started: Instant) -> Result<State, ScriptError> {
    let pwd = work.join("gopath").join("src");
    for dir in [&pwd, &work.join("tmp"), &work.join("telemetry"), &setting.gocache] {
        std::fs::create_dir_all(dir)
            .map_err(|e| ScriptError::harness(format!("making {}", dir.display()), e))?;
    }
    let text = work.to_string_lossy();
    let mut state = State {
        work: work.to_owned(),
        pwd,
        env: Environment::initial(setting, work),
        stdout: Vec::new(),
        stderr: Vec::new(),
        background: Vec::new(),
        log: Transcript::new(&text, setting.limits.transcript),
        go_runs: 0,
        deadline: started + setting.limits.script.min(LONGEST),
    };
    let pwd = state.pwd.to_string_lossy().into_owned();
    state.env.set("PWD", pwd);
    Ok(state)
}

/// Puts the script's files in place, all of them inside the work directory.
fn unpack(script: &Script, state: &mut State) -> Result<(), ScriptError> {
    for file in &script.files {
        // Names of files may have variables (`$WORK/go.mod`), so they are expanded before the check
        // that they stay inside.
        let path = state.path(&state.expand(&file.name));
        let outside =
            || ScriptError::Outside { name: script.name().to_owned(), file: file.name.clone() };
        let parent = path.parent().filter(|p| p.starts_with(&state.work)).ok_or_else(outside)?;
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, &file.data))
            .map_err(|e| ScriptError::harness(format!("writing {}", path.display()), e))?;
    }
    Ok(())
}

fn all(script: &Script, state: &mut State, setting: &Setting) -> Result<Verdict, ScriptError> {
    for line in &script.lines {
        let Some(command) = &line.command else {
            state.log.begin(&line.text);
            continue;
        };
        state.log.add(&format!("> {}", line.text));
        let message = match step(line, command, state, setting) {
            Ok(()) => continue,
            Err(Fault::Stop(message)) => {
                state.log.add(&format!("[stopped] {message}"));
                return Ok(Verdict::Pass);
            }
            Err(Fault::Absent(reason)) => {
                state.log.add(&format!("[not applicable] {reason}"));
                return Ok(Verdict::NotApplicable(reason));
            }
            Err(Fault::Harness(error)) => return Err(error),
            // `Failed` is what `!` and `?` accept, and was handled in `step`; it comes here where
            // success was wanted.
            Err(Fault::Failed(message) | Fault::Firm(message)) => message,
        };
        state.log.add(&format!("FAIL: line {}: {message}", line.number));
        return Ok(Verdict::Fail(Failure {
            line: line.number,
            command: line.text.trim().to_owned(),
            message: message.replace(&*state.work.to_string_lossy(), "$WORK"),
            section: state.log.section().to_owned(),
        }));
    }
    Ok(Verdict::Pass)
}

fn step(line: &Line, command: &Command, state: &mut State, setting: &Setting) -> Result<(), Fault> {
    for guard in &command.guards {
        if !holds(guard, line.number, state, setting)? {
            state.log.add("[condition not met]");
            return Ok(());
        }
    }
    if Instant::now() >= state.deadline {
        let seconds = setting.limits.script.as_secs();
        return Err(Fault::Firm(format!("the script took longer than {seconds} s")));
    }
    let args = command::expanded(command, state);
    let ran = command::run(line, command, &args, state, setting);
    let failure = match ran {
        // `wait` checks how a background command ends.
        Ok(Ran::Started) => return Ok(()),
        Ok(Ran::Quiet) => None,
        Ok(Ran::Output { stdout, stderr, error }) => {
            state.log.output("stdout", &stdout);
            state.log.output("stderr", &stderr);
            // `stdout` and `stderr` search the last command that wrote anything. Those that write
            // nothing keep the former output, as cmd/go's engine does.
            (state.stdout, state.stderr) = (stdout, stderr);
            error
        }
        Err(Fault::Failed(message)) => Some(message),
        Err(other) => return Err(other),
    };
    match (failure, command.want) {
        (None, Want::Failure) => Err(Fault::Firm("it succeeded, and must not".to_owned())),
        (None, _) => Ok(()),
        (Some(message), Want::Success) => Err(Fault::Failed(message)),
        (Some(message), _) => {
            state.log.add(&format!("[{message}]"));
            Ok(())
        }
    }
}

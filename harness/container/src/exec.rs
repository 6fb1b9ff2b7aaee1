//! Running one program in a container: exact environment, separate raw streams, a time limit that
//! ends everything the program started. What runs around it is in [`crate::supervise`].

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use testcontainers::bollard::container::LogOutput;
use testcontainers::bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use tokio::io::AsyncWriteExt;

use crate::label::token;
use crate::runtime::block_on;
use crate::supervise::{Answer, Collector, Program, command, kill_command};
use crate::{Error, Session, stop, wine};

/// How long the end of a program's tree may take after its time limit.
const GRACE: Duration = Duration::from_secs(20);

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Program and arguments. The program is looked up in `env`'s PATH unless it has a separator in
    /// it. In `wine` it is a Windows program, `C:\sdk\go1.27.3\bin\go.exe`.
    pub argv: Vec<String>,
    /// The whole environment: the program sees this and nothing else.
    pub env: Vec<(String, String)>,
    /// Working directory in the container, absolute; in `wine` a Windows path.
    pub cwd: String,
    /// What it reads; `None` is an empty input that ends at once.
    pub stdin: Option<Vec<u8>>,
    /// After this it and all that it started are killed.
    pub time_limit: Duration,
    /// Bytes kept of each stream; more is read and dropped.
    pub output_limit: usize,
}

impl Exec {
    /// A program in `/` (in `wine` `C:\`) with an empty environment, no input, one minute, and
    /// 16 MiB of each stream.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: "/".into(),
            stdin: None,
            time_limit: Duration::from_secs(60),
            output_limit: 16 << 20,
        }
    }
}

/// How a program ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecResult {
    /// Its exit code; in `wine` all 32 bits. `None` when it ran into its time limit. 126: it cannot
    /// be run; 127: something that it needs to start, or itself, is not there. A program ended by signal n gives 128+n, as in
    /// every shell.
    pub exit: Option<u32>,
    /// The signal that ended it, by the convention of 128+n: a program that itself exits with such
    /// a code looks the same. Always `None` in `wine`.
    pub signal: Option<u32>,
    /// Whether there is no such program, at its path or on the PATH given (there, only what may be
    /// run counts). Looked up in the container, so that no program's own 127 is taken for it.
    pub not_found: bool,
    /// Whether it was killed at its time limit.
    pub timed_out: bool,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
    /// Whether a stream was longer than the output limit.
    pub truncated: bool,
    /// How many processes it had left running; they were killed when it ended.
    pub left_over: u32,
    /// From the request to the answer, the engine's own time included (60 ms at least).
    pub duration: Duration,
}

impl Session {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`Error::NoDirectory`], [`Error::Invalid`] for what cannot be said, [`Error::Gone`] when the
    /// container ended, [`Error::Stopped`], [`Error::Engine`]. That a program does not exist is no error:
    /// [`ExecResult::not_found`].
    pub fn exec(&self, exec: &Exec) -> Result<ExecResult, Error> {
        self.run_as(exec, self.image.name == "wine")
    }

    /// Runs a program of the container's own system, in `wine` too.
    ///
    /// # Errors
    /// As [`Session::exec`].
    pub fn exec_unix(&self, exec: &Exec) -> Result<ExecResult, Error> {
        self.run_as(exec, false)
    }

    fn run_as(&self, exec: &Exec, windows: bool) -> Result<ExecResult, Error> {
        let token = token();
        let stdin = exec.stdin.as_ref().map(Vec::len);
        let command = if windows {
            wine::command(exec, &token)?
        } else {
            let (argv, env, cwd) = (&exec.argv, &exec.env, &exec.cwd);
            command(&Program { argv, env, cwd, stdin, spec: None }, &token)?
        };
        let start = Instant::now();
        let mut collector = Collector::new(exec.output_limit);
        stop::check()?;
        let timed_out = block_on(async {
            tokio::select! {
                ended = self.attached(exec, command, &token, &mut collector) => ended,
                () = stop::asked() => Err(Error::Stopped),
            }
        })??;
        let duration = start.elapsed();
        let answer = collector.finish(&token);
        let not_found = matches!(answer, Some(Answer::Missing { .. })) && !timed_out;
        let (exit, left_over) = match answer {
            Some(Answer::Exit { code, left_over }) => (Some(code), left_over),
            Some(Answer::Missing { code }) => (Some(code), 0),
            Some(Answer::NoDirectory) => {
                return Err(Error::NoDirectory { cwd: exec.cwd.clone() });
            }
            Some(Answer::Launcher(_)) if timed_out => (None, 0),
            Some(Answer::Launcher(text)) if text.starts_with("no directory") => {
                return Err(Error::NoDirectory { cwd: exec.cwd.clone() });
            }
            Some(Answer::Launcher(text)) => {
                return Err(Error::Invalid(format!("the Windows launcher failed: {text}")));
            }
            None if timed_out => (None, 0),
            None => {
                return Err(Error::Gone {
                    image: self.image.tag.clone(),
                    program: exec.argv.first().cloned().unwrap_or_default(),
                });
            }
        };
        let exit = exit.filter(|_| !timed_out);
        let signal = exit
            .filter(|_| !windows)
            .and_then(|code| code.checked_sub(128))
            .filter(|n| (1..=64).contains(n));
        Ok(ExecResult {
            exit,
            signal,
            not_found,
            timed_out,
            stdout: collector.stdout,
            stderr: collector.stderr,
            truncated: collector.truncated,
            left_over,
            duration,
        })
    }

    /// Runs the supervisor and gathers its streams; whether the time limit was reached.
    async fn attached(
        &self,
        exec: &Exec,
        command: Vec<String>,
        token: &str,
        collector: &mut Collector,
    ) -> Result<bool, Error> {
        let docker = &self.engine.docker;
        let failed = || Error::engine(format!("run `{}`", exec.argv.join(" ")));
        let config = CreateExecOptions {
            cmd: Some(command),
            attach_stdin: Some(exec.stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..Default::default()
        };
        let created = docker.create_exec(&self.id, config).await.map_err(failed())?;
        let options = StartExecOptions { output_capacity: Some(64 << 10), ..Default::default() };
        let started = docker.start_exec(&created.id, Some(options)).await.map_err(failed())?;
        let StartExecResults::Attached { mut output, mut input } = started else {
            return Err(Error::Invalid("the engine did not attach to a command".into()));
        };
        let feed = async {
            if let Some(bytes) = &exec.stdin {
                // A program that does not read all of its input is no error.
                let _ = input.write_all(bytes).await;
                let _ = input.flush().await;
            }
            std::future::pending::<()>().await;
        };
        let drain = async {
            while let Some(chunk) = output.next().await {
                match chunk.map_err(failed())? {
                    LogOutput::StdOut { message } => collector.out(&message),
                    LogOutput::StdErr { message } => collector.err(&message),
                    LogOutput::StdIn { .. } | LogOutput::Console { .. } => {}
                }
            }
            Ok::<_, Error>(())
        };
        tokio::pin!(feed, drain);
        let ended = async {
            tokio::select! {
                result = &mut drain => result,
                () = &mut feed => Ok(()),
            }
        };
        if let Ok(result) = tokio::time::timeout(exec.time_limit, ended).await {
            return result.map(|()| false);
        }
        self.kill_tree(token).await?;
        let ended = async {
            tokio::select! {
                result = &mut drain => result,
                () = &mut feed => Ok(()),
            }
        };
        tokio::time::timeout(GRACE, ended)
            .await
            .map_err(|_| Error::TimedOut { what: "killing a program".into(), limit: GRACE })??;
        Ok(true)
    }

    async fn kill_tree(&self, token: &str) -> Result<(), Error> {
        let docker = &self.engine.docker;
        let config = CreateExecOptions {
            cmd: Some(kill_command(token)),
            attach_stdout: Some(true),
            ..Default::default()
        };
        let kill = async {
            let created = docker.create_exec(&self.id, config).await?;
            if let StartExecResults::Attached { mut output, .. } =
                docker.start_exec(&created.id, None).await?
            {
                while output.next().await.is_some() {}
            }
            Ok(())
        };
        tokio::time::timeout(GRACE, kill)
            .await
            .map_err(|_| Error::TimedOut { what: "killing a program".into(), limit: GRACE })?
            .map_err(Error::engine("kill a program"))
    }
}

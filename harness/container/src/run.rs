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
use crate::{Error, Exec, ExecResult, Session, stop, wine};

/// Time limit for ending a program's process tree after its time limit.
const GRACE: Duration = Duration::from_secs(20);

impl Session {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`Error::NoDirectory`], [`Error::Invalid`] for a command that cannot be expressed,
    /// [`Error::Gone`] when the container ended, [`Error::Stopped`], [`Error::Engine`]. That a program
    /// does not exist is no error: [`ExecResult::not_found`].
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
        // On Windows an exit code over 128 is just a number.
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
            // Input that is all written must not end the wait: dropping it would close the
            // program's standard input and output together.
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
        // The engine has no call that ends an exec; killing the container would end the other
        // programs in it.
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

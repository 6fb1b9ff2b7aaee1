//! The client of a lab: starts the child process that holds the namespaces, and sends it requests.

use crate::{ENTER, HOLD, ROLE, Reply, Request};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// An error of a lab.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The namespaces cannot be made.
    #[error("{0}")]
    Unavailable(String),
    /// The process that holds them cannot be started or has ended.
    #[error("the lab's process: {0}")]
    Process(#[from] io::Error),
    /// The process sent an unexpected answer.
    #[error("the lab's process answered `{0}`")]
    Answer(String),
}

/// The namespaces of a lab, held by a child process. Dropping it removes them.
#[derive(Debug)]
pub struct Lab {
    child: Child,
    program: PathBuf,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

/// Command that starts a program inside a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The program.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
}

impl Lab {
    /// Makes a lab: namespaces of users, mounts and networks, with the loopback interface up.
    ///
    /// # Errors
    /// When this system makes none.
    pub fn open() -> Result<Self, LabError> {
        if !cfg!(target_os = "linux") {
            return Err(LabError::Unavailable("a lab needs Linux".to_owned()));
        }
        let program = twinproof_base::program::this()?;
        let mut command = Command::new(&program);
        // The holder needs none of the user's variables, and what it mounts or resolves must not
        // depend on them.
        command.args([ROLE, HOLD]).env_clear();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let requests = child.stdin.take();
        let replies = child.stdout.take().ok_or_else(no_pipe)?;
        let mut lab = Self { child, program, requests, replies: BufReader::new(replies) };
        match lab.reply()? {
            Reply::Done => Ok(lab),
            Reply::Failed(why) => Err(LabError::Unavailable(why)),
            other => Err(LabError::Answer(format!("{other:?}"))),
        }
    }

    /// Has the lab do something.
    ///
    /// # Errors
    /// When its process is gone. That the kernel refuses is an answer.
    pub fn ask(&mut self, request: &Request) -> Result<Reply, LabError> {
        let mut line = serde_json::to_string(request).map_err(io::Error::from)?;
        line.push('\n');
        self.requests.as_mut().ok_or_else(no_pipe)?.write_all(line.as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> Result<Reply, LabError> {
        let mut line = String::new();
        if self.replies.read_line(&mut line)? == 0 {
            return Err(LabError::Process(io::ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_str(&line).map_err(|_| LabError::Answer(line.trim_end().to_owned()))
    }

    /// Command, to be run on the host, that starts a program inside the lab; `cwd` is a path inside.
    ///
    /// # Errors
    /// When the path of this program is no Unicode text.
    pub fn entry(&self, program: &str, args: &[String], cwd: &str) -> Result<Entry, LabError> {
        let here = self.program.to_str().ok_or_else(|| {
            let shown = self.program.display();
            LabError::Unavailable(format!("the path {shown} is no Unicode text"))
        })?;
        let pid = self.child.id().to_string();
        let mut all: Vec<String> =
            [ROLE, ENTER, &pid, cwd, program].iter().map(|&word| word.to_owned()).collect();
        all.extend_from_slice(args);
        Ok(Entry { program: here.to_owned(), args: all })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Closing the pipe ends the holder, and with its last process the kernel removes the
        // namespaces.
        self.requests.take();
        // It ends when its input does; killing it as well bounds the wait.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_pipe() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "no pipe to it")
}

//! A Go program that a test compares with: built from a folder of source, then asked a question a
//! line, as JSON, which it answers with a line of JSON.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

/// A built program. Dropping this removes it.
#[derive(Debug)]
pub struct Program(TempDir);

impl Program {
    /// Builds the program whose files are in a folder, in another folder.
    ///
    /// # Errors
    /// With what `go build` said, when it cannot be built.
    pub fn build(go: &Path, source: &Path) -> Result<Self, String> {
        let program = Self(tempfile::tempdir().map_err(|e| e.to_string())?);
        let folder = program.0.path();
        // Copied, because `go build` writes go.sum beside a go.mod that lacks one.
        for file in fs::read_dir(source).map_err(|e| e.to_string())? {
            let file = file.map_err(|e| e.to_string())?;
            fs::copy(file.path(), folder.join(file.file_name())).map_err(|e| e.to_string())?;
        }
        let output = Command::new(go)
            // In a folder inside a repository, go would ask version control.
            .args(["build", "-buildvcs=false", "-o"])
            .arg(program.path())
            .arg(".")
            .current_dir(folder)
            .envs(twinproof_base::go_env::HERMETIC)
            .output()
            .map_err(|e| e.to_string())?;
        if !output.status.success() {
            return Err(format!("go build: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Ok(program)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(format!("peer{}", std::env::consts::EXE_SUFFIX))
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(&self) -> Peer {
        let mut command = Command::new(self.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Peer { child, input, output }
    }
}

/// A program that runs. It ends with its input, when this is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Sends a request and reads the answer.
    ///
    /// # Panics
    /// When it does not answer, or not with an `A`.
    pub fn ask<A: DeserializeOwned>(&mut self, request: &Value) -> A {
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its input ends, and so does the program; `wait` leaves no zombie.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

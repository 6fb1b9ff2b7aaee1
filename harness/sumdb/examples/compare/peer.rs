//! The other side: building it, starting it, asking it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

const FILES: [(&str, &str); 3] = [
    ("main.go", include_str!("peer/main.go")),
    ("go.mod", include_str!("peer/go.mod")),
    ("go.sum", include_str!("peer/go.sum")),
];

fn program(directory: &Path) -> PathBuf {
    directory.join(format!("peer{}", std::env::consts::EXE_SUFFIX))
}

/// Builds the program in a new directory.
pub fn build() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in FILES {
        fs::write(directory.path().join(name), content).unwrap();
    }
    let status = Command::new("go")
        .args(["build", "-buildvcs=false", "-o"])
        .arg(program(directory.path()))
        .arg(".")
        .current_dir(directory.path())
        .env("GOWORK", "off")
        .env("GOFLAGS", "")
        .status()
        .unwrap();
    assert!(status.success(), "go build failed");
    directory
}

/// What it answers.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub nanos: u64,
    pub result: u64,
    pub text: String,
    pub peak: u64,
    error: String,
}

/// The running program. It ends with its input.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    pub fn start(directory: &TempDir) -> Self {
        let mut child = Command::new(program(directory.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    pub fn ask(&mut self, request: &Value) -> Answer {
        writeln!(self.input.as_mut().unwrap(), "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Answer = serde_json::from_str(&line).unwrap();
        assert_eq!(answer.error, "");
        answer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

//! The other side: building it, and asking it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use twinproof_testkit::{Program, go};

/// Builds the program.
pub fn build() -> Program {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/compare/peer");
    Program::build(&go().unwrap(), &source).unwrap()
}

/// The peer's answer.
#[derive(Debug, Deserialize)]
pub struct Answer {
    pub nanos: u64,
    pub result: u64,
    pub text: String,
    pub peak: u64,
    error: String,
}

/// The running program.
pub struct Peer(twinproof_testkit::Peer);

impl Peer {
    pub fn start(program: &Program) -> Self {
        Self(program.start())
    }

    pub fn ask(&mut self, request: &Value) -> Answer {
        let answer: Answer = self.0.ask(request);
        // The program answers an error as data, which must not count as a time.
        assert_eq!(answer.error, "");
        answer
    }
}

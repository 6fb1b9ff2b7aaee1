//! The attacks that take little time, against this program.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[macro_use]
extern crate twinproof_testkit;

use std::process::{Command, ExitCode};
use twinproof_testkit::{Outcome, program};

/// The attacks of the test. Those on memory, with thousands of connections, and h2spec are left out.
const ATTACKS: &str = "window,one-byte,leave,control,reset,heads,pieces,answers,lookups,signals";

#[test]
fn quick_attacks_stay_within_their_limits() -> Outcome {
    // Some limits are ratios to it.
    program("nginx")?;
    let out = tempfile::tempdir().unwrap();
    let mut attack = Command::new(env!("CARGO_BIN_EXE_xtask"));
    attack.args(["attack", "--quick", "--only", ATTACKS, "--out"]).arg(out.path());
    let output = attack.output().unwrap();
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    let results = std::fs::read_to_string(out.path().join("attack.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let rows = results["rows"].as_array().unwrap();
    for name in ATTACKS.split(',') {
        assert!(rows.iter().any(|row| row["attack"] == name), "{name}");
    }
    Ok(())
}

fn main() -> ExitCode {
    twinproof_testkit::main()
}

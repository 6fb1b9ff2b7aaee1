//! The outcome of a test that lacks a requirement: each test starts this program again, with one
//! test that lacks it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

use std::env;
use std::process::{Command, ExitCode};

use twinproof_base::require;
use twinproof_testkit::{Outcome, Requirement};

/// Set for the program in which the test lacks something.
const CHILD: &str = "TWINPROOF_TEST_LACKS";

#[test]
fn lacks_something() -> Outcome {
    match env::var_os(CHILD) {
        Some(_) => Err(Requirement::Wslpath.unavailable("it is\n  not here")),
        None => Ok(()),
    }
}

#[test]
fn lacks_something_within() {
    if env::var_os(CHILD).is_some() {
        Requirement::Wslpath.unavailable("it is not here").end_test();
    }
}

/// Whether the program succeeds that runs only one test, which lacks something, and what it says.
fn run(test: &str, required: &str) -> (bool, String) {
    let mut program = Command::new(env::current_exe().unwrap());
    // The child runs one test by its name, or it would run itself without end.
    program.args(["--exact", test]).env(CHILD, "1").env(require::VARIABLE, required);
    let output = program.output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn absence_is_ignored_with_its_reason() {
    for test in ["lacks_something", "lacks_something_within"] {
        // Others are required and this one is not.
        let (success, said) = run(test, "go, docker");
        assert!(success, "{said}");
        let line = format!("{test} ... ignored (needs wslpath: it is not here)");
        assert!(said.contains(&line), "{said}");
        assert!(said.contains("0 passed; 0 failed; 1 ignored"), "{said}");
    }
}

#[test]
fn absence_of_what_is_required_fails() {
    let (success, said) = run("lacks_something", "go, wslpath");
    assert!(!success, "{said}");
    assert!(said.contains("TWINPROOF_REQUIRE names wslpath: it is"), "{said}");
    assert!(said.contains("0 passed; 1 failed; 0 ignored"), "{said}");
}

fn main() -> ExitCode {
    twinproof_testkit::main()
}

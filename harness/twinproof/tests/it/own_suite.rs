//! The example of a user's own suite, `docs/examples/own-suite`, does what its documentation says.

use crate::files::Files;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinproof_model::{Results, Verdict};
use twinproof_testkit::{Outcome, go};

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/own-suite")
}

fn twinproof() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinproof"));
    // The variable TWINPROOF_REQUIRE of the tests must not reach the run.
    command.env_remove("TWINPROOF_REQUIRE");
    command
}

#[test]
fn every_case_passes_and_every_control_fails() -> Outcome {
    go()?;
    let files = Files::new();
    let run = twinproof()
        .args(["conformance", "--env", "host", "--controls", "--suites"])
        .arg(suite())
        .arg("--out")
        .arg(files.name("out"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    assert_eq!(run.status.code(), Some(0), "{said}");
    let results: Results =
        serde_json::from_slice(&std::fs::read(files.at("out/results.json")).unwrap()).unwrap();
    let passed = results.cases.iter().filter(|case| case.verdict == Verdict::Pass).count();
    assert_eq!((passed, results.cases.len()), (4, 4), "{said}");
    assert_eq!(results.summary.controls_red, 4, "{said}");
    assert!(results.floors.iter().all(|floor| floor.met) && results.floors.len() == 1, "{said}");
    Ok(())
}

/// Goldens of Twinproof's own suites do not belong to this suite, and are no mistake of it.
#[test]
fn lint_finds_no_mistake() {
    let run = twinproof().arg("lint").arg("--suites").arg(suite()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(
        said,
        "suites: 4 cases, 4 claims, 0 goldens, 0 expectations: nothing to mend\n",
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

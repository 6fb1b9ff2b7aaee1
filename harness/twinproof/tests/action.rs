//! The GitHub Action, `ci/action`: its script is run with the variables that GitHub sets, and its
//! outputs are compared with those of the program.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

const ACTION: &str = include_str!("../../../ci/action/action.yml");
const SCRIPT: &str = include_str!("../../../ci/action/run.sh");

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The outputs and files of a run of the action.
struct Ran {
    code: Option<i32>,
    outputs: BTreeMap<String, String>,
    summary: String,
    workspace: tempfile::TempDir,
}

/// Runs the action's script in an empty workspace. `inputs` are those that differ from the defaults.
fn run(inputs: &[(&str, &str)]) -> Ran {
    let workspace = tempfile::tempdir().unwrap();
    let [outputs, summary] = ["outputs", "summary"].map(|name| workspace.path().join(name));
    let mut command = Command::new("bash");
    command.arg(repository().join("ci/action/run.sh")).current_dir(workspace.path());
    command.env("GITHUB_OUTPUT", &outputs).env("GITHUB_STEP_SUMMARY", &summary);
    for (name, value) in passed_inputs() {
        command.env(name, value);
    }
    command.env("INPUT_PROGRAM", env!("CARGO_BIN_EXE_twinproof"));
    // The variable TWINPROOF_REQUIRE of the tests must not reach the run, and nothing is fetched.
    command.env_remove("TWINPROOF_REQUIRE").env("GOPROXY", "off");
    command.env("TWINPROOF_CACHE", workspace.path().join("cache"));
    for (name, value) in inputs {
        command.env(name, value);
    }
    let code = command.output().unwrap().status.code();
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let outputs = read(&outputs).lines().map(pair).collect();
    Ran { code, outputs, summary: read(&summary), workspace }
}

/// The variables that action.yml passes to the script, with the defaults of their inputs.
fn passed_inputs() -> BTreeMap<String, String> {
    let (inputs, steps) = ACTION.split_once("\noutputs:\n").unwrap();
    let default = |name: &str| {
        let (_, rest) = inputs.split_once(&format!("\n  {name}:\n")).unwrap();
        let default = rest.lines().find_map(|l| l.strip_prefix("    default: ")).unwrap();
        default.trim_matches('"').to_owned()
    };
    let script_step = steps.split_once("run.sh").unwrap().1;
    let variable = |line: &str| {
        let (name, value) = line.trim().strip_prefix("INPUT_")?.split_once(": ${{ inputs.")?;
        let input = value.split([' ', '}']).next()?;
        Some((format!("INPUT_{name}"), default(input)))
    };
    script_step.lines().filter_map(variable).collect()
}

fn selftest() -> [(&'static str, &'static str); 2] {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/selftest");
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/selftest-golden");
    [("INPUT_SUITES", folder), ("INPUT_GOLDEN", golden)]
}

#[rstest]
#[case::conformant("pass-file", 0, "conformant", "Conformant")]
#[case::not_conformant("fail", 1, "not-conformant", "Not conformant")]
#[case::unknown("inconclusive", 2, "unknown", "Not known")]
fn a_run_gives_verdict_report_and_summary(
    #[case] case: &str,
    #[case] code: i32,
    #[case] verdict: &str,
    #[case] headline: &str,
) {
    let arguments = format!("--case\n{case}\n");
    let [suites, golden] = selftest();
    let ran = run(&[suites, golden, ("INPUT_ENV", "host"), ("INPUT_ARGUMENTS", &arguments)]);
    assert_eq!(ran.code, Some(code), "{}", ran.summary);
    assert_eq!(ran.outputs["verdict"], verdict);
    assert_eq!(ran.outputs["exit-code"], code.to_string());
    assert!(ran.summary.contains(headline), "{}", ran.summary);
    for (output, path) in [
        ("report", "out/report.html"),
        ("results", "out/results.json"),
        ("sarif", "out/results.sarif"),
    ] {
        assert_eq!(ran.outputs[output], path);
        assert!(ran.workspace.path().join(path).is_file(), "{path}");
    }
}

#[rstest]
#[case::no_such_environment("INPUT_ENV", "hots")]
#[case::no_such_suites("INPUT_SUITES", "missing")]
#[case::no_such_subject("INPUT_SUBJECT", "proxy=none-of-that-name")]
fn a_run_that_cannot_begin_is_invalid_and_has_no_report(#[case] name: &str, #[case] value: &str) {
    let ran = run(&[(name, value)]);
    assert_eq!(ran.code, Some(254));
    assert_eq!((&*ran.outputs["verdict"], &*ran.outputs["report"]), ("invalid", ""));
    assert!(ran.summary.contains("wrote no report: invalid (exit code 254)"), "{}", ran.summary);
}

/// Subjects are one a line, and a value may hold blanks; all of them reach the program.
#[rstest]
fn each_line_of_subject_is_one_subject() {
    // A form on Windows sends CRLF.
    let subjects = "sdk=1.27.3\r\nsumdb=not a key\r\n";
    let ran = run(&[("INPUT_SUBJECT", subjects), ("INPUT_ARGUMENTS", "--list")]);
    assert_eq!(ran.code, Some(254), "the second subject is refused: {:?}", ran.outputs);
    let ran = run(&[("INPUT_SUBJECT", "sdk=1.27.3\r\n"), ("INPUT_ARGUMENTS", "--list")]);
    assert_eq!(ran.code, Some(0), "{:?}", ran.outputs);
}

/// A variable that the script reads and action.yml does not pass would always be empty on GitHub.
#[rstest]
fn the_script_reads_exactly_what_action_yml_passes() {
    // Quoted as `"$INPUT_X"` in the script.
    let read: std::collections::BTreeSet<String> = SCRIPT
        .match_indices("$INPUT_")
        .map(|(at, _)| {
            let name = &SCRIPT[at + 1..];
            let end = name.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap();
            name[..end].to_owned()
        })
        .collect();
    assert_eq!(passed_inputs().into_keys().collect::<std::collections::BTreeSet<_>>(), read);
}

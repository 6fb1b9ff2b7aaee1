//! The command line: its refusals, its lists, and the output of `path` and `merge`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use assert_cmd::assert::Assert;
use rstest::rstest;
use std::path::{Path, PathBuf};
use support::{beside, conformance, results, selftest, twinproof};
use twinproof_model::{EnvironmentName, Results};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[rstest]
#[case::flag(&["--no-such-flag"], "unexpected argument '--no-such-flag'")]
#[case::suite(
    &["--suite", "selftets"],
    "error: there is no suite `selftets`; there are: selftest\n"
)]
#[case::case(
    &["--case", "pass-fiel"],
    "error: no case fits `pass-fiel`; did you mean `selftest/pass-file`?\n"
)]
#[case::case_with_its_suite(
    &["--case", "selftest/pass-fiel"],
    "error: no case fits `selftest/pass-fiel`; did you mean `selftest/pass-file`?\n"
)]
#[case::skip(&["--skip", "zzz"], "error: no case fits `zzz`\n")]
#[case::environment(
    &["--env", "hots"],
    "error: no environment fits `hots`; there are host, windows, wine, wsl, wsl:DISTRO, image:NAME, \
     proxy:NAME, sumdb:NAME, masking:NAME\n"
)]
#[case::image(
    &["--env", "image:no-such-image"],
    "error: no environment fits `image:no-such-image`; there are host, windows, wine, wsl, \
     wsl:DISTRO, image:NAME, proxy:NAME, sumdb:NAME, masking:NAME\n"
)]
#[case::subject(
    &["--subject", "proxy=x"],
    "error: --subject proxy=x: no subject is called `x`; there are athens, embedded, go, goproxy, \
     goproxyio, mirror, or give an address or the file of a declaration, NAME.toml\n"
)]
#[case::version(&["--subject", "sdk=newest"], "error: --subject sdk=newest: ")]
#[case::shard(&["--shard", "3/2"], "`3/2` is no shard: write N/M with 1 <= N <= M, such as 1/4")]
#[case::level(&["--level", "might"], "a level is must, should or may")]
fn a_wrong_invocation_is_refused_with_its_reason(#[case] args: &[&str], #[case] message: &str) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let assert = conformance(&beside("selftest"), &out).args(args).assert().code(254);
    let said = stderr(&assert);
    assert!(said.contains(message), "{said}");
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn no_command_is_a_wrong_invocation() {
    let assert = twinproof().assert().code(254);
    assert!(stderr(&assert).contains("Usage: twinproof"), "{}", stderr(&assert));
}

#[test]
fn every_mistake_of_a_folder_of_suites_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let bad = repository("harness/suite/tests/bad/ten-mistakes");
    let assert = conformance(&bad, &out).assert().code(254);
    let said = stderr(&assert);
    let mistakes = said.lines().filter(|l| l.starts_with("error[")).count();
    assert!(mistakes >= 10, "{mistakes} mistakes:\n{said}");
    assert!(said.ends_with("error: the suites cannot be used\n"), "{said}");
    assert!(!out.exists(), "nothing is written");
    twinproof().arg("lint").arg("--suites").arg(&bad).assert().code(254);
}

#[test]
fn the_list_runs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let assert = selftest(&out)
        .args(["--case", "pass-file,unavailable,green-control", "--list"])
        .assert()
        .code(0);
    assert!(!out.exists());
    insta::assert_snapshot!(stdout(&assert));
}

#[rstest]
#[case::program(&[])]
#[case::conformance(&["conformance"])]
#[case::judge(&["judge"])]
#[case::merge(&["merge"])]
fn help(#[case] command: &[&str]) {
    let assert = twinproof().args(command).arg("--help").env("COLUMNS", "80").assert().code(0);
    // The program's own name ends in `.exe` on Windows.
    let said = stdout(&assert).replace("twinproof.exe", "twinproof");
    let name = format!("help-{}", command.first().unwrap_or(&"twinproof"));
    insta::assert_snapshot!(name, said);
}

#[test]
fn recorded_answers_of_wslpath_are_matched() {
    let vectors = repository("suites/path/wslpath-vectors.json");
    let assert = twinproof().args(["path", "check"]).arg(vectors).assert().code(0);
    assert_eq!(stdout(&assert), "124 vectors: 124 match, 0 mismatch\n");
}

#[test]
fn a_wrong_answer_is_a_mismatch() {
    let vectors = repository("suites/path/wslpath-vectors-wrong.json");
    let assert = twinproof().args(["path", "check"]).arg(vectors).assert().code(1);
    insta::assert_snapshot!(stdout(&assert));
}

#[rstest]
#[case::no_json("no json")]
#[case::no_vectors("{}")]
#[case::nothing("")]
fn malformed_vectors_file_is_refused(#[case] text: &str) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vectors.json");
    std::fs::write(&file, text).unwrap();
    let assert = twinproof().args(["path", "check"]).arg(&file).assert().code(254);
    assert!(stderr(&assert).contains("vectors.json"), "{}", stderr(&assert));
}

#[rstest]
#[case::nothing("")]
#[case::a_file("garbage")]
fn path_that_is_no_bundle_is_refused(#[case] text: &str) {
    let dir = tempfile::tempdir().unwrap();
    twinproof().arg("judge").arg(dir.path()).assert().code(254);
    twinproof().arg("judge").arg(dir.path().join("nowhere")).assert().code(254);
    let file = dir.path().join("bundle.tar.zst");
    std::fs::write(&file, text).unwrap();
    // Not a directory: it is read as a bundle, and is no evidence at all.
    twinproof().arg("judge").arg(&file).assert().code(1);
}

/// Two legs of a matrix, of one run: the second is in another environment.
fn legs(change: impl Fn(&mut Results)) -> (tempfile::TempDir, [PathBuf; 2]) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("first");
    selftest(&out).args(["--case", "pass-file,fail,unavailable"]).assert().code(1);
    let mut second = results(&out);
    let name: EnvironmentName = "image:trixie".parse().unwrap();
    // By changing a result, since no other environment is there on every machine.
    let host = |n: &EnvironmentName| n.to_string() == "host";
    second.environments.iter_mut().filter(|e| host(&e.name)).for_each(|e| e.name = name.clone());
    let cells = second.cases.iter_mut().filter(|c| host(&c.environment));
    cells.for_each(|c| c.environment = name.clone());
    change(&mut second);
    let file = dir.path().join("second.json");
    std::fs::write(&file, serde_json::to_vec(&second).unwrap()).unwrap();
    (dir, [out.join("results.json"), file])
}

fn merge(legs: &[PathBuf], out: &Path, require: &[&str]) -> assert_cmd::Command {
    let mut command = twinproof();
    command.arg("merge").args(legs).arg("--out").arg(out);
    for name in require {
        command.args(["--require", name]);
    }
    command
}

#[test]
fn legs_become_one_report() {
    let (dir, legs) = legs(|_| {});
    let out = dir.path().join("merged");
    merge(&legs, &out, &["host", "image"]).assert().code(1);
    let merged = results(&out);
    let mut cells: Vec<_> = merged
        .cases
        .iter()
        .map(|c| format!("{} {} {}", c.environment, c.case, c.verdict))
        .collect();
    cells.sort();
    assert_eq!(
        cells,
        [
            "host selftest/fail fail",
            "host selftest/pass-file pass",
            "image:trixie selftest/fail fail",
            "image:trixie selftest/pass-file pass",
            "wsl:no-such-distribution selftest/unavailable unavailable",
        ]
    );
    assert_eq!(merged.summary.total, 5);
    assert!(out.join("report.html").is_file());
}

#[rstest]
#[case::a_leg_that_did_not_run(&["windows"], "error: no leg has environment windows\n")]
#[case::an_environment_that_was_absent(&["wsl"], "error: no leg has environment wsl\n")]
fn a_missing_leg_is_reported(#[case] require: &[&str], #[case] message: &str) {
    let (dir, legs) = legs(|_| {});
    let out = dir.path().join("merged");
    let assert = merge(&legs, &out, require).assert().code(254);
    assert_eq!(stderr(&assert), message);
    assert!(!out.exists(), "nothing is written");
}

#[test]
fn legs_of_different_suites_do_not_fit() {
    let (dir, legs) = legs(|second| second.run.suites_sha256 = "0".repeat(64));
    let out = dir.path().join("merged");
    let assert = merge(&legs, &out, &[]).assert().code(254);
    let said = stderr(&assert);
    assert!(
        said.contains("were made with different suites: run all legs from one commit"),
        "{said}"
    );
}

#[test]
fn an_environment_that_ran_twice_does_not_fit() {
    let (dir, legs) = legs(|_| {});
    let out = dir.path().join("merged");
    let twice = [legs[0].clone(), legs[0].clone()];
    let assert = merge(&twice, &out, &[]).assert().code(254);
    assert!(stderr(&assert).contains("environment host ran in both"), "{}", stderr(&assert));
}

#[test]
fn a_leg_that_is_no_results_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("leg.json");
    std::fs::write(&file, "{}").unwrap();
    let assert = merge(&[file], &dir.path().join("merged"), &[]).assert().code(254);
    assert!(stderr(&assert).contains("leg.json: no results.json"), "{}", stderr(&assert));
}

#[test]
fn recorded_answers_of_wsls_configuration_are_matched() {
    let vectors = repository("suites/config/wslconf-vectors.json");
    let assert = twinproof().args(["config", "vectors"]).arg(vectors).assert().code(0);
    assert_eq!(stdout(&assert), "216 vectors: 216 match, 0 mismatch\n");
}

#[test]
fn settings_that_wsl_reads_are_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wsl.conf");
    std::fs::write(&file, "[boot]\nsystemd=yes\n[net]\ngenerateHosts=0\n;\n").unwrap();
    let assert =
        twinproof().args(["config", "parse", "--as", "wsl.conf"]).arg(&file).assert().code(0);
    let view: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    let at = file.display();
    assert_eq!(
        view["warnings"],
        serde_json::json!([
            format!("Invalid boolean value 'yes' for key 'boot.systemd' in {at}:2"),
            format!("Unknown key 'net.generateHosts' in {at}:4"),
            format!("Invalid key name in {at}:5"),
        ])
    );
    assert_eq!(view["stops"], true);
}

#[test]
fn variables_that_wslenv_passes_are_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wslenv");
    std::fs::write(&file, "GOPATH/p:GOROOT/w:X/q\n").unwrap();
    let assert = twinproof()
        .args(["config", "parse", "--as", "wslenv", "--env", r"GOPATH=C:\Users\u\go"])
        .arg(&file)
        .assert()
        .code(0);
    let view: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(view["windows-to-linux"], serde_json::json!([["GOPATH", "/mnt/c/Users/u/go"]]));
    assert_eq!(view["entries"][2]["unknown_flag"], "q");
}

/// Opening a pipe for reading waits for a writer; the time limit shows that the program does not open it.
#[cfg(unix)]
#[rstest]
#[case("conformance")]
#[case("lint")]
fn a_pipe_among_suites_is_a_mistake_with_its_place(#[case] command: &str) {
    let dir = tempfile::tempdir().unwrap();
    let suites = dir.path().join("suites");
    std::fs::create_dir_all(suites.join("s")).unwrap();
    let pipe = suites.join("s/x.toml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut program = twinproof();
    program.arg(command).arg("--suites").arg(&suites);
    // Without the limit a regression would hang the test.
    let assert = program.timeout(std::time::Duration::from_secs(60)).assert().code(254);
    let output = assert.get_output();
    let said = String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap();
    assert!(said.contains("error[no-file]: this is no regular file"), "{said}");
    assert!(said.contains("s/x.toml"), "{said}");
}

#[test]
fn a_new_declaration_is_one_that_can_be_checked() {
    let dir = tempfile::tempdir().unwrap();
    for (name, more) in [("mine", &[][..]), ("company", &["--url", "https://go.corp.example"])] {
        let new = twinproof().args(["subject", "new", name]).args(more).output().unwrap();
        let text = String::from_utf8(new.stdout).unwrap();
        assert!(new.status.success(), "{}", String::from_utf8_lossy(&new.stderr));
        assert!(text.contains("#   ${port}          a port that is free on 127.0.0.1\n"), "{text}");
        let file = dir.path().join(format!("{name}.toml"));
        std::fs::write(&file, &text).unwrap();
        let check = twinproof().args(["subject", "check"]).arg(&file).output().unwrap();
        let said = String::from_utf8(check.stdout).unwrap();
        assert!(check.status.success(), "{said}");
        assert!(said.contains(&format!("proxy:{name}, ")), "{said}");
        assert!(said.contains("more cases judged"), "{said}");
        std::fs::write(&file, text.replace("kind = ", "knid = ")).unwrap();
        let check = twinproof().args(["subject", "check"]).arg(&file).output().unwrap();
        let said = String::from_utf8(check.stdout).unwrap();
        assert_eq!(check.status.code(), Some(254), "{said}");
        assert!(said.contains("did you mean `kind`?"), "{said}");
    }
}

#[rstest]
#[case("goproxy=/nonexistent", "/nonexistent is not there, or no file")]
#[case("proxy=athens", "Athens needs its program named")]
#[case("proxy=http://127.0.0.1:9", "there is no answer at its address: ")]
// The program of a subject may be any: this one ends at once.
#[case("embedded=/bin/false", "it ended with exit code 1; it wrote nothing")]
fn a_subject_that_does_not_work_is_not_known(#[case] subject: &str, #[case] said: &str) {
    let dir = tempfile::tempdir().unwrap();
    let run = twinproof()
        .args(["conformance", "--suite", "proxy", "--case", "the-list-has-*", "--subject", subject])
        .arg("--out")
        .arg(dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    assert_eq!(run.status.code(), Some(2), "{text}{}", String::from_utf8_lossy(&run.stderr));
    assert!(text.replace("\n", " ").contains(said), "{text}");
}

#[rstest]
#[case::good("[boot]\nsystemd=true\n", 0)]
#[case::note("[boot]\n[boot]\n", 0)]
#[case::bad("[boot]\nsystemd=yes\n", 1)]
fn lint_of_configuration_exits_by_what_is_found(#[case] text: &str, #[case] code: i32) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("wsl.conf"), text).unwrap();
    let assert = twinproof().args(["config", "lint"]).arg(dir.path()).assert().code(code);
    assert!(stdout(&assert).contains("1 file: "), "{}", stdout(&assert));
}

#[rstest]
#[case::missing("none")]
#[case::unknown("what")]
#[case::empty_folder("folder")]
fn a_file_that_is_no_configuration_is_refused(#[case] name: &str) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("what"), "nothing known\n").unwrap();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    let assert = twinproof().args(["config", "lint"]).arg(dir.path().join(name)).assert().code(254);
    assert!(stderr(&assert).contains(name), "{}", stderr(&assert));
}

#[test]
fn a_documented_example_is_what_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let text = "; my settings\n[boot]\nsystemd=yes\n[net]\ngenerateResolvConf = false\n";
    std::fs::write(dir.path().join("wsl.conf"), text).unwrap();
    // The document shows this output: compare it.
    let document = std::fs::read_to_string(repository("docs/config-lint.md")).unwrap();
    let lint = |args: &[&str]| {
        twinproof().current_dir(dir.path()).args(["config", "lint"]).args(args).assert()
    };
    let assert = lint(&["wsl.conf"]).code(1);
    let shown = format!("$ twinproof config lint wsl.conf\n{}```", stdout(&assert));
    assert!(document.contains(&shown), "docs/config-lint.md does not have\n{shown}");
    let assert = lint(&["--fix", "wsl.conf"]).code(1);
    let shown = format!("$ twinproof config lint --fix wsl.conf\n{}```", stderr(&assert));
    assert!(document.contains(&shown), "docs/config-lint.md does not have\n{shown}");
    let now = std::fs::read_to_string(dir.path().join("wsl.conf")).unwrap();
    assert_eq!(now, "# my settings\n[boot]\nsystemd=true\n[network]\ngenerateResolvConf = false\n");
}

#[test]
fn findings_are_printed_for_programs() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(".wslconfig");
    std::fs::write(&file, "[wsl2]\nmemory=8gb\n").unwrap();
    let run = |format: &str| {
        let assert =
            twinproof().args(["config", "lint", "--format", format]).arg(&file).assert().code(1);
        serde_json::from_str::<serde_json::Value>(&stdout(&assert)).unwrap()
    };
    let json = run("json");
    assert_eq!(json["findings"][0]["rule"], "CONF-032");
    assert_eq!(
        (json["findings"][0]["line"].as_u64(), json["findings"][0]["column"].as_u64()),
        (Some(2), Some(8))
    );
    assert_eq!(json["findings"][0]["fix"]["edits"][0]["with"], "8GB");
    let sarif = run("sarif");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "CONF-032");
    assert_eq!(result["level"], "error");
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], "CONF-032");
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "8GB");
    assert_eq!(change["deletedRegion"]["startColumn"], 8);
}

#[test]
fn the_release_of_wsl_decides_which_keys_are_new() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wsl.conf");
    std::fs::write(&file, "[automount]\ncgroups=v1\n").unwrap();
    let lint = |version: &str| {
        twinproof().args(["config", "lint", "--wsl-version", version]).arg(&file).assert()
    };
    lint("2.6.2").code(0);
    let assert = lint("2.5.10").code(1);
    assert!(stdout(&assert).contains("warning[CONF-041]"), "{}", stdout(&assert));
}

#[test]
fn doctor_puts_the_twins_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("windows/go/env", "GOPROXY=https://mirror.example|direct\nGOSUMDB=sum.golang.org\n"),
        ("linux/go/env", "GOPROXY=https://proxy.golang.org,direct\nGOSUMDB=sum.golang.org\n"),
        ("Dockerfile", "FROM golang:1.27\nENV GOSUMDB=sum.golang.org\n"),
    ] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let doctor = |files: &[&str]| {
        twinproof().current_dir(dir.path()).args(["config", "doctor"]).args(files).assert()
    };
    let assert = doctor(&["windows/go/env", "linux/go/env", "Dockerfile"]).code(1);
    let document = std::fs::read_to_string(repository("docs/config-lint.md")).unwrap();
    assert!(
        document.contains(&stdout(&assert)),
        "docs/config-lint.md does not have\n{}",
        stdout(&assert)
    );
    doctor(&["windows/go/env", "windows/go/env"]).code(0);
}

//! One case for every verdict, driven by the program itself: its counts, its exit codes, its files,
//! and that every change to its evidence is noticed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use rstest::{fixture, rstest};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use support::{results, selftest, twinproof};
use twinproof_model::{Results, Verdict};

/// Cases that need a program apply to Linux only.
const LINUX: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };

/// One run of everything, shared by the tests; they change copies of it.
#[fixture]
fn whole() -> &'static Path {
    static RUN: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, out) = RUN.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        selftest(&out).assert().code(255);
        (dir, out)
    });
    out
}

fn of(results: &Results, case: &str) -> Verdict {
    let key = format!("selftest/{case}");
    results.cases.iter().find(|c| c.case == key).unwrap().verdict
}

#[rstest]
fn every_verdict_is_given_where_it_is_due(whole: &Path) {
    let results = results(whole);
    for (case, verdict) in [
        ("pass-file", Verdict::Pass),
        ("pass-tree", Verdict::Pass),
        ("pass-canary", Verdict::Pass),
        ("pass-environment", Verdict::Pass),
        ("pass-golden", Verdict::Pass),
        ("green-control", Verdict::Pass),
        ("fail", Verdict::Fail),
        ("xfail", Verdict::Xfail),
        ("xpass", Verdict::Xpass),
        ("waived", Verdict::Waived),
        ("unavailable", Verdict::Unavailable),
        ("not-applicable", Verdict::NotApplicable),
        ("inconclusive", Verdict::Inconclusive),
        ("harness-error", Verdict::HarnessError),
    ] {
        assert_eq!(of(&results, case), verdict, "{case}");
    }
    let count = |v| results.summary.of(v);
    assert_eq!(
        Verdict::ALL.map(count),
        [1 + 2 * (1 - LINUX), 6 + LINUX, 1, 1, 1, 1 + LINUX, 1, 1, 1],
        "in the order of {:?}",
        Verdict::ALL
    );
    assert_eq!(results.summary.total, 16);
    assert_eq!(results.summary.exit_code, 255);
    assert!(results.floors.iter().all(|f| f.met), "{:?}", results.floors);
}

#[rstest]
fn every_report_is_there(whole: &Path) {
    for name in [
        "results.json",
        "report.html",
        "junit.xml",
        "results.sarif",
        "summary.md",
        "ledger.json",
        "bundle.tar.zst",
        "bundle/run-manifest.json",
        "bundle/results.json",
        "bundle/MANIFEST.sha256",
    ] {
        let size = std::fs::metadata(whole.join(name)).map(|m| m.len()).unwrap_or(0);
        assert!(size > 0, "{name}");
    }
    let left: Vec<_> = std::fs::read_dir(whole)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".bundle-"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[rstest]
#[case::a_failure(&["--skip", "harness-error"], 1)]
#[case::a_stale_expectation(&["--case", "pass-file,xpass"], 1)]
#[case::not_decided(&["--skip", "harness-error,fail,xpass"], 2)]
#[case::only_passes(&["--case", "pass-*"], 0)]
#[case::known_divergences(&["--case", "xfail,waived"], 0)]
#[case::what_cannot_run(&["--case", "unavailable,not-applicable"], 0)]
#[case::what_cannot_run_strictly(&["--case", "unavailable", "--strict"], 2)]
#[case::a_required_environment(&["--case", "pass-file,unavailable", "--require", "wsl"], 2)]
fn the_exit_code_is_that_of_the_worst(#[case] args: &[&str], #[case] code: i32) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    selftest(&out).args(args).assert().code(code);
    assert_eq!(i32::from(results(&out).summary.exit_code), code);
}

#[test]
fn a_floor_that_is_not_met_is_not_known() {
    let dir = tempfile::tempdir().unwrap();
    let suites = dir.path().join("suites");
    copy(&support::beside("selftest"), &suites);
    for file in ["expectations/selftest.toml", "selftest/programs.toml", "selftest/controls.toml"] {
        std::fs::remove_file(suites.join(file)).unwrap();
    }
    let text = std::fs::read_to_string(suites.join("selftest/verdicts.toml")).unwrap();
    let kept = |case: &&str| ["pass-", "not-applicable"].iter().any(|id| case.contains(id));
    let cases: Vec<_> = text.split("[[case]]\n").filter(kept).collect();
    let cases = format!("[[case]]\n{}", cases.join("[[case]]\n"));
    std::fs::write(suites.join("selftest/verdicts.toml"), cases).unwrap();
    let out = dir.path().join("out");
    support::conformance(&suites, &out).args(["--env", "host"]).assert().code(2);
    let results = results(&out);
    assert_eq!(results.summary.reasons, ["1 floor not met"]);
    assert_eq!((results.floors[0].floor, results.floors[0].actual), (6, 5));
}

#[test]
fn claims_of_suites_that_do_not_run_are_in_the_results_where_a_case_supports_them() {
    let dir = tempfile::tempdir().unwrap();
    let suites = dir.path().join("suites");
    copy(&support::beside("selftest"), &suites);
    let change = |file: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(suites.join(file)).unwrap();
        assert!(text.contains(from), "{file}: {text}");
        std::fs::write(suites.join(file), text.replacen(from, to, 1)).unwrap();
    };
    let claims = std::fs::read_to_string(suites.join("claims.toml")).unwrap();
    let (_, claim) = claims.split_once("[[claim]]").unwrap();
    let other = claim.replace("SELFTEST-001", "OTHER-001").replace("\"selftest\"", "\"other\"");
    change("claims.toml", "[[claim]]", &format!("[[claim]]{other}\n[[claim]]"));
    change("selftest/verdicts.toml", "\"SELFTEST-001\"", "\"SELFTEST-001\", \"OTHER-001\"");
    let out = dir.path().join("out");
    let args = ["--suite", "selftest", "--env", "host", "--case", "pass-file"];
    support::conformance(&suites, &out).args(args).assert().code(0);
    let results = results(&out);
    let ids: Vec<_> = results.claims.iter().map(|claim| claim.id.as_str()).collect();
    assert_eq!(ids, ["OTHER-001", "SELFTEST-001"]);
}

#[rstest]
fn controls_turn_red_and_one_that_stays_green_fails_the_run(#[values(true, false)] green: bool) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let cases = if green { "pass-*,green-control" } else { "pass-*" };
    let code = if green { 1 } else { 0 };
    selftest(&out).args(["--controls", "--case", cases]).assert().code(code);
    let results = results(&out);
    assert_eq!(results.summary.controls_red, 5 + LINUX);
    assert_eq!(results.summary.controls_green, u64::from(green));
    assert_eq!(results.summary.controls_undriven, 0);
    let problems: Vec<_> =
        results.controls.iter().filter_map(|c| Some((&*c.case, c.problem.as_deref()?))).collect();
    let want: &[_] = if green { &[("selftest/green-control", "it stayed green")] } else { &[] };
    assert_eq!(problems, want);
    judge(&out.join("bundle")).assert().code(0);
}

#[rstest]
fn an_unchanged_bundle_is_judged_the_same(
    whole: &Path,
    #[values("bundle", "bundle.tar.zst")] what: &str,
) {
    let assert = judge(&whole.join(what)).assert().code(0);
    let said = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let files = walk(&whole.join("bundle")).len() - 1;
    assert_eq!(
        said,
        format!("{files} files, 0 changed; 16 verdicts computed again, 0 different\n")
    );
}

#[rstest]
#[case::a_blob("blobs/")]
#[case::a_record("records/host/selftest/fail.json")]
#[case::the_run_manifest("run-manifest.json")]
#[case::the_results("results.json")]
#[case::the_manifest("MANIFEST.sha256")]
fn a_flipped_byte_is_found(whole: &Path, #[case] name: &str, #[values(0, 1, 2)] part: usize) {
    let (_dir, bundle) = copy_of(whole);
    let file = walk(&bundle).into_iter().find(|f| f.starts_with(name)).unwrap();
    let path = bundle.join(&file);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = (bytes.len() - 1) * part / 2;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let assert = judge(&bundle).assert().code(1);
    let said = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let named = said.lines().any(|l| l.starts_with("changed: ") && l.contains(&file));
    // A changed line of the manifest may still be one: then it is the file that it names.
    let listed = name == "MANIFEST.sha256" && said.contains("changed: ");
    assert!(named || listed, "{said}");
}

#[rstest]
fn a_flipped_byte_of_the_archive_is_found(whole: &Path, #[values(0, 1, 2, 3, 4)] part: usize) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bundle.tar.zst");
    let mut bytes = std::fs::read(whole.join("bundle.tar.zst")).unwrap();
    let at = (bytes.len() - 1) * part / 4;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let assert = judge(&path).assert().code(1);
    let said = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(said.starts_with(&path.display().to_string()), "{said}");
}

#[rstest]
#[case::a_fail("fail", Verdict::Fail)]
#[case::an_inconclusive("inconclusive", Verdict::Inconclusive)]
#[case::a_harness_error("harness-error", Verdict::HarnessError)]
#[case::an_unavailable("unavailable", Verdict::Unavailable)]
fn a_forged_verdict_is_found(
    whole: &Path,
    #[case] case: &str,
    #[case] verdict: Verdict,
    #[values(true, false)] manifest_too: bool,
) {
    let (_dir, bundle) = copy_of(whole);
    let path = bundle.join("results.json");
    let mut forged: Results = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let key = format!("selftest/{case}");
    let cell = forged.cases.iter_mut().find(|c| c.case == key).unwrap();
    cell.verdict = Verdict::Pass;
    let place = format!("{key} in {}", cell.environment);
    std::fs::write(&path, serde_json::to_vec_pretty(&forged).unwrap()).unwrap();
    if manifest_too {
        seal(&bundle);
    }
    let assert = judge(&bundle).assert().code(1);
    let said = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(
        said.contains(&format!("differs: {place}: stored pass, computed {verdict}\n")),
        "{said}"
    );
    assert_eq!(said.contains("changed: results.json"), !manifest_too, "{said}");
}

#[rstest]
#[case::a_record_left_out("records/host/selftest/pass-file.json")]
#[case::the_run_manifest_left_out("run-manifest.json")]
fn a_bundle_that_lacks_a_file_is_not_clean(whole: &Path, #[case] name: &str) {
    let (_dir, bundle) = copy_of(whole);
    std::fs::remove_file(bundle.join(name)).unwrap();
    let assert = judge(&bundle).assert().code(1);
    let said = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(said.contains(&format!("changed: {name}: missing\n")), "{said}");
}

#[rstest]
fn a_bundle_of_an_older_version_is_refused_by_name(whole: &Path) {
    let (_dir, bundle) = copy_of(whole);
    std::fs::rename(bundle.join("run-manifest.json"), bundle.join("docket.json")).unwrap();
    seal(&bundle);
    let assert = judge(&bundle).assert().code(254);
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(said.contains("an older Twinproof wrote this bundle (docket.json"), "{said}");
}

/// Opening a pipe for reading waits for a writer; the time limit of the test shows that the pipe is not opened.
#[cfg(unix)]
#[rstest]
#[case("MANIFEST.sha256")]
#[case("run-manifest.json")]
#[case("results.json")]
#[case("records/host/selftest/pass-file.json")]
fn a_pipe_or_a_device_in_a_bundle_is_refused(
    whole: &Path,
    #[case] name: &str,
    #[values(true, false)] pipe: bool,
) {
    let (_dir, bundle) = copy_of(whole);
    let path = bundle.join(name);
    std::fs::remove_file(&path).unwrap();
    if pipe {
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
    } else {
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    }
    let assert = judge(&bundle).timeout(std::time::Duration::from_secs(60)).assert();
    let output = assert.get_output();
    // Without its manifest it is no bundle; otherwise the message names the file.
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    let (code, words) = match name {
        "MANIFEST.sha256" => (254, "is no evidence bundle".to_owned()),
        name => (1, format!("changed: {name} is no regular file\n")),
    };
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(&words), "{said}");
}

#[rstest]
fn a_case_whose_name_leads_out_of_the_bundle_is_not_read(whole: &Path) {
    let (dir, bundle) = copy_of(whole);
    std::fs::write(dir.path().join("outside.json"), "{}").unwrap();
    for file in ["run-manifest.json", "results.json"] {
        let path = bundle.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("\"pass-file\"", "\"../../../../outside\"");
        let text = text.replace("selftest/pass-file", "selftest/../../../../outside");
        std::fs::write(&path, text).unwrap();
    }
    seal(&bundle);
    let assert = judge(&bundle).assert();
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(assert.get_output().status.code(), Some(254), "{said}");
    assert!(said.contains("records/host/selftest/_/_/_/_/outside.json"), "{said}");
}

fn judge(bundle: &Path) -> assert_cmd::Command {
    let mut command = twinproof();
    command.arg("judge").arg(bundle);
    command
}

/// The files below a folder, sorted, with `/`.
fn walk(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let path = entry.path();
            let relative = path.strip_prefix(folder).unwrap();
            let parts: Vec<_> = relative.iter().map(|p| p.to_str().unwrap()).collect();
            files.push(parts.join("/"));
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    for file in walk(from) {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&file), target).unwrap();
    }
}

fn copy_of(out: &Path) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    copy(&out.join("bundle"), &bundle);
    (dir, bundle)
}

/// Writes the manifest again, as a forger of a file would.
fn seal(bundle: &Path) {
    let mut manifest = String::new();
    for file in walk(bundle).iter().filter(|f| *f != "MANIFEST.sha256") {
        let hash = Sha256::digest(std::fs::read(bundle.join(file)).unwrap());
        let hex: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        manifest.push_str(&format!("{hex}  {file}\n"));
    }
    std::fs::write(bundle.join("MANIFEST.sha256"), manifest).unwrap();
}

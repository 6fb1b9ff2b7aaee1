//! Runs the program on the self-test's suites, and reads its output.

use assert_cmd::Command;
use std::path::{Path, PathBuf};
use twinproof_model::Results;

/// A folder beside these tests.
pub fn beside(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// The program, without TWINPROOF_REQUIRE of the caller's environment, and with no way to fetch.
pub fn twinproof() -> Command {
    let mut command = Command::cargo_bin("twinproof").unwrap();
    command
        .env_remove(twinproof_base::require::VARIABLE)
        .env("GOPROXY", "off")
        .env("NO_COLOR", "1");
    command
}

/// `conformance` on a folder of suites, with the self-test's goldens.
pub fn conformance(suites: &Path, out: &Path) -> Command {
    let mut command = twinproof();
    command.args(["conformance", "--suites"]).arg(suites).arg("--golden");
    command.arg(beside("selftest-golden")).arg("--out").arg(out);
    command.env("TWINPROOF_CACHE", out.with_extension("cache"));
    command
}

/// `conformance` on the self-test's suites, in the host and in a distribution that does not exist.
pub fn selftest(out: &Path) -> Command {
    let mut command = conformance(&beside("selftest"), out);
    command.args(["--env", "host,wsl:no-such-distribution"]);
    command
}

/// The results that a run wrote.
pub fn results(out: &Path) -> Results {
    serde_json::from_slice(&std::fs::read(out.join("results.json")).unwrap()).unwrap()
}

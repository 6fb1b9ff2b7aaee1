//! Asks a real go command in surroundings that try to change its answers.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use twinproof_testkit::Outcome;
use twinproof_toolchain::{GoFacts, goproxy_setting, probe};

use crate::requirement;

/// Set for the child in which a test runs its second half.
const CHILD: &str = "TWINPROOF_TEST_PROBE_CHILD";

/// The answers without those that differ because each question has a directory of its own.
fn lasting(facts: &GoFacts) -> BTreeMap<&str, &str> {
    let own = ["GOENV", "GOMOD", "GOGCCFLAGS", "GOTELEMETRYDIR", "GOTMPDIR"];
    let all = facts.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    all.filter(|(name, _)| !own.contains(name)).collect()
}

#[test]
fn surroundings_do_not_change_the_answers() -> Outcome {
    let go = requirement::go()?;
    if std::env::var_os(CHILD).is_some() {
        println!("facts:{}", serde_json::to_string(&probe(&go).unwrap()).unwrap());
        println!("goproxy:{}", goproxy_setting(&go).unwrap());
        return Ok(());
    }
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    // No such version exists: a go command that heeds one of these files tries to download it.
    let demanding = "module m\n\ngo 1.99.0\n\ntoolchain go1.99.9\n";
    write("go.mod", demanding);
    write("go.work", "go 1.99.0\n");
    // The probe works below the temporary folder, where others may have left a go.mod.
    write("tmp/go.mod", demanding);
    write("tmp/go.work", "go 1.99.0\n");
    let cwd = write("deep/er/x", "").parent().unwrap().to_path_buf();
    // A GOFLAGS that go refuses, since the space ends the first flag.
    let settings = "GOFLAGS=-ldflags=-s -w\nGOTOOLCHAIN=go1.99.9\nGOPROXY=https://proxy.example\n";
    let goenv = write("goenv", settings);
    // A process of its own: the environment of this one cannot change while other tests read it.
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "probe::surroundings_do_not_change_the_answers", "--nocapture"])
        .current_dir(cwd)
        .env(CHILD, "1")
        // Each system has its own name for this.
        .env("TMPDIR", dir.path().join("tmp"))
        .env("TEMP", dir.path().join("tmp"))
        .env("TMP", dir.path().join("tmp"))
        .env("GOENV", &goenv)
        .env("GOFLAGS", "-mod=mod -ldflags=-s -w")
        .env("GOTOOLCHAIN", "go1.99.9+auto")
        .env("GOWORK", dir.path().join("go.work"))
        .env("GOROOT", dir.path())
        .env("GOOS", "plan9")
        .env("GOEXPERIMENT", "nonsense")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = |name: &str| text.split_once(name).unwrap().1.lines().next().unwrap();
    let poisoned: GoFacts = serde_json::from_str(line("facts:")).unwrap();
    let calm = probe(&go).unwrap();
    assert_eq!(lasting(&poisoned), lasting(&calm));
    assert_eq!((poisoned.version, poisoned.goroot), (calm.version, calm.goroot));
    // GOENV may choose the proxies, so this setting alone is taken from it.
    assert_eq!(line("goproxy:"), "https://proxy.example");
    // The user's settings were not written.
    assert_eq!(fs::read_to_string(&goenv).unwrap(), settings);
    Ok(())
}

//! Settings for scripts that the tests bring with them.

use std::path::Path;
use tempfile::TempDir;
use twinproof_script::{Outcome, Script, ScriptLimits, Setting, Toolchain};

/// A Go that is not there, with answers as a Linux one gives them.
pub fn absent(dir: &Path) -> Toolchain {
    Toolchain {
        goroot: dir.join("goroot"),
        go: dir.join("goroot/bin/go"),
        version: "go1.27.3".into(),
        goos: "linux".into(),
        goarch: "amd64".into(),
        exe: String::new(),
        cgo: true,
        experiments: vec!["jsonv2".into()],
    }
}

/// A setting with a folder that is gone when the test is over.
pub fn setting(toolchain: impl FnOnce(&Path) -> Toolchain) -> (TempDir, Setting) {
    let dir = tempfile::tempdir().unwrap();
    let setting = Setting {
        toolchain: toolchain(dir.path()),
        proxy: "http://127.0.0.1:0/mod".into(),
        sumdb: "example.com/db+00000000+AAAA".into(),
        dir: dir.path().join("work"),
        gocache: dir.path().join("gocache"),
        short: false,
        env: Vec::new(),
        limits: ScriptLimits::default(),
    };
    (dir, setting)
}

/// Runs a script without Go, and sees that it leaves nothing.
pub fn run(text: &str) -> Outcome {
    let (_dir, setting) = setting(absent);
    let outcome = Script::parse("script", text.as_bytes()).unwrap().verdict_in(&setting).unwrap();
    let left = std::fs::read_dir(&setting.dir).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a work directory is left");
    outcome
}

/// The line at which a script failed, and the failure's message; `None` when it passed.
#[cfg(unix)]
pub fn failure(text: &str) -> Option<(usize, String)> {
    use twinproof_script::Verdict;
    match run(text).verdict {
        Verdict::Pass => None,
        Verdict::Fail(failure) => Some((failure.line, failure.message)),
        Verdict::NotApplicable(reason) => Some((0, reason.to_string())),
    }
}

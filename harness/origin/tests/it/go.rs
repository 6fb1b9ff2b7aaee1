//! Downloads by real `go` from the origin.

use std::path::Path;
use std::process::{Command, Output};

use twinproof_origin::{Origin, Setup};
use twinproof_testkit::Outcome;

/// A `go` with a home of its own, whose proxy and database are the origin's.
pub fn go(program: &Path, home: &Path, origin: &Origin, args: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(home.join("work"));
    // These turn the database off, and the machine's own setting of them must not decide the test.
    for name in ["GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE"] {
        command.env_remove(name);
    }
    command
        .envs(twinproof_base::go_env::HERMETIC)
        .env("GOPATH", home.join("gopath"))
        .env("GOMODCACHE", home.join("gopath/pkg/mod"))
        // Without it the module cache is read-only, and the temporary folder could not be removed.
        .env("GOFLAGS", "-modcacherw")
        .env("GOPROXY", origin.url())
        .env("GOSUMDB", origin.sumdb_key())
        .output()
        .expect("go runs")
}

pub fn home(go_mod: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(home.path().join("work")).expect("a folder");
    std::fs::write(home.path().join("work/go.mod"), go_mod).expect("a file");
    home
}

#[test]
fn downloads_and_verifies() -> Outcome {
    let program = twinproof_testkit::go()?;
    let origin = Origin::start(Setup::default()).expect("starts");
    let home = home("module example.com/work\n\ngo 1.21\n\nrequire crafted.example/app v1.0.0\n");
    let output = go(&program, home.path(), &origin, &["mod", "download", "-x", "all"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    let sum = std::fs::read_to_string(home.path().join("work/go.sum")).expect("go.sum");
    for (path, version) in [
        ("crafted.example/app", "v1.0.0"),
        ("crafted.example/Upper", "v1.0.0"),
        ("crafted.example/upper", "v1.0.0"),
        ("crafted.example/hello", "v1.1.0"),
        ("crafted.example/incompatible", "v2.0.0+incompatible"),
        ("crafted.example/major/v2", "v2.1.0"),
    ] {
        let sums = origin.sums(path, version).expect("sums");
        assert!(sums.lines().all(|line| sum.contains(line)), "{sums}{sum}");
    }
    // One for each module: `go` keeps what the database proved.
    let lookups =
        origin.requests().iter().filter(|request| request.target.contains("/lookup/")).count();
    assert_eq!(lookups, 6);

    let versions = ["list", "-m", "-versions", "crafted.example/incompatible"];
    let output = go(&program, home.path(), &origin, &versions);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        text,
        "crafted.example/incompatible v1.0.0 v2.0.0+incompatible v3.1.0+incompatible\n"
    );
    Ok(())
}

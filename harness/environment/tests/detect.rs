//! Environments on the machine that runs the tests, and the reasons for absent ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

use rstest::rstest;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use twinproof_container::Network;
use twinproof_environment::{
    Candidates, Config, Contents, Detection, Environment, EnvironmentError, Exec, Look, Progress,
    Put, Sdk, SnapshotLimits,
};
use twinproof_model::Capability;
use twinproof_testkit::{Outcome, Requirement, Unavailable, go};

fn config(dir: &Path) -> Config {
    Config {
        work: dir.join("work"),
        go_cache: dir.join("go-build"),
        cache: std::env::temp_dir().join("twinproof-launcher"),
        sdks: Vec::new(),
        tools: Vec::new(),
        warm_cache: None,
        network: Network::Host,
    }
}

fn look(selectors: &[&str]) -> Candidates {
    let selectors: Vec<_> = selectors.iter().map(|&s| s.to_owned()).collect();
    let look = Look { longest_run: Duration::from_secs(1200), wsl_exe: None };
    Candidates::look(&selectors, &look)
}

fn found(selectors: &[&str]) -> Vec<Detection> {
    let dir = tempfile::tempdir().unwrap();
    look(selectors).detect(&config(dir.path()), &|_| {})
}

/// The environment of that name.
fn available(name: &str, tool: Requirement) -> Result<Box<dyn Environment>, Unavailable> {
    environment_of(found(&[name]).pop().unwrap(), tool)
}

fn environment_of(
    detection: Detection,
    tool: Requirement,
) -> Result<Box<dyn Environment>, Unavailable> {
    match detection {
        Detection::Available(environment) => Ok(environment),
        Detection::Absent { absent, .. } => {
            Err(tool.unavailable(format!("{absent}; {}", absent.remedy)))
        }
        Detection::Broken { error, .. } => panic!("{error}"),
    }
}

fn exec(environment: &dyn Environment, root: &str, argv: &[&str]) -> Exec {
    Exec {
        program: argv[0].to_owned(),
        args: argv[1..].iter().map(|&a| a.to_owned()).collect(),
        env: environment.base_env(root, root),
        cwd: root.to_owned(),
        stdin: Vec::new(),
        limit: Duration::from_secs(60),
        output_limit: 1 << 20,
    }
}

#[test]
fn the_host_is_there() {
    let seen = Mutex::new(Vec::new());
    let dir = tempfile::tempdir().unwrap();
    let detections = look(&["host"]).detect(&config(dir.path()), &|progress| {
        seen.lock().unwrap().push(progress);
    });
    assert!(matches!(&detections[..], [Detection::Available(_)]));
    let name = detections[0].name().clone();
    assert_eq!(name.to_string(), "host");
    let want = [Progress::Started(name.clone()), Progress::Ended(name)];
    assert_eq!(seen.into_inner().unwrap(), want);
}

#[test]
fn candidates_are_found_without_running_anything() {
    let there: Vec<String> =
        look(&["host", "image:nosuch"]).there().map(ToString::to_string).collect();
    assert_eq!(there, ["host"]);
}

#[rstest]
#[case("image:nosuch", "there is no image:nosuch; images are bookworm, bullseye, musl, trixie")]
#[cfg_attr(not(windows), case("wsl:nosuch", "there is no distribution `nosuch`"))]
fn environment_named_in_full_is_always_listed(#[case] name: &str, #[case] want: &str) {
    let detections = found(&[name, name]);
    let [Detection::Absent { name: got, absent }] = &detections[..] else {
        panic!("{}", detections.len())
    };
    assert_eq!((got.to_string().as_str(), absent.detail.as_str()), (name, want));
}

#[test]
fn a_pattern_that_fits_nothing_gives_nothing() {
    assert_eq!(found(&["image:no*"]).len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn windows_and_wsl_are_absent_on_plain_linux() {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    if release.to_lowercase().contains("microsoft") {
        println!("unavailable: plain linux: this is WSL");
        return;
    }
    let shown: Vec<_> = found(&["windows", "wsl"])
        .iter()
        .map(|d| match d {
            Detection::Absent { name, absent } => format!("{name}: {absent}: {}", absent.remedy),
            other => panic!("{}", other.name()),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "wsl: this is no Windows machine, and not inside WSL (no wsl.exe on PATH): run it on Windows: wsl.exe --install -d Ubuntu",
            "windows: this is no Windows machine, and not inside WSL: run it on Windows, or in a distribution of WSL",
        ]
    );
}

#[rstest]
#[case("image:trixie", Capability::Glibc, "glibc 2.41")]
#[case("image:musl", Capability::Musl, "musl")]
fn an_image_shakes_hands(
    #[case] name: &str,
    #[case] libc: Capability,
    #[case] version: &str,
) -> Outcome {
    let environment = available(name, Requirement::Docker)?;
    assert_eq!(environment.facts().handshake.len(), 7);
    for want in [libc, Capability::Linux, Capability::Root, Capability::ModeBits] {
        assert!(environment.facts().capabilities.contains(&want), "{want}");
    }
    assert!(environment.facts().capabilities.contains(&Capability::CaseSensitive));
    let fingerprint = &environment.facts().fingerprint;
    assert!(fingerprint.libc.starts_with(version), "{fingerprint:?}");
    assert!(fingerprint.image.as_deref().unwrap().starts_with("sha256:"));

    let sandbox = environment.open("a case").unwrap();
    let root = sandbox.root().to_owned();
    let run = |argv: &[&str]| {
        let exited = sandbox.exec(&exec(environment.as_ref(), &root, argv)).unwrap();
        (exited.code, exited.not_found)
    };
    assert_eq!(run(&["sh", "-c", "exit 127"]), (Some(127), false));
    assert_eq!(run(&["sh", "-c", "no-such-program"]), (Some(127), false));
    assert_eq!(run(&["no-such-program"]), (None, true));
    // 127 by `env`, which is found, and not by the driver.
    assert_eq!(run(&["env", "/no/such/program"]), (Some(127), false));
    assert_eq!(run(&["/etc/passwd"]), (Some(126), false));
    let path = format!("{root}/d/link");
    sandbox.put(&path, &Put::Symlink { target: "no where".to_owned() }).unwrap();
    let entries = sandbox.entries(&root, Contents::Hashes, SnapshotLimits::default()).unwrap();
    let shown: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.target.as_deref())).collect();
    assert_eq!(shown, [("", None), ("d", None), ("d/link", Some("no where"))]);
    for (depth, entries) in [(0, 1), (1, 2), (2, 3)] {
        let limits = SnapshotLimits { depth, entries, bytes: 0 };
        assert_eq!(sandbox.entries(&root, Contents::Hashes, limits).unwrap().len(), entries);
    }
    let limits = SnapshotLimits { entries: 2, ..SnapshotLimits::default() };
    let error = sandbox.entries(&root, Contents::Hashes, limits).unwrap_err();
    assert!(matches!(error, EnvironmentError::Limit { .. }), "{error}");
    // What is put together is there for the program that follows; what cannot be is an error then.
    let file = |bytes: &[u8]| Put::File { bytes: bytes.to_vec(), mode: None };
    for (name, bytes) in [("a", "one"), ("b/c", "two"), ("a", "three")] {
        sandbox.put(&format!("{root}/{name}"), &file(bytes.as_bytes())).unwrap();
    }
    let exited = sandbox.exec(&exec(environment.as_ref(), &root, &["cat", "a", "b/c"])).unwrap();
    assert_eq!(String::from_utf8_lossy(&exited.stdout), "threetwo");
    let below_a_file = format!("{root}/a/d");
    sandbox.put(&below_a_file, &file(b"")).unwrap();
    let error = sandbox.exec(&exec(environment.as_ref(), &root, &["true"])).unwrap_err();
    assert!(error.to_string().contains(&format!("putting {below_a_file}")), "{error}");
    // Work directories are removed when those of some cases have gathered.
    drop(sandbox);
    for _ in 0..16 {
        environment.open("another").unwrap();
    }
    let other = environment.open("the last").unwrap();
    assert_eq!(other.entries(&root, Contents::Hashes, SnapshotLimits::default()).unwrap(), []);
    Ok(())
}

#[test]
fn wine_shakes_hands_as_windows_does() -> Outcome {
    let environment = available("wine", Requirement::Images)?;
    assert_eq!(environment.name().to_string(), "wine");
    assert_eq!(environment.facts().handshake.len(), 7);
    for want in [Capability::Windows, Capability::WindowsPaths] {
        assert!(environment.facts().capabilities.contains(&want), "{want}");
    }
    for not in [Capability::RealWindows, Capability::Linux, Capability::ModeBits] {
        assert!(!environment.facts().capabilities.contains(&not), "{not}");
    }
    assert!(
        environment.facts().fingerprint.os.starts_with("Windows 10."),
        "{:?}",
        environment.facts().fingerprint
    );
    assert!(environment.facts().fingerprint.facts["wine"].starts_with("wine-10"));
    let sandbox = environment.open("a case").unwrap();
    let root = sandbox.root().to_owned();
    assert!(root.starts_with(r"C:\w\a-case-"), "{root}");
    // The exit code of a program that ^C ended: it is negative for 32 bits with a sign.
    let argv = ["cmd", "/d", "/c", "mkdir sub& echo hi>sub\\f& exit -1073741510"];
    let exited = sandbox.exec(&exec(environment.as_ref(), &root, &argv)).unwrap();
    assert_eq!((exited.code, exited.not_found), (Some(-1_073_741_510), false));
    let entries = sandbox.entries(&root, Contents::Wanted, SnapshotLimits::default()).unwrap();
    let shown: Vec<_> = entries.iter().map(|e| (e.path.as_str(), e.bytes.as_deref())).collect();
    assert_eq!(shown, [("", None), ("sub", None), ("sub/f", Some(b"hi\r\n".as_slice()))]);
    Ok(())
}

/// The SDK on PATH, with an invented hash.
fn sdk() -> Result<Sdk, Unavailable> {
    let output = std::process::Command::new(go()?)
        .args(["env", "GOROOT", "GOVERSION", "GOHOSTOS", "GOHOSTARCH"])
        // Of the SDK on PATH itself, not of another that it would switch to.
        .env("GOTOOLCHAIN", "local")
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    Ok(Sdk {
        version: lines[1].trim_start_matches("go").to_owned(),
        os: lines[2].to_owned(),
        arch: lines[3].to_owned(),
        goroot: lines[0].into(),
        provenance: "on PATH".to_owned(),
        hash: "h1:x".to_owned(),
    })
}

#[rstest]
#[case("host", Requirement::Go, None)]
#[case("image:trixie", Requirement::Docker, Some("/sdk/go"))]
fn an_sdk_runs_and_reaches_the_harness(
    #[case] name: &str,
    #[case] tool: Requirement,
    #[case] place: Option<&str>,
) -> Outcome {
    let sdk = sdk()?;
    let dir = tempfile::tempdir().unwrap();
    let config = Config { sdks: vec![sdk.clone()], ..config(dir.path()) };
    let found = look(&[name]).detect(&config, &|_| {}).pop().unwrap();
    let environment = environment_of(found, tool)?;
    for want in [Capability::Go, Capability::Loopback] {
        assert!(environment.facts().capabilities.contains(&want), "{want}");
    }
    let want = match place {
        Some(place) => format!("{place}{}", sdk.version),
        None => sdk.goroot.display().to_string(),
    };
    assert_eq!(environment.goroot(&sdk.version).unwrap(), want);
    assert_eq!(environment.facts().fingerprint.sdks[&sdk.version], "on PATH, h1:x");
    let absent = environment.goroot("0.1").unwrap_err();
    assert_eq!(absent.remedy, "twinproof sdk get 0.1");
    Ok(())
}

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}

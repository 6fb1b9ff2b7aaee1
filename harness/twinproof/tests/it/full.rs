//! A full disk: files that do not fit are refused, stored files stay right, and once there is room
//! again the proxy stores again.
//!
//! The disk is a small one in memory, in a mount namespace of its own: each test is this program
//! again, run inside by `unshare`, and the disk is gone with it.

use crate::client::{fetch, get};
use crate::files::Files;
use crate::served::Served;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::{Command, Output};
use twinproof_model::{Results, Verdict};
use twinproof_origin::{Origin, Setup};
use twinproof_sumdb::note::Signer;
use twinproof_sumdb::server::store::Store;
use twinproof_testkit::{Outcome, Requirement, files_in};

/// Where the disk is, for the one inside.
const DISK: &str = "TWINPROOF_FULL_DISK";

/// Ways into a mount namespace: for anybody, then for root alone.
const WAYS: [&[&str]; 2] = [&["-Urm"], &["-m"]];

/// Runs the test of this name again, inside, with a disk of this size in place of `DISK`.
fn inside(name: &str, size: &str) -> Outcome {
    let files = Files::new();
    let script = r#"mount -t tmpfs -o "size=$1" none "$2" && shift 2 && exec "$@""#;
    let mut reason = String::new();
    for way in WAYS {
        let unshare = |command: &[&str]| {
            let (path, mut program) = (files.path(), Command::new("unshare"));
            program.args(way).args(["sh", "-c", script, "sh", size]).arg(path).args(command);
            program.env(DISK, path).output()
        };
        match unshare(&["true"]) {
            Ok(output) if output.status.success() => {
                let this = std::env::current_exe().unwrap();
                let args = [this.to_str().unwrap(), name, "--exact", "--nocapture"];
                let output = unshare(&args).unwrap();
                let said = String::from_utf8_lossy(&output.stdout);
                println!("{said}{}", String::from_utf8_lossy(&output.stderr));
                assert!(output.status.success() && said.contains("1 passed"), "inside it fails");
                return Ok(());
            }
            Ok(output) => reason = String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            Err(error) => reason = format!("unshare: {error}"),
        }
    }
    Err(Requirement::Tmpfs.unavailable(reason))
}

/// A file that takes all the room that is left.
struct Ballast(std::path::PathBuf);

impl Ballast {
    fn new(disk: &Path) -> Self {
        let path = disk.join("ballast");
        let mut file = File::create(&path).unwrap();
        for piece in [64 << 10, 1] {
            let piece = vec![0; piece];
            let error = loop {
                if let Err(error) = file.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull);
        }
        Self(path)
    }

    fn throw_off(self) {
        fs::remove_file(self.0).unwrap();
    }
}

#[test]
fn a_proxy_without_room() -> Outcome {
    let Some(disk) = std::env::var_os(DISK) else {
        return inside("full::a_proxy_without_room", "4m");
    };
    let (disk, origin) = (Path::new(&disk), Origin::start(Setup::default()).unwrap());
    let store = disk.join("store");
    let args = ["--store", store.to_str().unwrap(), "--upstream", &origin.url()];
    // Without the store in memory, files are on the disk or nowhere.
    let proxy = Served::proxy(&[&args[..], &["--store-memory", "0"]].concat());
    let at = |target: &str| format!("{}/crafted.example/{target}", proxy.url);
    let of_origin = |target: &str| fetch(&format!("{}/crafted.example/{target}", origin.url()));
    let [medium, large] = ["medium/@v/v1.0.0.zip", "medium/@v/v1.1.0.zip"];
    let (info, zip) = ("hello/@v/v1.0.0.info", "hello/@v/v1.0.0.zip");
    assert_eq!(fetch(&at(medium)), of_origin(medium));
    let before = files_in(&store);

    // It would never fit. A large zip is passed on while it is stored: either its answer has begun and is
    // cut off before its last bytes, or the disk was full before the first byte. No client gets it whole.
    let no_room = |target: &str| format!("the store has no room for crafted.example/{target}\n");
    let refused = || matches!(fetch(&at(large)), None | Some((507, _)));
    assert!(refused());
    assert_eq!(files_in(&store), before);
    assert_eq!(fetch(&at(medium)), of_origin(medium));

    // No file fits any more. Small answers do not need the disk, and are not stored.
    let ballast = Ballast::new(disk);
    assert_eq!(get(&at(zip)), (507, no_room(zip)));
    assert_eq!(fetch(&at(info)), of_origin(info));
    assert_eq!(files_in(&store), before);
    assert_eq!(fetch(&at(medium)), of_origin(medium));
    assert_eq!(get(&at("hello/@v/list")), (200, "v1.0.0\nv1.1.0\n".to_owned()));
    assert_eq!(get(&format!("{}/healthz", proxy.url)), (200, "ok\n".to_owned()));

    // There is room again: nothing was remembered, nothing begins anew.
    ballast.throw_off();
    for target in [info, zip, medium] {
        assert_eq!(fetch(&at(target)), of_origin(target));
        assert!(store.join("crafted.example").join(target).is_file());
    }
    assert!(refused());
    Ok(())
}

/// A go.sum file of so many module versions.
fn go_sum(files: &Files, name: &str, versions: usize) -> String {
    let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let lines = |n| format!("m.example v1.0.{n} {hash}\nm.example v1.0.{n}/go.mod {hash}\n");
    files.write(name, &(0..versions).map(lines).collect::<String>())
}

#[test]
fn a_checksum_database_without_room() -> Outcome {
    let Some(disk) = std::env::var_os(DISK) else {
        return inside("full::a_checksum_database_without_room", "2m");
    };
    let (disk, files) = (Path::new(&disk), Files::new());
    let (store, signer) = (disk.join("db"), files.at("signer.key"));
    Signer::generate("sum.corp.example").unwrap().create_file(&signer).unwrap();
    let place = ["--store", store.to_str().unwrap(), "--key", signer.to_str().unwrap()];
    let add = |versions: usize| -> Output {
        let file = go_sum(&files, "go.sum", versions);
        let mut program = Command::new(assert_cmd::cargo::cargo_bin("twinproof"));
        program.args(["sumdb", "add", "--go-sum", &file]).args(place).output().unwrap()
    };
    let check = || {
        let store = Store::open(&store, Signer::read_file(&signer).unwrap()).unwrap();
        store.check().unwrap();
        store.head().size
    };
    assert_eq!(add(10).stdout, b"10 added, 0 known, 0 left out, 10 in all\n");
    let database = Served::sumdb(&place);
    let asked =
        ["latest", "lookup/m.example@v1.0.7", "tile/8/0/000.p/10", "lookup/m.example@v1.0.17"]
            .map(|path| format!("{}/{path}", database.url));
    let before = asked.each_ref().map(|url| get(url));
    assert_eq!(before.each_ref().map(|(status, _)| *status), [200, 200, 200, 404]);

    let ballast = Ballast::new(disk);
    // Few, which wait in memory, and many, which are written while they wait.
    for versions in [20, 3000] {
        let output = add(versions);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(said.contains("No space left on device"), "{said}");
        assert_eq!(asked.each_ref().map(|url| get(url)), before);
    }

    ballast.throw_off();
    assert_eq!(check(), 10);
    assert_eq!(add(20).stdout, b"10 added, 10 known, 0 left out, 20 in all\n");
    assert_eq!(get(&asked[3]).0, 200);
    assert_eq!(get(&asked[1]).0, 200);
    assert_eq!(check(), 20);
    Ok(())
}

/// A suite of two cases: one leaves less than half of 32 MiB while it runs, one needs nothing.
const SUITE: &str = r#"
[[claim]]
id = "FULL-001"
statement = "A case says what it says on a disk with room."
reference = "this test"
level = "must"
suite = "full"
"#;

const CASES: &str = r#"
[[case]]
id = "fills"
claims = ["FULL-001"]
title = "A program writes, and gives no answer where it cannot"
environments = ["host"]
step = [
  { run = { name = "sh", program = "/bin/sh", args = ["-c", "head -c 20000000 /dev/zero > filler; wc -c < filler"], stdout = "20000000" } },
]
control = { step = "sh", args = ["-c", "echo x"] }

[[case]]
id = "needs-nothing"
claims = ["FULL-001"]
title = "A file is there"
environments = ["host"]
step = [
  { write = { name = "it", path = "it", text = "x" } },
  { file = { path = "it", text = "x" } },
]
control = { step = "it", text = "y" }
"#;

#[test]
fn a_run_without_room() -> Outcome {
    let Some(disk) = std::env::var_os(DISK) else {
        return inside("full::a_run_without_room", "32m");
    };
    let (disk, files) = (Path::new(&disk), Files::new());
    fs::create_dir_all(files.at("suites/full")).unwrap();
    files.write("suites/claims.toml", SUITE);
    files.write("suites/full/cases.toml", CASES);
    // The free space while a case runs, and the verdicts, in the order of the cases.
    let run = || {
        let mut program = Command::new(assert_cmd::cargo::cargo_bin("twinproof"));
        program.args(["conformance", "--env", "host", "--room", "16", "--jobs", "1"]);
        program.args(["--suites", &files.name("suites"), "--out", &files.name("out")]);
        program.env("TMPDIR", disk).env("TWINPROOF_CACHE", files.at("cache"));
        program
            .env("GOPROXY", "off")
            .env("NO_COLOR", "1")
            .env_remove(twinproof_base::require::VARIABLE);
        let output = program.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let results = fs::read(files.at("out/results.json")).unwrap();
        let results: Results = serde_json::from_slice(&results).unwrap();
        let verdicts = results.cases.iter().map(|c| c.verdict).collect::<Vec<_>>();
        (output.status.code(), verdicts, said)
    };
    let full = |said: &str| said.matches("of 16 that have to be free: make room").count();

    let (code, verdicts, said) = run();
    assert_eq!((code, verdicts), (Some(2), vec![Verdict::Inconclusive, Verdict::Pass]), "{said}");
    assert_eq!(full(&said), 1, "{said}");

    let ballast = Ballast::new(disk);
    let (code, verdicts, said) = run();
    assert_eq!((code, verdicts), (Some(2), vec![Verdict::Inconclusive; 2]), "{said}");
    assert_eq!(full(&said), 2, "{said}");
    ballast.throw_off();
    Ok(())
}

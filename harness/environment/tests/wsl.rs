//! The driver for WSL against a double of `wsl.exe`: a script that behaves like it towards the
//! harness, and runs the given program on this machine. It tests the driver, and nothing of WSL.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_environment::wsl::{Found, Wsl, WslConfig, find};
use twinproof_environment::{
    Contents, Environment, EnvironmentError, Exec, Put, Sandbox, Sdk, SnapshotLimits,
};
use twinproof_model::{Capability, EntryKind};

/// `list` has its output for `-l -v`, with its exit code in `list.code`; `sorry` has its message
/// when there is no such distribution. Codes above 255 do not exist here: -1 is 255.
const DOUBLE: &str = r#"#!/bin/sh
here=${0%/*}
case $1 in
-l) cat "$here/list"; exit "$(cat "$here/list.code")" ;;
--version) cat "$here/version"; exit 0 ;;
-d) ;;
*) exit 255 ;;
esac
[ "$WSL_UTF8" = 1 ] || exit 255
[ "$2" = Double ] || { cat "$here/sorry"; exit 255; }
[ "$3 $5" = '--cd --exec' ] || exit 255
cd "$4" || exit 255
shift 5
echo 'wsl: a warning of its own' >&2
HOME=$here/home "$@"
code=$?
case $code in 67|87) cat "$here/sorry"; exit 255 ;; esac
exit $code
"#;

struct Double {
    dir: tempfile::TempDir,
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

impl Double {
    fn new(list: &[u8], code: u8) -> Self {
        let double = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(double.exe(), DOUBLE).unwrap();
        std::fs::set_permissions(double.exe(), PermissionsExt::from_mode(0o755)).unwrap();
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(double.dir.path().join(name), bytes).unwrap();
        };
        write("list", list);
        write("list.code", code.to_string().as_bytes());
        write("version", &wide("WSL 版本： 2.7.3.0\r\n"));
        write("sorry", &wide("沒有具有所提供名稱的發佈。\r\nError code: WSL_E\r\n"));
        std::fs::create_dir(double.dir.path().join("home")).unwrap();
        double
    }

    fn table() -> Self {
        let text = "  NAME      STATE       VERSION\r\n* Double    Running     2\r\n";
        Self::new(&wide(text), 0)
    }

    fn exe(&self) -> PathBuf {
        self.dir.path().join("wsl.exe")
    }

    fn find(&self) -> Found {
        find(&WslConfig { program: Some(self.exe()), sdks: Vec::new() }).unwrap()
    }
}

fn exec(wsl: &Wsl, sandbox: &dyn Sandbox, script: &str) -> Exec {
    let at = |name| format!("{}/{name}", sandbox.root());
    Exec {
        program: "sh".to_owned(),
        args: vec!["-c".to_owned(), script.to_owned()],
        env: wsl.base_env(&at("home"), &at("tmp")),
        cwd: sandbox.root().to_owned(),
        stdin: Vec::new(),
        limit: Duration::from_secs(60),
        output_limit: 1 << 20,
    }
}

#[test]
fn a_distribution_shakes_hands_runs_programs_and_leaves_nothing() {
    let double = Double::table();
    let found = double.find();
    assert_eq!(found.version, "2.7.3.0");
    assert_eq!(found.distributions.len(), 1);
    let wsl = Wsl::detect(&found, &found.distributions[0], &[]).unwrap();
    assert_eq!(wsl.name().to_string(), "wsl:Double");
    assert_eq!(wsl.facts().handshake.len(), 7);
    for want in [Capability::Linux, Capability::Symlink, Capability::ModeBits] {
        assert!(wsl.facts().capabilities.contains(&want), "{want}");
    }
    assert_eq!(wsl.facts().fingerprint.facts["wsl"], "2.7.3.0");
    assert_eq!(wsl.facts().fingerprint.facts["networking"], "unknown");
    assert!(wsl.facts().go_cache.starts_with(double.dir.path().to_str().unwrap()));

    let sandbox = wsl.open("a case").unwrap();
    let root = PathBuf::from(sandbox.root());
    let run = |script: &str| {
        let exited = sandbox.exec(&exec(&wsl, sandbox.as_ref(), script)).unwrap();
        (exited.code, exited.stdout, exited.stderr)
    };
    let warning = b"wsl: a warning of its own\n".to_vec();
    // 67 and 87 look like errors of wsl.exe's own; only the trailer shows whose they are.
    for code in [1, 67, 87, 126, 127, 255] {
        assert_eq!(run(&format!("exit {code}")), (Some(code), vec![], warning.clone()));
    }
    assert_eq!(run("kill -9 $$").0, Some(137));
    let (code, out, err) = run("printf 'a\\0\\377'; printf 'no line end' >&2; exit 3");
    assert_eq!((code, out), (Some(3), b"a\0\xff".to_vec()));
    assert_eq!(err, [&warning[..], b"no line end"].concat());

    let mut long = exec(&wsl, sandbox.as_ref(), "printf %s \"$LONG\"; cat");
    long.env.insert("LONG".to_owned(), "x'\"\\ $y".repeat(5000));
    long.stdin = vec![0xfe; 1 << 18];
    let exited = sandbox.exec(&long).unwrap();
    assert_eq!(exited.stdout, [long.env["LONG"].as_bytes(), &long.stdin].concat());
    long.output_limit = 10;
    let exited = sandbox.exec(&long).unwrap();
    assert_eq!((exited.code, exited.truncated, exited.stdout.len()), (Some(0), true, 10));

    let nowhere = Exec { cwd: "/no/such".to_owned(), ..exec(&wsl, sandbox.as_ref(), "") };
    let error = sandbox.exec(&nowhere).unwrap_err().to_string();
    assert_eq!(error, "wsl:Double: running sh: /no/such: no such directory");

    drop(sandbox);
    assert!(!root.exists());
    let base = root.parent().and_then(Path::parent).unwrap().to_path_buf();
    assert!(base.exists());
    drop(wsl);
    assert!(!base.exists());
}

#[test]
fn files_keep_their_modes_and_links() {
    let double = Double::table();
    let found = double.find();
    let wsl = Wsl::detect(&found, &found.distributions[0], &[]).unwrap();
    let sandbox = wsl.open("files").unwrap();
    let at = |name: &str| format!("{}/{name}", sandbox.root());
    let file = |mode| Put::File { bytes: b"text".to_vec(), mode };
    sandbox.put(&at("d/deep/it's $x"), &file(Some(0o4751))).unwrap();
    sandbox.put(&at("d/deep/it's $x"), &file(Some(0o444))).unwrap();
    sandbox.put(&at("d/link"), &Put::Symlink { target: "/no/where".to_owned() }).unwrap();
    sandbox.put(&at("d/shut"), &Put::Dir { mode: Some(0o500) }).unwrap();
    let entries = |path: &str, limits| sandbox.entries(&at(path), Contents::Wanted, limits);
    let shown: Vec<_> = entries("d", SnapshotLimits::default())
        .unwrap()
        .iter()
        .map(|e| format!("{}|{:?}|{:o}|{:?}", e.path, e.kind, e.mode.unwrap(), e.target))
        .collect();
    assert_eq!(
        shown,
        [
            "|Dir|755|None",
            "deep|Dir|755|None",
            "deep/it's $x|File|444|None",
            "link|Symlink|777|Some(\"/no/where\")",
            "shut|Dir|500|None",
        ]
    );
    let single = entries("d/deep/it's $x", SnapshotLimits::default()).unwrap();
    assert_eq!((single[0].path.as_str(), single[0].size), ("", 4));
    assert_eq!(single[0].bytes.as_deref(), Some(b"text".as_slice()));
    let link = entries("d/link", SnapshotLimits::default()).unwrap();
    assert_eq!((link[0].path.as_str(), link[0].kind), ("", EntryKind::Symlink));
    assert_eq!(entries("d/no", SnapshotLimits::default()).unwrap(), []);
    for path in ["d", "d/link", "d/deep/it's $x"] {
        let itself = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
        assert_eq!(entries(path, itself).unwrap().len(), 1);
    }
    let limits = SnapshotLimits { bytes: 3, ..SnapshotLimits::default() };
    let error = entries("d", limits).unwrap_err();
    assert!(matches!(error, EnvironmentError::Limit { .. }), "{error}");
}

#[test]
fn the_time_limit_ends_what_runs_inside() {
    let double = Double::table();
    let found = double.find();
    let wsl = Wsl::detect(&found, &found.distributions[0], &[]).unwrap();
    let sandbox = wsl.open("limit").unwrap();
    let script = "echo before; sh -c 'echo $$ >child; exec sleep 600' & wait";
    let mut exec = exec(&wsl, sandbox.as_ref(), script);
    exec.limit = Duration::from_secs(2);
    let exited = sandbox.exec(&exec).unwrap();
    assert_eq!((exited.code, exited.timed_out), (None, true));
    assert_eq!(exited.stdout, b"before\n");
    let child = std::fs::read_to_string(Path::new(sandbox.root()).join("child")).unwrap();
    let runs = || {
        let ps = ["-o", "stat=", "-p", child.trim()];
        let output = std::process::Command::new("ps").args(ps).output().unwrap();
        let state = String::from_utf8(output.stdout).unwrap();
        !state.trim().is_empty() && !state.starts_with('Z')
    };
    assert!((0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs()
    }));
}

#[test]
fn an_sdk_is_put_in_place_once() {
    let double = Double::table();
    let found = double.find();
    let goroot = tempfile::tempdir().unwrap();
    let go = "#!/bin/sh\n[ \"$1\" = version ]\n";
    for (name, text) in [("bin/go", go), ("VERSION", "go9.9.9"), ("pkg/tool/l/asm", "")] {
        let file = goroot.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let sdk = Sdk {
        version: "9.9.9".to_owned(),
        os: "linux".to_owned(),
        arch: arch.to_owned(),
        goroot: goroot.path().to_path_buf(),
        provenance: "made by the test".to_owned(),
        hash: "h1:abc/+=".to_owned(),
    };
    // Twice: the second time it is there already, and what was changed in it stays.
    for _ in 0..2 {
        let wsl = Wsl::detect(&found, &found.distributions[0], std::slice::from_ref(&sdk)).unwrap();
        let there = wsl.goroot("9.9.9").unwrap();
        assert_eq!(
            there,
            format!("{}/home/.cache/twinproof/sdk/go9.9.9-h1abc", double.dir.path().display())
        );
        assert!(wsl.facts().capabilities.contains(&Capability::Go));
        assert!(!wsl.facts().capabilities.contains(&Capability::Loopback));
        assert_eq!(wsl.facts().fingerprint.sdks["9.9.9"], "made by the test, h1:abc/+=");
        let mode = |name: &str| {
            Path::new(&there).join(name).metadata().unwrap().permissions().mode() & 0o777
        };
        assert_eq!(
            (mode("bin/go"), mode("VERSION"), mode("pkg/tool/l/asm")),
            (0o755, 0o644, 0o755)
        );
        std::fs::write(Path::new(&there).join("VERSION"), "kept").unwrap();
    }
}

#[test]
fn message_of_wsl_exe_becomes_the_error() {
    let double = Double::table();
    let mut found = double.find();
    found.distributions[0].name = "Gone".to_owned();
    let error = Wsl::detect(&found, &found.distributions[0], &[]).err().unwrap().to_string();
    assert_eq!(
        error,
        "wsl:Gone: making directories: wsl.exe ended with 255: 沒有具有所提供名稱的發佈。\r\nError code: WSL_E"
    );
}

#[rstest]
#[case(
    wide(
        "Windows Subsystem for Linux has no installed distributions.\r\nYou can resolve this\r\n"
    ),
    255,
    "`wsl.exe -l -v` ended with 255: Windows Subsystem for Linux has no installed distributions. You can resolve this"
)]
#[case("適用於 Linux 的 Windows 子系統\r\n".into(), 0, "`wsl.exe -l -v` says: 適用於 Linux 的 Windows 子系統")]
#[case(wide("  NAME    STATE    VERSION\r\n"), 0, "no distribution is installed")]
fn without_a_distribution_it_is_absent(
    #[case] list: Vec<u8>,
    #[case] code: u8,
    #[case] want: &str,
) {
    let double = Double::new(&list, code);
    let config = WslConfig { program: Some(double.exe()), sdks: Vec::new() };
    let absent = find(&config).unwrap_err();
    assert_eq!(absent.detail, want);
    assert_eq!(absent.remedy, "wsl.exe --install -d Ubuntu");
}

//! `sumdb key`, `add` and `serve`, from no key to a `go` that verifies what it downloads.

use crate::client::get;
use crate::files::Files;
use crate::served::Served;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use twinproof_gomod::dirhash::{hash_go_mod, hash_zip};
use twinproof_origin::{Origin, Setup};
use twinproof_testkit::{Outcome, go};

const NAME: &str = "sum.corp.example";
const HELLO: &str = "crafted.example/hello";

fn sumdb(args: &[&str]) -> Output {
    let mut program = Command::new(assert_cmd::cargo::cargo_bin("twinproof"));
    program.arg("sumdb").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A database without records, and the key that clients need.
struct Made {
    files: Files,
    store: String,
    signer: String,
    key: String,
}

impl Made {
    fn new() -> Self {
        let files = Files::new();
        let (store, signer) = (files.name("db"), files.name("signer.key"));
        let output = sumdb(&["key", "--name", NAME, "--out", &signer]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let key = text(&output.stdout).trim().to_owned();
        Self { files, store, signer, key }
    }

    fn place(&self) -> [&str; 4] {
        ["--store", &self.store, "--key", &self.signer]
    }

    fn serve(&self, args: &[&str]) -> Served {
        Served::sumdb(&[&self.place()[..], args].concat())
    }

    fn add(&self, args: &[&str]) -> Output {
        sumdb(&[&["add"][..], &self.place()[..], args].concat())
    }

    /// `go mod download` of a version of `hello` into a module cache of its own.
    fn download(&self, go: &Path, cache: &str, version: &str, proxy: &str, sumdb: &str) -> Output {
        let require = format!("module m.example\n\ngo 1.21\n\nrequire {HELLO} {version}\n");
        self.files.write("go.mod", &require);
        let mut command = Command::new(go);
        command.args(["mod", "download"]).current_dir(self.files.path());
        command.env("GOMODCACHE", self.files.name(cache)).env("GOPATH", self.files.name("gopath"));
        command.envs(twinproof_base::go_env::HERMETIC);
        command.env("GOPROXY", proxy).env("GOSUMDB", sumdb).env("GOFLAGS", "-modcacherw");
        command.env("GOPRIVATE", "").env("GONOPROXY", "none").env("GONOSUMDB", "none");
        command.output().unwrap()
    }

    fn zip(&self, cache: &str, version: &str) -> std::path::PathBuf {
        self.files.at(&format!("{cache}/cache/download/{HELLO}/@v/{version}.zip"))
    }
}

#[test]
fn a_key_is_made_once() {
    let made = Made::new();
    assert!(made.key.starts_with(&format!("{NAME}+")), "{}", made.key);
    let signer = fs::read_to_string(&made.signer).unwrap();
    assert!(signer.starts_with(&format!("PRIVATE+KEY+{NAME}+")));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&made.signer).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let again = sumdb(&["key", "--name", NAME, "--out", &made.signer]);
    assert_eq!(again.status.code(), Some(254));
    assert!(text(&again.stderr).contains(&made.signer), "{}", text(&again.stderr));
    assert_eq!(fs::read_to_string(&made.signer).unwrap(), signer);
    let bad = sumdb(&["key", "--name", "two words", "--out", &made.files.name("other")]);
    assert_eq!(bad.status.code(), Some(254));
    assert!(!made.files.at("other").exists());
}

#[test]
fn a_real_go_verifies_what_was_added() -> Outcome {
    let go = go()?;
    let (made, origin) = (Made::new(), Origin::start(Setup::default()).unwrap());
    let database = made.serve(&[]);
    assert_eq!(get(&format!("{}/healthz", database.url)), (200, "ok\n".to_owned()));
    let direct = format!("{} {}", made.key, database.url);
    let lookup = format!("{}/lookup/{HELLO}@v1.0.0", database.url);

    // The log is empty, and a missing record is not taken on trust.
    assert_eq!(get(&lookup).0, 404);
    let none = made.download(&go, "none", "v1.0.0", &origin.url(), &direct);
    assert!(!none.status.success());
    assert!(text(&none.stderr).contains("404 Not Found"), "{}", text(&none.stderr));

    // A cache that was filled without a database, made into records while the database is served.
    let filled = made.download(&go, "filled", "v1.0.0", &origin.url(), "off");
    assert!(filled.status.success(), "{}", text(&filled.stderr));
    let cache = made.files.name("filled/cache/download");
    let added = made.add(&["--download", &cache]);
    assert_eq!(text(&added.stdout), "1 added, 0 known, 0 left out, 1 in all\n");
    let again = made.add(&["--download", &cache]);
    assert_eq!(text(&again.stdout), "0 added, 1 known, 0 left out, 1 in all\n");

    let h1 = hash_zip(&made.zip("filled", "v1.0.0")).unwrap();
    let go_mod =
        hash_go_mod(&fs::read(made.zip("filled", "v1.0.0").with_extension("mod")).unwrap());
    let lines = format!("{HELLO} v1.0.0 {h1}\n{HELLO} v1.0.0/go.mod {go_mod}\n");
    let (status, answer) = get(&lookup);
    assert_eq!(status, 200);
    assert!(answer.starts_with(&format!("0\n{lines}\ngo.sum database tree\n1\n")), "{answer}");

    // Asked by itself, then through a proxy that relays it.
    let store = made.files.name("store");
    let args = ["--store", &store, "--upstream", &origin.url(), "--sumdb", &direct];
    let proxy = Served::proxy(&args);
    for (cache, from, sumdb) in
        [("direct", &origin.url(), &direct), ("relayed", &proxy.url, &made.key)]
    {
        let output = made.download(&go, cache, "v1.0.0", from, sumdb);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(hash_zip(&made.zip(cache, "v1.0.0")).unwrap(), h1);
        let latest = fs::read_to_string(made.files.at(&format!("gopath/pkg/sumdb/{NAME}/latest")));
        // With a database of its own address, `go` keeps the tree under that key.
        assert!(latest.is_ok() || sumdb == &direct, "{cache}");
    }

    // A record of something else: `go` refuses the proxy's zip.
    let wrong = made.files.write(
        "go.sum",
        &format!("{HELLO} v1.1.0 {h1}\n{HELLO} v1.1.0/go.mod {go_mod}\n{HELLO} v1.2.0 {h1}\n"),
    );
    let added = made.add(&["--go-sum", &wrong]);
    assert_eq!(text(&added.stdout), "1 added, 0 known, 1 left out, 2 in all\n");
    fs::remove_file(&wrong).unwrap();
    let output = made.download(&go, "wrong", "v1.1.0", &origin.url(), &direct);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("SECURITY ERROR") && said.contains("checksum mismatch"), "{said}");
    assert!(!made.zip("wrong", "v1.1.0").exists());
    Ok(())
}

#[test]
fn a_database_grows_by_what_a_real_go_asks_for() -> Outcome {
    let go = go()?;
    let (made, origin) = (Made::new(), Origin::start(Setup::default()).unwrap());
    let database = made.serve(&["--upstream", &origin.url()]);
    let direct = format!("{} {}", made.key, database.url);
    let output = made.download(&go, "grown", "v1.1.0", &origin.url(), &direct);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (status, latest) = get(&format!("{}/latest", database.url));
    assert_eq!(status, 200);
    assert!(latest.starts_with("go.sum database tree\n1\n"), "{latest}");
    // No other process adds meanwhile.
    let added = made.add(&["--download", &made.files.name("grown/cache/download")]);
    assert_eq!(added.status.code(), Some(254), "{}", text(&added.stdout));
    Ok(())
}

/// An upstream that answers 404 to everything, slowly where the path asks for it. It counts the
/// requests for a path.
fn nothing() -> (String, Arc<Mutex<BTreeMap<String, usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let counted = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let counted = Arc::clone(&counted);
            thread::spawn(move || {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                if path.contains("slow") {
                    thread::sleep(Duration::from_secs(4));
                }
                *counted.lock().unwrap().entry(path).or_default() += 1;
                let answer =
                    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = stream.get_mut().write_all(answer.as_bytes());
            });
        }
    });
    (url, seen)
}

#[test]
fn slow_modules_delay_no_others_and_absence_is_remembered() {
    let (made, (upstream, seen)) = (Made::new(), nothing());
    let database = made.serve(&["--upstream", &upstream]);
    let slow: Vec<_> = (0..40)
        .map(|n| {
            let url = format!("{}/lookup/slow.example/m{n}@v1.0.0", database.url);
            thread::spawn(move || get(&url).0)
        })
        .collect();
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(get(&format!("{}/lookup/quick.example/m@v1.0.0", database.url)).0, 404);
    }
    assert_eq!(get(&format!("{}/latest", database.url)).0, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for answer in slow {
        assert_eq!(answer.join().unwrap(), 404);
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    assert_eq!(seen.lock().unwrap()["/quick.example/m/@v/v1.0.0.mod"], 1);
}

#[test]
fn a_user_is_not_sent_in_the_clear() {
    let made = Made::new();
    let store = made.files.name("log");
    let upstream = "http://user:word@proxy.example";
    let args = ["serve", "--store", &store, "--key", &made.signer, "--upstream", upstream];
    let refused = sumdb(&args);
    assert_eq!(refused.status.code(), Some(254));
    assert!(!text(&refused.stderr).contains("word@"), "{}", text(&refused.stderr));
}

/// Damage is named by `check`, mended by `rebuild` where that can be, and no reason to be ready.
#[test]
fn damage_is_found_named_and_mended() {
    let made = Made::new();
    let lines: String = (0..5000)
        .map(|n| {
            let hash = format!("h1:{}=", "A".repeat(43));
            format!("a.example/m{n} v1.0.0 {hash}\na.example/m{n} v1.0.0/go.mod {hash}\n")
        })
        .collect();
    let go_sum = made.files.write("go.sum", &lines);
    assert!(made.add(&["--go-sum", &go_sum]).status.success());
    let (store, key) = (made.store.clone(), made.signer.clone());
    let run = |command: &str| sumdb(&[command, "--store", &store, "--key", &key]);
    assert_eq!(text(&run("check").stdout), "5000 records, all as they should be\n");

    let index = Path::new(&store).join("index/0-5000");
    let flip = |path: &Path, at: usize| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    flip(&index, 24 * 100);
    let found = run("check");
    let said = text(&found.stderr);
    assert_eq!(found.status.code(), Some(254), "{said}");
    assert!(said.contains("0-5000") && said.contains("sumdb rebuild"), "{said}");
    assert_eq!(text(&run("rebuild").stdout), "the index of 5000 records is made anew\n");
    assert!(run("check").status.success());

    flip(&Path::new(&store).join("levels/00"), 40);
    let database = made.serve(&[]);
    assert_eq!(get(&format!("{}/readyz", database.url)).0, 200);
    let answer = get(&format!("{}/tile/8/0/000", database.url));
    assert_eq!(answer, (500, "internal error\n".to_owned()));
    assert!(database.says("an answer failed").contains("levels"));
    assert_eq!(get(&format!("{}/readyz", database.url)).0, 503);
    assert_eq!(get(&format!("{}/healthz", database.url)).0, 200);
}

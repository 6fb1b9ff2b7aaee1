//! A proxy that is killed while it fetches leaves a store of whole, checked files.
//!
//! `TWINPROOF_KILLS` says how often it is killed; `TWINPROOF_KILLS=200` is the long run.

use crate::client::fetch;
use crate::files::Files;
use crate::served::{Served, until};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};
use twinproof_gomod::dirhash::{hash_zip, hash_zip_reader};
use twinproof_model::Rule;
use twinproof_origin::{Origin, Setup};
use twinproof_testkit::files_in;

const KILLS: &str = "TWINPROOF_KILLS";

/// Kills, unless the environment sets another number.
const FEW: u64 = 12;

/// Clients of the proxy.
const CLIENTS: u64 = 4;

/// The next request of a client.
fn target(n: u64) -> String {
    let ext = ["zip", "mod", "info"][usize::try_from(n % 3).unwrap()];
    match n % 7 {
        0 => "/crafted.example/medium/@v/v1.0.0.zip".to_owned(),
        _ => format!("/crafted.example/many/@v/v1.{}.{}.{ext}", n / 300 % 100, n / 3 % 100),
    }
}

/// Sends requests until the proxy is gone. Every answer must be right and whole.
fn client(url: &str, next: &AtomicU64) {
    loop {
        let target = target(next.fetch_add(1, Ordering::Relaxed));
        let Some((status, body)) = fetch(&format!("{url}{target}")) else { return };
        assert_eq!(status, 200, "{target}: {}", String::from_utf8_lossy(&body));
        let module = target.split("/@v/").next().unwrap().trim_start_matches('/');
        if target.ends_with(".zip") {
            hash_zip_reader(std::io::Cursor::new(&*body)).unwrap();
        } else if target.ends_with(".mod") {
            assert_eq!(body, format!("module {module}\n").into_bytes());
        } else {
            assert!(body.ends_with(b"}") || body.ends_with(b"}\n"), "{target}");
        }
    }
}

fn is_temporary(name: &str) -> bool {
    name.rsplit('/').next().unwrap().starts_with(".tmp-")
}

/// Everything with a name is whole, and of one piece with its neighbours. How many zips that are
/// known to be right there are.
fn check(store: &Files) -> usize {
    let files = files_in(store.path());
    let names: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let mut zips = 0;
    for name in files.iter().filter(|name| !is_temporary(name)) {
        let bytes = fs::read(store.at(name)).unwrap();
        let (stem, ext) = name.rsplit_once('.').unwrap_or((name, "list"));
        match ext {
            "zip" => {
                let h1 = hash_zip(&store.at(name)).unwrap().to_string();
                if let Ok(hash) = fs::read(store.at(&format!("{stem}.ziphash"))) {
                    assert_eq!(hash, h1.into_bytes(), "{name}");
                    zips += 1;
                }
            }
            "ziphash" => assert!(names.contains(&*format!("{stem}.zip")), "{name}"),
            // The server compares it with the files when it reads them.
            "sums" => {}
            "info" => assert!(bytes.starts_with(b"{") && bytes.trim_ascii().ends_with(b"}")),
            "mod" => assert!(bytes.starts_with(b"module ") && bytes.ends_with(b"\n"), "{name}"),
            _ => {
                let folder = name.strip_suffix("list").unwrap();
                for version in String::from_utf8(bytes).unwrap().lines() {
                    for ext in ["info", "mod", "zip"] {
                        let file = format!("{folder}{version}.{ext}");
                        assert!(names.contains(&*file), "{file} is in the list");
                    }
                }
            }
        }
    }
    zips
}

/// No request gets a file that was being written when the proxy was killed.
fn check_left(proxy: &Served, left: &[String]) {
    for name in left {
        let (status, _) = fetch(&format!("{}/{name}", proxy.url)).unwrap();
        assert!(matches!(status, 400 | 404), "{name}: {status}");
    }
}

#[test]
fn killed_at_any_moment() {
    let kills = std::env::var(KILLS).ok().and_then(|n| n.parse().ok()).unwrap_or(FEW);
    let (origin, store) = (Origin::start(Setup::default()).unwrap(), Files::new());
    let path = store.path().to_str().unwrap();
    origin.script(vec![Rule {
        path: "*/medium/*".to_owned(),
        drip: Some(64 << 10),
        drip_ms: Some(1),
        ..Rule::default()
    }]);
    let left = || files_in(store.path()).into_iter().filter(|name| is_temporary(name));
    let next = Arc::new(AtomicU64::new(0));
    let (mut zips, mut unfinished) = (0, 0);
    for round in 0..kills {
        let left: Vec<_> = left().collect();
        unfinished += left.len();
        let proxy =
            Served::proxy(&["--store", path, "--upstream", &origin.url(), "--log-level", "warn"]);
        check_left(&proxy, &left);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (url, next) = (proxy.url.clone(), Arc::clone(&next));
                thread::spawn(move || client(&url, &next))
            })
            .collect();
        // Another moment each time, spread over a third of a second.
        thread::sleep(Duration::from_millis(20 + round * 37 % 331));
        proxy.kill();
        for client in clients {
            client.join().unwrap();
        }
        zips = check(&store).max(zips);
        // To be fetched again.
        for ext in ["ziphash", "zip"] {
            let _ = fs::remove_file(store.at(&format!("crafted.example/medium/@v/v1.0.0.{ext}")));
        }
    }
    assert!(zips > 0, "nothing was fetched in {kills} rounds");
    let asked = next.load(Ordering::Relaxed);
    println!("{kills} kills, {zips} zips, {unfinished} unfinished files, {asked} requests");

    // The next start removes files that were being written, once they are old enough.
    for name in left() {
        let file = fs::File::options().write(true).open(store.at(&name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    }
    // The store that is left serves: offline, every zip that has a name, to the last byte.
    let proxy = Served::proxy(&["--store", path, "--offline", "--log-level", "warn"]);
    until("the end of unfinished files", || left().next().is_none().then_some(()));
    for name in files_in(store.path()).iter().filter(|name| name.ends_with(".zip")) {
        let (status, body) = fetch(&format!("{}/{name}", proxy.url)).unwrap();
        assert_eq!((status, body), (200, fs::read(store.at(name)).unwrap()), "{name}");
    }
}

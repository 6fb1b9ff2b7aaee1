//! A proxy that is killed while it fetches leaves a store of whole, checked files.
//!
//! The proxy runs as a process of its own: this test program again, told by the environment to be
//! one. `TWINPROOF_KILLS` says how often it is killed; `TWINPROOF_KILLS=200` is the long run.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use twinproof_httpd::{Answer, Boxed, Server, from_fn};
use twinproof_modproxy::Body;
use twinproof_origin::Origin;
use twinproof_sumdb::dirhash::{hash_zip, hash_zip_reader};

use crate::support::{Folder, files_in, get, origin, rule, settings, start};

const STORE: &str = "TWINPROOF_KILL_STORE";
const UPSTREAM: &str = "TWINPROOF_KILL_UPSTREAM";
const KILLS: &str = "TWINPROOF_KILLS";

/// Kills when nobody says how many.
const FEW: u64 = 12;

/// Clients of the proxy.
const CLIENTS: u64 = 4;

/// The process to be killed; a test that does nothing when it is not told to be it.
#[test]
fn the_process() {
    let (Ok(store), Ok(upstream)) = (std::env::var(STORE), std::env::var(UPSTREAM)) else { return };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async move {
        let mut settings = twinproof_modproxy::Settings::new(store);
        settings.upstream = upstream;
        let proxy = start(settings);
        let server =
            Server::bind(twinproof_httpd::Settings::new("127.0.0.1:0")).expect("a listener");
        println!("\nlistening {}", server.url());
        let handler = from_fn(move |request, _| -> Answer<Body, Boxed<Body>> {
            Answer::Later(Box::pin(proxy.respond(request)))
        });
        server.run(Arc::new(handler), std::future::pending::<()>()).await;
    });
}

fn launch(store: &Folder, origin: &Origin) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["kill::the_process", "--exact", "--nocapture"])
        .env(STORE, store.path())
        .env(UPSTREAM, origin.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let url = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listening ").map(str::to_owned))
        .expect("a line");
    (child, url)
}

/// What a client asks for next.
fn target(n: u64) -> String {
    let ext = ["zip", "mod", "info"][usize::try_from(n % 3).expect("small")];
    match n % 7 {
        0 => "/crafted.example/medium/@v/v1.0.0.zip".to_owned(),
        _ => format!("/crafted.example/many/@v/v1.{}.{}.{ext}", n / 300 % 100, n / 3 % 100),
    }
}

/// Asks until the proxy is gone. Whatever it answers must be right and whole.
fn client(url: &str, next: &AtomicU64) {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).build().into();
    loop {
        let target = target(next.fetch_add(1, Ordering::Relaxed));
        let Ok(mut answer) = agent.get(format!("{url}{target}")).call() else { return };
        let Ok(body) = answer.body_mut().read_to_vec() else { return };
        let module = target.split("/@v/").next().expect("a module").trim_start_matches('/');
        if target.ends_with(".zip") {
            hash_zip_reader(std::io::Cursor::new(&*body)).expect("a whole zip");
        } else if target.ends_with(".mod") {
            assert_eq!(body, format!("module {module}\n").into_bytes());
        } else {
            assert!(body.ends_with(b"}") || body.ends_with(b"}\n"), "{target}");
        }
    }
}

/// Everything with a name is whole, and of one piece with its neighbours.
fn check(store: &Folder) -> usize {
    let files = files_in(store.path());
    let names: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let mut zips = 0;
    for name in files.iter().filter(|name| !name.contains("/.tmp-")) {
        let bytes = store.read(name).expect("there");
        let (stem, ext) = name.rsplit_once('.').unwrap_or((name, "list"));
        match ext {
            "zip" => {
                let h1 = hash_zip(&store.file(name)).expect("a whole zip").to_string();
                if let Some(hash) = store.read(&format!("{stem}.ziphash")) {
                    assert_eq!(hash, h1.into_bytes(), "{name}");
                    zips += 1;
                }
            }
            "ziphash" => assert!(names.contains(&*format!("{stem}.zip")), "{name}"),
            "info" => assert!(bytes.starts_with(b"{") && bytes.trim_ascii().ends_with(b"}")),
            "mod" => assert!(bytes.starts_with(b"module ") && bytes.ends_with(b"\n"), "{name}"),
            _ => {
                let folder = name.strip_suffix("list").expect("a list");
                for version in String::from_utf8(bytes).expect("UTF-8").lines() {
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

#[test]
fn killed_at_any_moment() {
    let kills = std::env::var(KILLS).ok().and_then(|n| n.parse().ok()).unwrap_or(FEW);
    let (origin, store) = (origin(), Folder::new());
    let mut drip = rule("*/medium/*");
    drip.drip = Some(64 << 10);
    drip.drip_ms = Some(1);
    origin.script(vec![drip]);
    let next = Arc::new(AtomicU64::new(0));
    let mut zips = 0;
    for round in 0..kills {
        let (mut child, url) = launch(&store, &origin);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (url, next) = (url.clone(), Arc::clone(&next));
                thread::spawn(move || client(&url, &next))
            })
            .collect();
        // Another moment each time, spread over a third of a second.
        thread::sleep(Duration::from_millis(20 + round * 37 % 331));
        child.kill().expect("killed");
        child.wait().expect("ended");
        for client in clients {
            client.join().expect("right answers only");
        }
        zips = check(&store).max(zips);
        // To be fetched again.
        for ext in ["ziphash", "zip"] {
            let file = store.file(&format!("crafted.example/medium/@v/v1.0.0.{ext}"));
            let _ = std::fs::remove_file(file);
        }
    }
    assert!(zips > 0, "nothing was fetched in {kills} rounds");
    println!("{kills} kills, {zips} zips in the store, {} requests", next.load(Ordering::Relaxed));
    // What is left serves: offline, every zip that has a name.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut offline = settings(&store, "off");
        offline.offline = true;
        let proxy = start(offline);
        for name in files_in(store.path()).iter().filter(|name| name.ends_with(".zip")) {
            assert_eq!(get(&proxy, &format!("/{name}")).await.status, 200, "{name}");
        }
    });
}

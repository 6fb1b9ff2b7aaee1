//! Upstreams that break off, lie, stall and disappear: nothing wrong is kept.

use std::time::Duration;

use twinproof_model::Rule;
use twinproof_testkit::files_in;

use crate::support::{Folder, count, get, origin, rule, settings, start};

const ZIP: &str = "/crafted.example/medium/@v/v1.0.0.zip";

const FILES: [&str; 3] = ["@v/v1.0.0.zip", "@v/v1.0.0.mod", "@v/v1.0.0.info"];

fn faults() -> Vec<(&'static str, Rule, u16)> {
    let with = |change: fn(&mut Rule)| {
        let mut rule = rule("*");
        change(&mut rule);
        rule
    };
    vec![
        ("truncated", with(|r| r.truncate = Some(20)), 502),
        ("longer than there is", with(|r| r.declare = Some(1_000_000)), 502),
        ("reset", with(|r| r.reset = true), 502),
        ("hanging", with(|r| r.hang = true), 504),
        ("an error", with(|r| r.status = Some(500)), 502),
        (
            "a web page",
            with(|r| {
                r.body = Some("<html>log in</html>".to_owned());
                r.header.insert("Content-Type".to_owned(), "text/html".to_owned());
            }),
            502,
        ),
        (
            "an encoding",
            with(|r| _ = r.header.insert("Content-Encoding".to_owned(), "br".to_owned())),
            502,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_wrong_is_kept() {
    for (what, fault, status) in faults() {
        let (origin, store) = (origin(), Folder::new());
        origin.script(vec![fault]);
        let mut impatient = settings(&store, &origin.url());
        impatient.times.idle = Duration::from_millis(300);
        let proxy = start(impatient);
        for file in FILES {
            let target = format!("/crafted.example/hello/{file}");
            let answer = get(&proxy, &target).await;
            assert_eq!(answer.status, status, "{what}, {file}: {}", answer.text());
            assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        }
        assert_eq!(files_in(store.path()), [""; 0], "{what}");
        // And once the upstream is well again, all is well.
        origin.script(Vec::new());
        for file in FILES {
            assert_eq!(get(&proxy, &format!("/crafted.example/hello/{file}")).await.status, 200);
        }
    }
}

#[tokio::test]
async fn right_content_is_served_with_any_content_type() {
    let (origin, store) = (origin(), Folder::new());
    let mut labelled = rule("*");
    labelled.header.insert("Content-Type".to_owned(), "text/html".to_owned());
    origin.script(vec![labelled]);
    let proxy = start(settings(&store, &origin.url()));
    for file in ["@v/v1.0.0.zip", "@v/v1.0.0.mod", "@v/v1.0.0.info", "@v/list", "@latest"] {
        let answer = get(&proxy, &format!("/crafted.example/hello/{file}")).await;
        assert_eq!(answer.status, 200, "{file}: {}", answer.text());
        assert!(!answer.header("content-type").contains("html"));
    }
}

#[tokio::test]
async fn a_zip_that_breaks_off_once_is_whole_after_all() {
    let (origin, store) = (origin(), Folder::new());
    let want = get(&start(settings(&Folder::new(), &origin.url())), ZIP).await.body;
    let mut cut = rule("*.zip");
    (cut.truncate, cut.times) = (Some(300), Some(1));
    origin.script(vec![cut]);
    origin.clear();
    let proxy = start(settings(&store, &origin.url()));
    let answer = get(&proxy, ZIP).await;
    assert_eq!((answer.status, answer.body), (200, want));
    let requests = origin.requests();
    let ranges: Vec<_> = requests.iter().map(|request| request.header("range")).collect();
    assert_eq!(ranges, [None, Some("bytes=300-")]);
}

#[tokio::test]
async fn a_slow_drip_is_waited_for() {
    let (origin, store) = (origin(), Folder::new());
    let mut drip = rule("*.zip");
    drip.drip = Some(64);
    drip.drip_ms = Some(1);
    origin.script(vec![drip]);
    let proxy = start(settings(&store, &origin.url()));
    assert_eq!(get(&proxy, "/crafted.example/hello/@v/v1.0.0.zip").await.status, 200);
}

#[tokio::test]
async fn time_runs_out_even_while_something_comes() {
    let (origin, store) = (origin(), Folder::new());
    let mut drip = rule("*");
    drip.drip = Some(1);
    drip.drip_ms = Some(50);
    origin.script(vec![drip]);
    let mut impatient = settings(&store, &origin.url());
    impatient.times.small = Duration::from_millis(200);
    impatient.times.zip = Duration::from_millis(200);
    let proxy = start(impatient);
    for file in FILES {
        let answer = get(&proxy, &format!("/crafted.example/medium/{file}")).await;
        assert_eq!(answer.status, 504, "{file}: {}", answer.text());
    }
    assert_eq!(files_in(store.path()), [""; 0]);
}

#[tokio::test]
async fn limits_hold_whatever_is_declared() {
    for declared in [true, false] {
        let (origin, store) = (origin(), Folder::new());
        if !declared {
            let mut chunked = rule("*");
            chunked.drop_header.push("Content-Length".to_owned());
            origin.script(vec![chunked]);
        }
        let mut small = settings(&store, &origin.url());
        small.limits.zip = 1000;
        small.limits.go_mod = 10;
        small.limits.info = 10;
        small.limits.list = 10;
        let proxy = start(small);
        for file in ["@v/v1.0.0.zip", "@v/v1.0.0.mod", "@v/v1.0.0.info", "@latest"] {
            let answer = get(&proxy, &format!("/crafted.example/medium/{file}")).await;
            assert_eq!(answer.status, 502, "{file}: {}", answer.text());
        }
        assert_eq!(get(&proxy, "/crafted.example/many/@v/list").await.status, 502);
        assert_eq!(files_in(store.path()), [""; 0]);
    }
}

#[tokio::test]
async fn old_answers_stand_in_while_upstreams_fail() {
    let (origin, store) = (origin(), Folder::new());
    let mut brief = settings(&store, &origin.url());
    brief.ttl.list = Duration::ZERO;
    brief.ttl.latest = Duration::ZERO;
    let proxy = start(brief.clone());
    let changing = ["@v/list", "@latest", "@v/main.info"];
    let mut before = Vec::new();
    for file in changing {
        let answer = get(&proxy, &format!("/crafted.example/branches/{file}")).await;
        assert_eq!(answer.status, 200, "{file}");
        before.push(answer.body);
    }
    let mut down = rule("*");
    down.status = Some(503);
    origin.script(vec![down]);
    for (file, before) in changing.iter().zip(&before) {
        let answer = get(&proxy, &format!("/crafted.example/branches/{file}")).await;
        assert_eq!((answer.status, &answer.body), (200, before), "{file}");
    }
    // After a restart there is what the store has in whole: nothing of it.
    let restarted = start(brief.clone());
    assert_eq!(get(&restarted, "/crafted.example/branches/@v/list").await.status, 502);
    origin.script(Vec::new());
    for file in FILES {
        assert_eq!(get(&restarted, &format!("/crafted.example/branches/{file}")).await.status, 200);
    }
    let mut down = rule("*");
    down.status = Some(503);
    origin.script(vec![down]);
    let again = start(brief);
    let list = get(&again, "/crafted.example/branches/@v/list").await;
    assert_eq!(list.text(), "v1.0.0\n");
    assert_eq!(list.header("content-type"), "text/plain; charset=utf-8");
    let latest = get(&again, "/crafted.example/branches/@latest").await;
    assert_eq!(latest.header("content-type"), "application/json");
    assert!(latest.text().contains("\"v1.0.0\""), "{}", latest.text());
}

#[tokio::test]
async fn lists_are_asked_for_once_in_their_time_and_absence_for_a_short_one() {
    let (origin, store) = (origin(), Folder::new());
    let proxy = start(settings(&store, &origin.url()));
    for _ in 0..3 {
        for (target, status) in [
            ("/crafted.example/many/@v/list", 200),
            ("/crafted.example/hello/@latest", 200),
            ("/crafted.example/nothing/@v/list", 404),
            ("/crafted.example/hello/@v/v7.0.0.info", 404),
        ] {
            assert_eq!(get(&proxy, target).await.status, status);
            assert_eq!(count(&origin, target), 1, "{target}");
        }
    }
    let mut brief = settings(&store, &origin.url());
    brief.ttl.list = Duration::ZERO;
    brief.ttl.negative = Duration::ZERO;
    let proxy = start(brief);
    origin.clear();
    for _ in 0..3 {
        get(&proxy, "/crafted.example/many/@v/list").await;
        get(&proxy, "/crafted.example/nothing/@v/list").await;
    }
    assert_eq!(count(&origin, "/crafted.example/many/@v/list"), 3);
    assert_eq!(count(&origin, "/crafted.example/nothing/@v/list"), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_cannot_be_written_to_still_serves() {
    let (origin, store) = (origin(), Folder::new());
    store.module("example.com/a", "v1.0.0");
    let mut fixed = settings(&store, &origin.url());
    fixed.read_only = true;
    let proxy = start(fixed);
    for ext in ["info", "mod", "zip"] {
        assert_eq!(get(&proxy, &format!("/example.com/a/@v/v1.0.0.{ext}")).await.status, 200);
    }
    // The rest goes through, zips judged as ever.
    for (ext, status) in [("info", 200), ("mod", 200), ("zip", 200)] {
        let answer = get(&proxy, &format!("/crafted.example/hello/@v/v1.0.0.{ext}")).await;
        assert_eq!(answer.status, status, "{ext}");
    }
    let mut cut = rule("*/medium/*.zip");
    cut.truncate = Some(20);
    origin.script(vec![cut]);
    assert_eq!(get(&proxy, "/crafted.example/medium/@v/v1.0.0.zip").await.status, 502);
    assert_eq!(files_in(store.path()).len(), 4, "{:?}", files_in(store.path()));
}

//! Many requests for one file at once.

use std::sync::Arc;
use std::time::Duration;

use twinproof_modproxy::Proxy;
use twinproof_origin::Origin;

use crate::support::{Folder, count, get, origin, rule, settings, start};

/// Asks for a target so many times at once, and returns the distinct statuses and bodies.
async fn crowd(proxy: &Arc<Proxy>, target: &str, clients: usize) -> Vec<(u16, Vec<u8>)> {
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (proxy, target) = (Arc::clone(proxy), target.to_owned());
            tokio::spawn(async move { get(&proxy, &target).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        let answer = task.await.expect("an answer");
        answers.push((answer.status, answer.body.to_vec()));
    }
    answers.sort();
    answers.dedup();
    answers
}

fn slow(origin: &Origin) {
    let mut rule = rule("*");
    // Long enough for all to ask before the first one is answered.
    rule.delay_ms = 300;
    origin.script(vec![rule]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_whatever_the_number_of_clients() {
    for clients in [20, 200] {
        let (origin, store) = (origin(), Folder::new());
        slow(&origin);
        let proxy = start(settings(&store, &origin.url()));
        for file in ["@v/v1.0.0.zip", "@v/v1.0.0.mod", "@v/v1.0.0.info", "@v/list", "@latest"] {
            let target = format!("/crafted.example/hello/{file}");
            let answers = crowd(&proxy, &target, clients).await;
            assert_eq!(answers.len(), 1, "{file}");
            assert_eq!(answers[0].0, 200, "{file}");
            assert_eq!(count(&origin, &target), 1, "{file}, {clients} clients");
        }
        let missing = "/crafted.example/hello/@v/v1.9.9.mod";
        let answers = crowd(&proxy, missing, clients).await;
        assert_eq!((answers.len(), answers[0].0), (1, 404));
        assert_eq!(count(&origin, missing), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_waiter_does_not_cancel_fetch() {
    let (origin, store) = (origin(), Folder::new());
    slow(&origin);
    let proxy = start(settings(&store, &origin.url()));
    let target = "/crafted.example/medium/@v/v1.0.0.zip";
    let first = {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move { get(&proxy, target).await })
    };
    while !origin.wait_for(1, Duration::from_millis(10)) {
        tokio::task::yield_now().await;
    }
    let second = {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move { get(&proxy, target).await })
    };
    // Long enough to wait for the same.
    tokio::time::sleep(Duration::from_millis(30)).await;
    first.abort();
    assert!(first.await.is_err());
    assert_eq!(second.await.expect("an answer").status, 200);
    assert_eq!(get(&proxy, target).await.status, 200);
    assert_eq!(count(&origin, target), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_that_waits_too_long_gets_503_and_retry_after() {
    let (origin, store) = (origin(), Folder::new());
    let mut hang = rule("*");
    hang.hang = true;
    origin.script(vec![hang]);
    let mut narrow = settings(&store, &origin.url());
    narrow.limits.fetches = 1;
    narrow.times.patience = Duration::from_millis(100);
    let proxy = start(narrow);
    let hanging = {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move { get(&proxy, "/crafted.example/many/@v/v1.0.0.mod").await })
    };
    while !origin.wait_for(1, Duration::from_millis(10)) {
        tokio::task::yield_now().await;
    }
    let answer = get(&proxy, "/crafted.example/many/@v/v1.0.1.mod").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    // Zips do not wait for small files.
    origin.script(Vec::new());
    assert_eq!(get(&proxy, "/crafted.example/many/@v/v1.0.1.zip").await.status, 200);
    hanging.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_cold_lists_at_once_all_have_their_answers() {
    let (origin, store) = (origin(), Folder::new());
    let mut slow = rule("*");
    slow.delay_ms = 10;
    origin.script(vec![slow]);
    let proxy = start(settings(&store, &origin.url()));
    let tasks: Vec<_> = (0..2500)
        .map(|n| {
            let proxy = Arc::clone(&proxy);
            let target = format!("/crafted.example/nothing/{n}/@v/list");
            tokio::spawn(async move { get(&proxy, &target).await.status })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.expect("an answer"), 404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_zips_do_not_hold_up_small_files() {
    let (origin, store) = (origin(), Folder::new());
    let mut hang = rule("*.zip");
    hang.hang = true;
    origin.script(vec![hang]);
    let proxy = start(settings(&store, &origin.url()));
    let zips: Vec<_> = (0..64)
        .map(|n| {
            let proxy = Arc::clone(&proxy);
            let target = format!("/crafted.example/many/@v/v1.0.{n}.zip");
            tokio::spawn(async move { get(&proxy, &target).await })
        })
        .collect();
    // As many as there are turns for zips: the others wait for one of them.
    while origin.requests().len() < 32 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for file in ["@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/list", "@latest"] {
        let target = format!("/crafted.example/many/{file}");
        let answer = tokio::time::timeout(Duration::from_secs(20), get(&proxy, &target)).await;
        assert_eq!(answer.expect("in time").status, 200, "{file}");
    }
    zips.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_fetch_makes_room() {
    let (origin, store) = (origin(), Folder::new());
    let mut hang = rule("*/medium/*");
    hang.hang = true;
    origin.script(vec![hang]);
    let mut narrow = settings(&store, &origin.url());
    narrow.limits.fetches = 1;
    let proxy = start(narrow);
    for n in 0..3 {
        let leaves = {
            let proxy = Arc::clone(&proxy);
            let target = format!("/crafted.example/medium/@v/v1.0.{n}.mod");
            tokio::spawn(async move { get(&proxy, &target).await })
        };
        while !origin.wait_for(n + 1, Duration::from_millis(10)) {
            tokio::task::yield_now().await;
        }
        leaves.abort();
        assert!(leaves.await.is_err());
    }
    let honest = get(&proxy, "/crafted.example/hello/@v/v1.0.0.mod");
    let answer = tokio::time::timeout(Duration::from_secs(20), honest).await;
    assert_eq!(answer.expect("in time").status, 200);
}

//! Many who want the same at once.

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
    rule.delay_ms = 100;
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
    first.abort();
    assert!(first.await.is_err());
    assert_eq!(second.await.expect("an answer").status, 200);
    assert_eq!(get(&proxy, target).await.status, 200);
    assert_eq!(count(&origin, target), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fetches_beyond_the_queue_are_told_to_come_again() {
    let (origin, store) = (origin(), Folder::new());
    slow(&origin);
    let mut narrow = settings(&store, &origin.url());
    narrow.limits.fetches = 1;
    narrow.limits.queue = 1;
    let proxy = start(narrow);
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let proxy = Arc::clone(&proxy);
            let target = format!("/crafted.example/many/@v/v1.0.{n}.mod");
            tokio::spawn(async move { get(&proxy, &target).await })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        let answer = task.await.expect("an answer");
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), "1");
        }
        statuses.push(answer.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 503, 503, 503, 503, 503, 503]);
}

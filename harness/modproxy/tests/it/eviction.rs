//! A store with a budget.

use std::time::Duration;

use http::Request;
use http_body_util::BodyExt as _;
use twinproof_testkit::files_in;

use crate::support::{Folder, get, origin, settings, start};

/// The versions of `many` whose zips are in the store.
fn zips(store: &Folder) -> Vec<String> {
    let files = files_in(store.path()).into_iter().filter(|file| file.ends_with(".zip"));
    files.filter_map(|file| Some(file.rsplit_once('/')?.1.to_owned())).collect()
}

/// Files of the store that are open in this process and have no name any more.
fn open_and_removed(store: &Folder) -> Vec<String> {
    let open = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let links =
        open.filter_map(|fd| Some(std::fs::read_link(fd.path()).ok()?.display().to_string()));
    let folder = store.path().display().to_string();
    links.filter(|link| link.starts_with(&folder) && link.ends_with(" (deleted)")).collect()
}

async fn fetch(proxy: &std::sync::Arc<twinproof_modproxy::Proxy>, version: &str) -> u64 {
    let mut size = 0;
    for ext in ["info", "mod", "zip"] {
        let answer = get(proxy, &format!("/crafted.example/many/@v/{version}.{ext}")).await;
        assert_eq!(answer.status, 200, "{version}.{ext}");
        size += answer.body.len() as u64;
    }
    // Once more, from the store: from then on the zip is open.
    get(proxy, &format!("/crafted.example/many/@v/{version}.zip")).await;
    size + "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".len() as u64 + 100
}

#[tokio::test]
async fn the_least_recently_used_versions_go_but_not_what_is_being_read() {
    let (origin, store, probe) = (origin(), Folder::new(), Folder::new());
    let size = fetch(&start(settings(&probe, &origin.url())), "v1.0.0").await;
    let mut tight = settings(&store, &origin.url());
    tight.budget = Some(size * 3 + size / 2);
    tight.small = 0;
    tight.memory = 0;
    let proxy = start(tight.clone());
    for version in ["v1.0.0", "v1.0.1", "v1.0.2"] {
        fetch(&proxy, version).await;
    }
    assert_eq!(zips(&store), ["v1.0.0.zip", "v1.0.1.zip", "v1.0.2.zip"]);
    // v1.0.0 is the oldest, and is being read from here on.
    let request = Request::get("/crafted.example/many/@v/v1.0.0.zip").body(()).expect("a request");
    let reading = proxy.respond(request).await;
    assert_eq!(reading.status(), 200);
    // v1.0.1 is used again, by its .info.
    get(&proxy, "/crafted.example/many/@v/v1.0.1.info").await;
    fetch(&proxy, "v1.0.3").await;
    assert_eq!(zips(&store), ["v1.0.0.zip", "v1.0.1.zip", "v1.0.3.zip"]);
    fetch(&proxy, "v1.0.4").await;
    fetch(&proxy, "v1.0.5").await;
    assert_eq!(zips(&store), ["v1.0.0.zip", "v1.0.4.zip", "v1.0.5.zip"]);
    let list = store.read("crafted.example/many/@v/list").expect("a list");
    assert_eq!(list, b"v1.0.0\nv1.0.4\nv1.0.5\n");
    let body = reading.into_body().collect().await.expect("all of it").to_bytes();
    assert_eq!(body, probe.read("crafted.example/many/@v/v1.0.0.zip").expect("there"));
    fetch(&proxy, "v1.0.6").await;
    assert_eq!(zips(&store), ["v1.0.4.zip", "v1.0.5.zip", "v1.0.6.zip"]);
    assert_eq!(open_and_removed(&store), [""; 0]);
    // No file of what has gone is left behind, and what has gone can be had again.
    let files = files_in(store.path());
    assert_eq!(files.len(), 3 * 5 + 1, "{files:?}");
    assert_eq!(fetch(&proxy, "v1.0.0").await, size);

    // A smaller budget holds from the start.
    tight.budget = Some(size + size / 2);
    let proxy = start(tight);
    for _ in 0..500 {
        if zips(&store).len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(zips(&store), ["v1.0.0.zip"]);
    assert!(get(&proxy, "/metrics").await.text().contains("twinproof_modproxy_evictions_total 2"));
}

//! Files of versions: from upstream into the store and out again.

use std::time::Duration;

use twinproof_gomod::dirhash::hash_zip;

use crate::support::{Folder, ask, get, settings, start, zip};

const MODULE: &str = "example.com/a";

#[tokio::test]
async fn fetched_file_is_served_without_the_upstream() {
    let (upstream, store) = (Folder::new(), Folder::new());
    upstream.module(MODULE, "v1.0.0");
    let proxy = start(settings(&store, &upstream.url()));
    for (ext, kind) in [
        ("info", "application/json"),
        ("mod", "text/plain; charset=utf-8"),
        ("zip", "application/zip"),
    ] {
        let target = format!("/{MODULE}/@v/v1.0.0.{ext}");
        let want = upstream.read(target.trim_start_matches('/')).expect("there");
        let answer = get(&proxy, &target).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, kind));
        assert_eq!(answer.body, want);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(store.read(target.trim_start_matches('/')).as_deref(), Some(&*want));
    }
    let h1 = hash_zip(&store.file(&format!("{MODULE}/@v/v1.0.0.zip"))).expect("a zip").to_string();
    assert_eq!(store.read(&format!("{MODULE}/@v/v1.0.0.ziphash")), Some(h1.into_bytes()));
    assert_eq!(store.read(&format!("{MODULE}/@v/list")).as_deref(), Some(&b"v1.0.0\n"[..]));

    std::fs::remove_dir_all(upstream.path()).expect("removed");
    let fresh = start(settings(&store, &upstream.url()));
    for proxy in [&proxy, &fresh] {
        for ext in ["info", "mod", "zip"] {
            assert_eq!(
                get(proxy, &format!("/{MODULE}/@v/v1.0.0.{ext}")).await.status,
                200,
                "{ext}"
            );
        }
    }
}

#[tokio::test]
async fn a_zip_that_is_open_is_served_only_while_it_is_there() {
    let (upstream, store) = (Folder::new(), Folder::new());
    upstream.module(MODULE, "v1.0.0");
    let target = format!("/{MODULE}/@v/v1.0.0.zip");
    let file = store.file(target.trim_start_matches('/'));
    let mut offline = settings(&store, &upstream.url());
    offline.small = 0;
    offline.memory = 0;
    assert_eq!(get(&start(offline.clone()), &target).await.status, 200);
    offline.offline = true;
    let proxy = start(offline);
    let want = std::fs::read(&file).expect("a zip");
    for _ in 0..3 {
        assert_eq!(get(&proxy, &target).await.body, want);
    }
    std::fs::remove_file(&file).expect("removed");
    assert_eq!(get(&proxy, &target).await.status, 404);
    // The same, under the same name, is another file.
    std::fs::write(&file, &want).expect("written");
    assert_eq!(get(&proxy, &target).await.body, want);
    let other = zip(&[(&format!("{MODULE}@v1.0.0/go.mod"), b"module example.com/other\n")]);
    assert_ne!(other.len(), want.len());
    // A file that the proxy did not write is damage, of another length or not.
    for damaged in [other, want.iter().map(|byte| byte ^ 1).collect()] {
        std::fs::write(&file, &damaged).expect("written in place");
        assert_eq!(get(&proxy, &target).await.status, 404);
        assert_eq!(store.read(&format!(".damaged{target}")), Some(damaged));
        std::fs::write(&file, &want).expect("written");
        assert_eq!(get(&proxy, &target).await.body, want);
    }
}

#[tokio::test]
async fn module_that_no_upstream_has_is_not_found() {
    let (upstream, store) = (Folder::new(), Folder::new());
    let proxy = start(settings(&store, &upstream.url()));
    for target in [
        "/example.com/a/@v/list",
        "/example.com/a/@latest",
        "/example.com/a/@v/v1.0.0.info",
        "/example.com/a/@v/v1.0.0.mod",
        "/example.com/a/@v/v1.0.0.zip",
        "/example.com/a/@v/master.info",
        "/example.com/a/@v/master.zip",
        "/sumdb/sum.example/supported",
        "/",
        "/nothing",
    ] {
        let answer = get(&proxy, target).await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(answer.text().starts_with("not found: "), "{target}: {}", answer.text());
    }
    assert_eq!(std::fs::read_dir(store.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn odd_requests_are_refused() {
    let store = Folder::new();
    let proxy = start(settings(&store, "off"));
    for target in [
        "/example.com/A/@v/list",
        "/example.com/%2e%2e/@v/list",
        "/example.com%2fa/@v/list",
        "/example.com/a%00/@v/list",
        "/sumdb/sum.example/tile/8/0/1",
    ] {
        assert_eq!(get(&proxy, target).await.status, 400, "{target}");
    }
    let answer = ask(&proxy, "POST", "/example.com/a/@v/list", &[]).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn lists_and_latest_are_the_upstreams() {
    let (upstream, store) = (Folder::new(), Folder::new());
    let pseudo = "v0.0.0-20240102030405-abcdefabcdef";
    let list = format!("v1.0.0\n{pseudo}\nnot a version\nv1.1.0 2024-01-02T03:04:05Z\n");
    upstream.write("example.com/a/@v/list", list.as_bytes());
    upstream.write("example.com/a/@latest", br#"{"Version":"v1.1.0"}"#);
    upstream.write("example.com/b/@v/list", format!("{pseudo}\n").as_bytes());
    upstream.write("example.com/c/@v/list", b"");
    upstream.write("example.com/d/@v/list", b"<html>log in</html>");
    let proxy = start(settings(&store, &upstream.url()));
    let answer = get(&proxy, "/example.com/a/@v/list").await;
    // `go` makes of it what it makes of the upstream's own.
    assert_eq!((answer.status, answer.text()), (200, &*list));
    let answer = get(&proxy, "/example.com/a/@latest").await;
    assert_eq!((answer.status, answer.text()), (200, r#"{"Version":"v1.1.0"}"#));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(get(&proxy, "/example.com/b/@v/list").await.text(), format!("{pseudo}\n"));
    let answer = get(&proxy, "/example.com/c/@v/list").await;
    assert_eq!((answer.status, answer.text()), (200, ""));
    let answer = get(&proxy, "/example.com/d/@v/list").await;
    assert_eq!((answer.status, answer.text()), (200, "<html>log in</html>"));
}

#[tokio::test]
async fn version_that_the_upstream_no_longer_lists_is_served_and_not_listed() {
    let (upstream, store) = (Folder::new(), Folder::new());
    for version in ["v1.0.0", "v1.1.0"] {
        upstream.module(MODULE, version);
    }
    let mut brief = settings(&store, &upstream.url());
    brief.ttl.list = Duration::ZERO;
    let proxy = start(brief);
    for version in ["v1.0.0", "v1.1.0"] {
        for ext in ["info", "mod", "zip"] {
            let target = format!("/{MODULE}/@v/{version}.{ext}");
            assert_eq!(get(&proxy, &target).await.status, 200, "{target}");
        }
    }
    let list = format!("/{MODULE}/@v/list");
    assert_eq!(get(&proxy, &list).await.text(), "v1.0.0\nv1.1.0\n");
    upstream.write(list.trim_start_matches('/'), b"v1.0.0\n");
    assert_eq!(get(&proxy, &list).await.text(), "v1.0.0\n");
    assert_eq!(get(&proxy, &format!("/{MODULE}/@v/v1.1.0.zip")).await.status, 200);
    // The whole module is gone: for `go` too, which asks its next proxy then.
    std::fs::remove_dir_all(upstream.file("example.com")).expect("removed");
    assert_eq!(get(&proxy, &list).await.status, 404);
    assert_eq!(get(&proxy, &format!("/{MODULE}/@v/v1.1.0.zip")).await.status, 200);
}

#[tokio::test]
async fn a_file_that_is_removed_from_the_store_is_not_served_for_ever() {
    let (upstream, store) = (Folder::new(), Folder::new());
    upstream.module(MODULE, "v1.0.0");
    let proxy = start(settings(&store, &upstream.url()));
    let target = format!("/{MODULE}/@v/v1.0.0.mod");
    assert_eq!(get(&proxy, &target).await.status, 200);
    std::fs::remove_dir_all(upstream.file("example.com")).expect("removed");
    std::fs::remove_file(store.file(target.trim_start_matches('/'))).expect("removed");
    let begun = std::time::Instant::now();
    while get(&proxy, &target).await.status != 404 {
        assert!(begun.elapsed() < Duration::from_secs(60), "served from memory still");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn contents_many_times_the_zip_are_served_unless_a_limit_is_set() {
    let (upstream, store) = (Folder::new(), Folder::new());
    upstream.module(MODULE, "v1.0.0");
    let zeros = vec![0; 80 << 20];
    let prefix = format!("{MODULE}@v1.0.0");
    let bytes = zip(&[
        (&format!("{prefix}/go.mod"), b"module example.com/a\n"),
        (&format!("{prefix}/zeros"), &zeros),
    ]);
    let target = format!("/{MODULE}/@v/v1.0.0.zip");
    upstream.write(target.trim_start_matches('/'), &bytes);
    let mut limited = settings(&store, &upstream.url());
    limited.limits.ratio = Some(300);
    let answer = get(&start(limited), &target).await;
    assert_eq!(answer.status, 502);
    let said = "the contents are more than 300 times as large as the zip";
    assert!(answer.text().contains(said), "{}", answer.text());
    let answer = get(&start(settings(&store, &upstream.url())), &target).await;
    assert_eq!((answer.status, answer.body.len()), (200, bytes.len()));
}

#[tokio::test]
async fn queries_lead_to_versions() {
    let (upstream, store) = (Folder::new(), Folder::new());
    let info = br#"{"Version":"v0.0.0-20240102030405-abcdefabcdef","Time":"2024-01-02T03:04:05Z"}"#;
    upstream.write("example.com/a/@v/master.info", info);
    let proxy = start(settings(&store, &upstream.url()));
    let answer = get(&proxy, "/example.com/a/@v/master.info").await;
    assert_eq!((answer.status, &*answer.body), (200, &info[..]));
    assert!(store.read("example.com/a/@v/master.info").is_none());
    let resolved = "example.com/a/@v/v0.0.0-20240102030405-abcdefabcdef.info";
    assert_eq!(store.read(resolved).as_deref(), Some(&info[..]));
}

#[tokio::test]
async fn offline_and_no_fetch_answer_from_the_store() {
    let (upstream, store) = (Folder::new(), Folder::new());
    for version in ["v1.0.0", "v1.1.0", "v1.2.0-rc.1"] {
        store.module(MODULE, version);
    }
    upstream.module(MODULE, "v1.9.0");
    let mut offline = settings(&store, &upstream.url());
    offline.offline = true;
    let offline = start(offline);
    let online = start(settings(&store, &upstream.url()));
    let header = [("Disable-Module-Fetch", "true")];
    assert_eq!(get(&online, "/example.com/a/@v/list").await.text(), "v1.9.0\n");
    for (proxy, headers) in [(&offline, &[][..]), (&online, &header[..])] {
        let list = ask(proxy, "GET", "/example.com/a/@v/list", headers).await;
        assert_eq!(list.text(), "v1.0.0\nv1.1.0\nv1.2.0-rc.1\n");
        let latest = ask(proxy, "GET", "/example.com/a/@latest", headers).await;
        assert!(latest.text().contains("v1.1.0"), "{}", latest.text());
        let missing = ask(proxy, "GET", "/example.com/a/@v/v1.9.0.zip", headers).await;
        assert_eq!(missing.status, 404);
        // Others have filled the store: the zip has no hash yet.
        let zip = ask(proxy, "GET", "/example.com/a/@v/v1.0.0.zip", headers).await;
        assert_eq!(zip.status, 200);
        assert!(store.read("example.com/a/@v/v1.0.0.ziphash").is_some());
    }
    assert_eq!(get(&online, "/example.com/a/@v/list").await.text(), "v1.9.0\n");
}

#[tokio::test]
async fn bad_zips_are_neither_served_nor_kept() {
    let (upstream, store) = (Folder::new(), Folder::new());
    let good = zip(&[("example.com/a@v1.0.0/go.mod", b"module example.com/a\n")]);
    let mut flipped = good.clone();
    flipped[60] ^= 1;
    let cases: [(&str, Vec<u8>); 4] = [
        ("v1.0.0", b"<html>".to_vec()),
        ("v1.0.1", good[..good.len() - 10].to_vec()),
        ("v1.0.2", zip(&[("example.com/a@v1.0.0/go.mod", b"module example.com/a\n")])),
        ("v1.0.3", flipped),
    ];
    let proxy = start(settings(&store, &upstream.url()));
    for (version, bytes) in cases {
        let target = format!("example.com/a/@v/{version}.zip");
        upstream.write(&target, &bytes);
        let answer = get(&proxy, &format!("/{target}")).await;
        assert_eq!(answer.status, 502, "{version}: {}", answer.text());
        assert!(store.read(&target).is_none());
    }
    let left: Vec<_> =
        std::fs::read_dir(store.file("example.com/a/@v")).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn conditional_requests_ranges_and_head() {
    let (upstream, store) = (Folder::new(), Folder::new());
    upstream.module(MODULE, "v1.0.0");
    let mut large = settings(&store, &upstream.url());
    large.small = 0;
    for proxy in [start(settings(&store, &upstream.url())), start(large)] {
        let target = "/example.com/a/@v/v1.0.0.zip";
        // Twice: from the upstream or the store, then from memory.
        for _ in 0..2 {
            let whole = get(&proxy, target).await;
            assert_eq!(whole.status, 200);
            let etag = whole.header("etag").to_owned();
            assert!(etag.len() > 40 && etag.starts_with('"'), "{etag}");
            for tag in [&*etag, "*", &format!("\"x\", {etag}"), &format!("W/{etag}")] {
                let answer = ask(&proxy, "GET", target, &[("If-None-Match", tag)]).await;
                assert_eq!((answer.status, answer.body.len()), (304, 0), "{tag}");
                assert_eq!(answer.header("etag"), etag);
            }
            let modified = whole.header("last-modified").to_owned();
            let since = [("If-Modified-Since", &*modified)];
            assert_eq!(ask(&proxy, "GET", target, &since).await.status, 304);
            let both = [("If-Modified-Since", &*modified), ("If-None-Match", "\"x\"")];
            assert_eq!(ask(&proxy, "GET", target, &both).await.status, 200);

            let part = ask(&proxy, "GET", target, &[("Range", "bytes=2-5")]).await;
            assert_eq!((part.status, &*part.body), (206, &whole.body[2..6]));
            let range = format!("bytes 2-5/{}", whole.body.len());
            assert_eq!(part.header("content-range"), range);
            let outside = ask(&proxy, "GET", target, &[("Range", "bytes=999999-")]).await;
            assert_eq!((outside.status, outside.body.len()), (416, 0));
            assert_eq!(outside.header("content-range"), format!("bytes */{}", whole.body.len()));
            let stale = [("Range", "bytes=2-5"), ("If-Range", "\"x\"")];
            assert_eq!(ask(&proxy, "GET", target, &stale).await.status, 200);

            // A range is of GET alone.
            let outside = ask(&proxy, "HEAD", target, &[("Range", "bytes=999999-")]).await;
            assert_eq!(outside.status, 200);
            let head = ask(&proxy, "HEAD", target, &[]).await;
            assert_eq!((head.status, head.body.len()), (200, 0));
            assert_eq!(head.header("content-length"), whole.body.len().to_string());
            assert_eq!(head.header("etag"), etag);
        }
    }
    let proxy = start(settings(&store, "off"));
    let head = ask(&proxy, "HEAD", "/example.com/b/@v/list", &[]).await;
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[tokio::test]
async fn rules_deny_allow_and_exclude() {
    let (upstream, store) = (Folder::new(), Folder::new());
    for module in ["example.com/a", "example.com/b", "corp.example/x", "corp.example/y"] {
        upstream.module(module, "v1.0.0");
    }
    store.module("corp.example/y", "v1.0.0");
    let mut rules = settings(&store, &upstream.url());
    rules.allow = "example.com,corp.example/*".to_owned();
    rules.deny = "example.com/b".to_owned();
    rules.exclude = "corp.example".to_owned();
    let proxy = start(rules);
    for (module, status) in [
        ("example.com/a", 200),
        ("example.com/b", 403),
        ("other.example/c", 403),
        ("corp.example/x", 404),
        ("corp.example/y", 200),
    ] {
        let answer = get(&proxy, &format!("/{module}/@v/v1.0.0.mod")).await;
        assert_eq!(answer.status, status, "{module}: {}", answer.text());
        if status != 200 {
            assert!(answer.text().contains(module), "{}", answer.text());
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_do_not_lead_out_of_the_store() {
    let (outside, store) = (Folder::new(), Folder::new());
    outside.module("example.com/a", "v1.0.0");
    store.module("example.com/b", "v1.0.0");
    std::os::unix::fs::symlink(outside.file("example.com/a"), store.file("example.com/a"))
        .expect("a link");
    std::os::unix::fs::symlink("b", store.file("example.com/c")).expect("a link");
    let upstream = Folder::new();
    upstream.module("example.com/a", "v1.0.1");
    let proxy = start(settings(&store, &upstream.url()));
    let answer = get(&proxy, "/example.com/a/@v/v1.0.0.mod").await;
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert!(answer.text().contains("leads out of it"), "{}", answer.text());
    assert_eq!(get(&proxy, "/example.com/a/@v/v1.0.1.mod").await.status, 500);
    assert!(outside.read("example.com/a/@v/v1.0.1.mod").is_none());
    // A link that stays inside is one's own affair.
    assert_eq!(get(&proxy, "/example.com/c/@v/v1.0.0.info").await.status, 200);
}

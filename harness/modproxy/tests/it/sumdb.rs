//! A checksum database through the proxy, and files confirmed by it.

use std::time::Duration;

use twinproof_modproxy::{Database, Settings};
use twinproof_origin::Origin;
use twinproof_sumdb::client::{Client, MemoryStore};
use twinproof_sumdb::{Fetch, FetchError};
use twinproof_testkit::files_in;

use crate::support::{Folder, count, get, origin, rule, settings, start};

fn with_database(origin: &Origin, store: &Folder) -> Settings {
    let mut settings = settings(store, &origin.url());
    settings.databases = vec![Database { key: origin.sumdb_key(), url: None, by_default: false }];
    settings
}

fn asked_database(origin: &Origin) -> usize {
    origin.requests().iter().filter(|request| request.target.contains("sumdb/")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_verifies_through_the_proxy() {
    struct Through(std::sync::Arc<twinproof_modproxy::Proxy>, String, tokio::runtime::Handle);
    impl Fetch for Through {
        fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
            let answer = self.2.block_on(get(&self.0, &format!("/sumdb/{}{path}", self.1)));
            if answer.status == 200 {
                return Ok(answer.body.to_vec());
            }
            Err(FetchError::from_status(answer.status))
        }
    }

    let (origin, store) = (origin(), Folder::new());
    let proxy = start(with_database(&origin, &store));
    let name = origin.sumdb_name();
    let supported = get(&proxy, &format!("/sumdb/{name}/supported")).await;
    assert_eq!((supported.status, supported.body.len()), (200, 0));
    let latest = get(&proxy, &format!("/sumdb/{name}/latest")).await;
    assert_eq!(latest.status, 200);
    assert!(latest.text().starts_with("go.sum database tree\n"), "{}", latest.text());

    let through = Through(proxy.clone(), name.to_owned(), tokio::runtime::Handle::current());
    let key = origin.sumdb_key();
    let lines = tokio::task::spawn_blocking(move || {
        let client = Client::new(&key, through, MemoryStore::default()).expect("a key");
        client.lookup("crafted.example/hello", "v1.0.0").expect("a lookup")
    });
    let want = origin.sums("crafted.example/hello", "v1.0.0").expect("sums");
    let lines = lines.await.expect("no panic");
    assert_eq!(lines, want.lines().take(1).collect::<Vec<_>>());

    // An answer is not asked for twice, not even after a restart.
    let lookup = format!("/sumdb/{name}/lookup/crafted.example/hello@v1.0.0");
    assert_eq!(count(&origin, &lookup), 1);
    let restarted = start(with_database(&origin, &store));
    origin.clear();
    assert_eq!(get(&proxy, &lookup).await.status, 200);
    assert_eq!(get(&restarted, &lookup).await.status, 200);
    assert_eq!(asked_database(&origin), 0);

    let missing = format!("/sumdb/{name}/lookup/crafted.example/nothing@v1.0.0");
    assert_eq!(get(&proxy, &missing).await.status, 404);
    assert_eq!(get(&proxy, "/sumdb/other.example/supported").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_confirmed() {
    let (origin, store) = (origin(), Folder::new());
    let mut strict = with_database(&origin, &store);
    strict.verify = true;
    let proxy = start(strict.clone());
    for file in ["@v/v1.0.0.mod", "@v/v1.0.0.zip"] {
        let answer = get(&proxy, &format!("/crafted.example/hello/{file}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let lookup = format!("/sumdb/{}/lookup/crafted.example/hello@v1.0.0", origin.sumdb_name());
    assert_eq!(count(&origin, &lookup), 1);

    // The same bytes under another version, which the database knows otherwise.
    let mut other_zip = rule("*/hello/@v/v1.1.0.mod");
    other_zip.body = Some("module crafted.example/hello\n\n// not what it was\n".to_owned());
    origin.script(vec![other_zip]);
    let answer = get(&proxy, "/crafted.example/hello/@v/v1.1.0.mod").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().starts_with("SECURITY ERROR: "), "{}", answer.text());
    assert!(answer.text().contains("checksum mismatch"), "{}", answer.text());
    assert!(store.read("crafted.example/hello/@v/v1.1.0.mod").is_none());

    // Private modules are fetched and nobody is asked about them.
    origin.script(Vec::new());
    origin.clear();
    strict.nosumdb = "crafted.example/upper".to_owned();
    let private = start(strict);
    assert_eq!(get(&private, "/crafted.example/upper/@v/v1.0.0.zip").await.status, 200);
    let lookup = format!("/sumdb/{}/lookup/crafted.example/upper@v1.0.0", origin.sumdb_name());
    assert_eq!(get(&private, &lookup).await.status, 404);
    assert_eq!(asked_database(&origin), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zip_with_another_content_is_a_security_error() {
    let (origin, store) = (origin(), Folder::new());
    let mut strict = with_database(&origin, &store);
    strict.verify = true;
    let proxy = start(strict);
    let zip = crate::support::zip(&[(
        "crafted.example/hello@v1.0.0/go.mod",
        b"module crafted.example/hello // another\n",
    )]);
    let mut wrong = rule("*/hello/@v/v1.0.0.zip");
    wrong.base64 = Some(crate::support::base64(&zip));
    origin.script(vec![wrong]);
    let answer = get(&proxy, "/crafted.example/hello/@v/v1.0.0.zip").await;
    assert_eq!(answer.status, 502);
    assert!(answer.text().starts_with("SECURITY ERROR: "), "{}", answer.text());
    let kept: Vec<_> = files_in(store.path()).into_iter().filter(|f| f.contains("/@v/")).collect();
    assert_eq!(kept, [""; 0]);
    // The database cannot be asked: nothing unconfirmed is served.
    let mut down = rule("*sumdb/*");
    down.status = Some(500);
    origin.script(vec![down]);
    let answer = get(&proxy, "/crafted.example/upper/@v/v1.0.0.zip").await;
    assert_eq!(answer.status, 502);
    assert!(
        answer.text().starts_with("verifying crafted.example/upper@v1.0.0"),
        "{}",
        answer.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forked_database_is_not_passed_on() {
    let (origin, store) = (origin(), Folder::new());
    let mut brief = with_database(&origin, &store);
    brief.ttl.tree = Duration::ZERO;
    let proxy = start(brief);
    let name = origin.sumdb_name();
    let before = format!("/sumdb/{name}/lookup/crafted.example/upper@v1.0.0");
    assert_eq!(get(&proxy, &before).await.status, 200);
    let mut fork = rule("*sumdb/*");
    fork.fork = true;
    origin.script(vec![fork]);
    for file in ["latest", "lookup/crafted.example/hello@v1.0.0"] {
        let answer = get(&proxy, &format!("/sumdb/{name}/{file}")).await;
        assert_eq!(answer.status, 502, "{file}: {}", answer.text());
        assert!(answer.text().starts_with("SECURITY ERROR"), "{file}: {}", answer.text());
    }
}

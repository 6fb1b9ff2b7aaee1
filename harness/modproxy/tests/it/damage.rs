//! Files of the store that are damaged: each is named, set aside, fetched anew, and then what it was.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, span};
use twinproof_modproxy::{Database, Settings};
use twinproof_origin::Origin;
use twinproof_testkit::files_in;

use crate::support::{Folder, count, get, origin, rule, settings, start};

const MODULE: &str = "crafted.example/hello";

fn with_database(origin: &Origin, store: &Folder) -> Settings {
    let mut settings = settings(store, &origin.url());
    settings.databases = vec![Database { key: origin.sumdb_key(), url: None, by_default: false }];
    settings
}

/// The new content of a file; `None` when it is removed.
type Damage = fn(&[u8]) -> Option<Vec<u8>>;

/// A change of files.
const DAMAGES: [(&str, Damage); 4] = [
    ("NULs", |bytes| Some(vec![0; bytes.len().max(1)])),
    ("cut", |bytes| Some(bytes[..bytes.len() / 2].to_vec())),
    ("a flipped byte", |bytes| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        *bytes.get_mut(middle)? ^= 1;
        Some(bytes)
    }),
    ("absent", |_| None),
];

/// The files that were said to be damaged.
#[derive(Clone, Default)]
struct Named(Arc<Mutex<Vec<String>>>);

struct File(Option<String>, bool);

impl Visit for File {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "file" => self.0 = Some(value.to_owned()),
            "why" => self.1 = true,
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl tracing::Subscriber for Named {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut file = File(None, false);
        event.record(&mut file);
        if let File(Some(file), true) = file {
            self.0.lock().expect("no panic").push(file);
        }
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// The answers to a client, by target.
async fn everything(settings: Settings, targets: &[String]) -> BTreeMap<String, (u16, Vec<u8>)> {
    let proxy = start(settings);
    let mut all = BTreeMap::new();
    for target in targets {
        let answer = get(&proxy, target).await;
        all.insert(target.clone(), (answer.status, answer.body.to_vec()));
    }
    all
}

#[test]
fn every_kind_of_file_is_healed_and_named() {
    let named = Named::default();
    // On every thread, those of the runtime included.
    tracing::subscriber::set_global_default(named.clone()).expect("the only one");
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        table(&named).await;
        // Not beside it: both name the same files.
        #[cfg(unix)]
        entry_that_is_no_file_is_removed_and_fetched_again().await;
    });
}

async fn table(named: &Named) {
    let (origin, store) = (origin(), Folder::new());
    let database = origin.sumdb_name();
    let sumdb = |file: &str| format!("/sumdb/{database}/{file}");
    let mut targets: Vec<String> =
        ["info", "mod", "zip"].map(|ext| format!("/{MODULE}/@v/v1.0.0.{ext}")).into();
    targets.extend([
        sumdb("supported"),
        sumdb(&format!("lookup/{MODULE}@v1.0.0")),
        sumdb("latest"),
    ]);
    let before = everything(with_database(&origin, &store), &targets).await;
    let latest = String::from_utf8_lossy(&before[&sumdb("latest")].1).into_owned();
    let size: u32 = latest.lines().nth(1).and_then(|size| size.parse().ok()).expect("a size");
    let width = size.min(256);
    let tile = if width == 256 { String::new() } else { format!(".p/{width}") };
    targets
        .extend([sumdb(&format!("tile/8/0/000{tile}")), sumdb(&format!("tile/8/data/000{tile}"))]);
    let before = everything(with_database(&origin, &store), &targets).await;
    for (target, (status, _)) in &before {
        assert_eq!(*status, 200, "{target}");
    }
    // The record of a database's tiles is what is asked for; others are kept beside it.
    let files = files_in(store.path());
    let kinds = [".info", ".mod", ".zip", ".ziphash", ".sums", "/list", "/latest", "/supported"];
    for kind in kinds.into_iter().chain(["/lookup/", "/tile/8/0/", "/tile/8/data/"]) {
        assert!(files.iter().any(|file| file.contains(kind)), "{kind}: {files:?}");
    }
    let whole: BTreeMap<_, _> = files.iter().map(|f| (f, store.read(f).expect("there"))).collect();
    for file in &files {
        for (damage, damaged) in DAMAGES {
            let what = format!("{file}: {damage}");
            let path = store.file(file);
            let damaged = damaged(&whole[file]);
            match &damaged {
                Some(bytes) => std::fs::write(&path, bytes).expect("written"),
                None => std::fs::remove_file(&path).expect("removed"),
            }
            if damaged.as_ref() == Some(&whole[file]) {
                continue;
            }
            named.0.lock().expect("no panic").clear();
            let after = everything(with_database(&origin, &store), &targets).await;
            assert_eq!(after, before, "{what}");
            if file.ends_with("/list") {
                // It is written for others, when the next version comes.
                let next = ["info", "mod", "zip"].map(|ext| format!("/{MODULE}/@v/v1.1.0.{ext}"));
                everything(with_database(&origin, &store), &next).await;
                let list = store.read(file).expect("a list");
                assert!(list.ends_with(b"v1.1.0\n"), "{what}");
                std::fs::write(&path, &whole[file]).expect("written");
                for ext in ["info", "mod", "zip", "ziphash", "sums"] {
                    let file = store.file(&format!("{MODULE}/@v/v1.1.0.{ext}"));
                    std::fs::remove_file(file).expect("removed");
                }
            }
            assert_eq!(store.read(file).as_ref(), Some(&whole[file]), "{what}");
            let mut said = named.0.lock().expect("no panic").clone();
            said.retain(|said| said == file);
            let want = usize::from(damaged.is_some());
            // A list that names other versions is put right, and cannot be told from an old one.
            let other = file.ends_with("/list") && damage != "NULs";
            assert!(said.len() == want || other, "{what}: {said:?}");
        }
    }
}

/// Puts something where a file should be.
#[cfg(unix)]
type Put = fn(&std::path::Path);

/// Objects that can stand where a file should be.
#[cfg(unix)]
const ODDITIES: [(&str, Put); 5] = [
    ("a folder", |path| {
        std::fs::create_dir(path).expect("made");
        std::fs::write(path.join("x"), "x").expect("written");
    }),
    ("a link elsewhere", |path| std::os::unix::fs::symlink("/etc/passwd", path).expect("made")),
    ("a link to nothing", |path| {
        std::os::unix::fs::symlink("/nowhere/at/all", path).expect("made")
    }),
    ("a link to itself", |path| {
        std::os::unix::fs::symlink(path.file_name().expect("a name"), path).expect("made");
    }),
    // Its bytes are not on the disk.
    ("far too long", |path| {
        std::fs::File::create(path).and_then(|file| file.set_len(20 << 30)).expect("made");
    }),
];

#[cfg(unix)]
async fn entry_that_is_no_file_is_removed_and_fetched_again() {
    let (origin, store) = (origin(), Folder::new());
    let sumdb = |file: &str| format!("/sumdb/{}/{file}", origin.sumdb_name());
    let mut targets: Vec<String> =
        ["info", "mod", "zip"].map(|ext| format!("/{MODULE}/@v/v1.0.0.{ext}")).into();
    let lookup = format!("lookup/{MODULE}@v1.0.0");
    targets.extend([sumdb("supported"), sumdb(&lookup), sumdb("latest")]);
    let before = everything(with_database(&origin, &store), &targets).await;
    assert!(before.values().all(|(status, _)| *status == 200));
    for file in files_in(store.path()) {
        let path = store.file(&file);
        for (oddity, put) in ODDITIES {
            std::fs::remove_file(&path).expect("removed");
            put(&path);
            let after = everything(with_database(&origin, &store), &targets).await;
            assert_eq!(after, before, "{file}: {oddity}");
            // Tiles that nobody has asked for stay as they are, until somebody does.
            if file.contains("/tile/") || file.ends_with("/list") {
                let _ = std::fs::remove_dir_all(&path);
                std::fs::write(&path, "").expect("written");
            }
            assert!(path.symlink_metadata().expect("it is there").is_file(), "{file}: {oddity}");
        }
    }
    assert!(files_in(store.path()).iter().any(|file| file.starts_with(".damaged/")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_cache_is_served_offline_without_its_newest_tree_head() {
    let (origin, online, cache) = (origin(), Folder::new(), Folder::new());
    let database = origin.sumdb_name();
    let lookup = |what: &str| format!("/sumdb/{database}/lookup/crafted.example/{what}");
    let last = lookup("medium@v1.0.0");
    let targets = [
        format!("/sumdb/{database}/supported"),
        lookup("hello@v1.0.0"),
        lookup("hello@v1.1.0"),
        last.clone(),
    ];
    let before = everything(with_database(&origin, &online), &targets).await;
    // As `go` lays it out: the newest head is not in it.
    for file in files_in(online.path()).iter().filter(|f| !f.ends_with("/latest")) {
        cache.write(file, &online.read(file).expect("there"));
    }
    let tiles: Vec<String> = files_in(cache.path())
        .into_iter()
        .filter(|file| file.contains("/tile/"))
        .map(|file| format!("/{file}"))
        .collect();
    assert!(!tiles.is_empty());
    let mut offline = with_database(&origin, &cache);
    offline.offline = true;
    origin.clear();
    assert_eq!(everything(offline.clone(), &targets).await, before);
    for (tile, (status, bytes)) in everything(offline.clone(), &tiles).await {
        let kept = cache.read(tile.trim_start_matches('/')).expect("there");
        assert_eq!((status, bytes), (200, kept), "{tile}");
    }
    let latest = format!("/sumdb/{database}/latest");
    let (status, head) =
        everything(offline, std::slice::from_ref(&latest)).await.remove(&latest).expect("it");
    assert_eq!(status, 200);
    assert!(before[&last].1.ends_with(&head));
    assert_eq!(count(&origin, &latest), 0);
    assert_eq!(origin.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_nobody_asked_for_is_relayed_where_there_is_a_way() {
    let (origin, store) = (origin(), Folder::new());
    let mut unasked = with_database(&origin, &store);
    unasked.databases[0].by_default = true;
    let supported = format!("/sumdb/{}/supported", origin.sumdb_name());
    assert_eq!(get(&start(unasked.clone()), &supported).await.status, 200);
    let mut down = rule("*sumdb/*");
    down.status = Some(503);
    origin.script(vec![down]);
    unasked.dir = Folder::new().0.keep();
    let answer = get(&start(unasked.clone()), &supported).await;
    assert_eq!((answer.status, answer.header("content-type")), (404, "text/plain; charset=utf-8"));
    assert!(answer.text().contains("no way to"), "{}", answer.text());
    unasked.databases[0].by_default = false;
    assert_eq!(get(&start(unasked), &supported).await.status, 200);
}

//! The log on disk: what it serves, who may open it, what it says of damage, and every step at
//! which it may be interrupted.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;

use rstest::rstest;
use twinproof_sumdb::client::{Client, MemoryStore};
use twinproof_sumdb::note::{Signer, Verifier, open};
use twinproof_sumdb::server::store::{Options, Reader, Remedy, Store, StoreError};
use twinproof_sumdb::server::{Local, MemoryLog, OpsError, ServerOps, respond};
use twinproof_sumdb::tile::Tile;
use twinproof_sumdb::tlog::{TreeHead, check_tree, prove_tree, tree_hash};

use crate::crash::{CrashDouble, Left, Stop};
use crate::server::text;

fn signer() -> Signer {
    Signer::from_seed("example.com/sumdb", [3; 32]).unwrap()
}

fn verifier() -> Verifier {
    signer().verifier().clone()
}

fn module(n: u64) -> String {
    if n == 0 { "example.com/Upper".to_owned() } else { format!("example.com/m{n}") }
}

fn add(store: &Store, records: std::ops::Range<u64>) {
    for n in records {
        let module = module(n);
        assert_eq!(store.add(&module, "v1.0.0", &text(&module)).unwrap(), n);
    }
}

/// All that a log of up to some hundred records answers.
fn paths(size: u64) -> Vec<String> {
    let mut paths = vec!["/latest".to_owned(), "/lookup/example.com/none@v1.0.0".to_owned()];
    for n in 0..size {
        let path = module(n).replace("Upper", "!upper");
        paths.push(format!("/lookup/{path}@v1.0.0"));
    }
    for height in [1, 2, 8] {
        for number in 0..4 {
            for level in ["0", "1", "2", "7", "data"] {
                let path = format!("/tile/{height}/{level}/{number:03}");
                paths.extend((1..4).map(|width| format!("{path}.p/{width}")));
                paths.push(path);
            }
        }
    }
    paths
}

fn assert_same(one: &dyn ServerOps, other: &dyn ServerOps, size: u64) {
    for path in paths(size) {
        assert_eq!(respond(one, &path), respond(other, &path), "{path}");
    }
}

#[test]
fn it_serves_what_a_log_in_memory_serves_before_and_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("a/b");
    let memory = MemoryLog::new(signer());
    let mut store = Store::open(&dir, signer()).unwrap();
    assert_eq!(store.head(), TreeHead::EMPTY);
    assert_eq!(store.key(), memory.key());
    let mut size = 0;
    for batch in [1, 1, 2, 5, 0, 30, 61] {
        add(&store, size..size + batch);
        assert_eq!(store.pending(), batch);
        assert_same(&store, &memory, size);
        let head = store.publish().unwrap();
        for n in size..size + batch {
            memory.add(&module(n), "v1.0.0", &text(&module(n))).unwrap();
        }
        size += batch;
        assert_eq!((head, store.head(), store.pending()), (memory.head().unwrap(), head, 0));
        assert_same(&store, &memory, size);
        store.check().unwrap();
        drop(store);
        let reader = Reader::open(&dir, verifier()).unwrap();
        assert_same(&reader, &memory, size);
        store = Store::open(&dir, signer()).unwrap();
        assert_same(&store, &memory, size);
        store.check().unwrap();
    }
}

#[test]
fn a_module_version_is_added_once_and_only_as_it_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    add(&store, 0..3);
    let other = "example.com/m1 v1.0.0 h1:other\n";
    let same = text("example.com/m1");
    assert_eq!(store.add("example.com/m1", "v1.0.0", &same).unwrap(), 1, "while it waits");
    store.publish().unwrap();
    assert_eq!(store.add("example.com/m1", "v1.0.0", &same).unwrap(), 1, "when it is published");
    assert_eq!(store.pending(), 0);
    let refused = |module, version, text: &str| store.add(module, version, text).unwrap_err();
    assert!(matches!(refused("nodot/m", "v1.0.0", other), StoreError::Name(_)));
    assert!(matches!(refused("example.com/x", "v1", other), StoreError::Name(_)));
    assert!(matches!(refused("example.com/x", "v1.0.0", "\n"), StoreError::Record(_)));
    assert!(matches!(refused("example.com/x", "v1.0.0", other), StoreError::MissingLine { .. }));
    let long = format!("example.com/x v1.0.0 {}\n", "x".repeat(64 << 10));
    assert!(matches!(refused("example.com/x", "v1.0.0", &long), StoreError::Record(_)));
    assert_eq!(store.publish().unwrap().size, 3);
}

#[test]
fn a_verifying_client_follows_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    let memory = MemoryStore::default();
    let mut size = 0;
    for batch in [3, 40, 1, 200] {
        add(&store, size..size + batch);
        size += batch;
        store.publish().unwrap();
        let client = Client::new(&store.key(), Local(&store), &memory).unwrap();
        let client = client.with_tile_height(3);
        let name = module(size - 1);
        let proof = client.lookup_with_proof(&name, "v1.0.0").unwrap();
        assert_eq!((proof.record_id, proof.tree_size), (size - 1, size));
    }
}

/// Enough records for runs of the index, and for merging them.
#[test]
fn a_log_with_an_index_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    let reader = Reader::open(dir.path(), verifier()).unwrap();
    let mut size = 0;
    for batch in [5000, 4000, 300, 5000, 1] {
        add(&store, size..size + batch);
        size += batch;
        store.publish().unwrap();
        for n in [0, 1, size / 2, size - 1] {
            assert_eq!(store.lookup(&module(n), "v1.0.0"), Ok(n));
            assert_eq!(reader.lookup(&module(n), "v1.0.0"), Ok(n));
        }
        let absent = store.lookup("example.com/none", "v1.0.0");
        assert_eq!(absent, Err(OpsError::NotFound("example.com/none@v1.0.0".to_owned())));
    }
    let names = |dir: &Path| {
        let mut names: Vec<_> = fs::read_dir(dir.join("index"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(dir.path()), ["0-14300"]);
    store.check().unwrap();
    drop(store);
    // Without its index, and with one that goes on too far and another file in it.
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    Store::open(dir.path(), signer()).unwrap().check().unwrap();
    assert_eq!(names(dir.path()), ["0-14301"]);
    fs::write(dir.path().join("index/0-20000"), "").unwrap();
    fs::write(dir.path().join("index/0-7.new"), "").unwrap();
    Store::open(dir.path(), signer()).unwrap().check().unwrap();
    assert_eq!(names(dir.path()), ["0-14301"]);
}

#[test]
fn one_writer_and_many_readers() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    let second = Store::open(dir.path(), signer()).unwrap_err();
    assert!(matches!(second, StoreError::Locked { .. }));
    assert!(second.to_string().contains("in use: another process writes to this log"), "{second}");
    let readers: Vec<_> = (0..3).map(|_| Reader::open(dir.path(), verifier()).unwrap()).collect();
    thread::scope(|scope| {
        for reader in &readers {
            scope.spawn(move || {
                let memory = MemoryStore::default();
                let mut last = 0;
                while last < 9000 {
                    // A client that remembers the head finds any that contradict each other.
                    let client = Client::new(&reader.key(), Local(reader), &memory).unwrap();
                    let size = client.update_latest().unwrap().size;
                    assert!(size >= last);
                    last = size;
                    if let Some(n) = size.checked_sub(1) {
                        client.lookup(&module(n), "v1.0.0").unwrap();
                    }
                }
            });
        }
        for size in (0..9000).step_by(300) {
            add(&store, size..size + 300);
            store.publish().unwrap();
        }
    });
    drop(store);
    assert_eq!(Store::open(dir.path(), signer()).unwrap().head().size, 9000);
}

#[test]
fn an_answer_that_would_be_too_large() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    let line = |n: u64| format!("example.com/m{n} v1.0.0 {}\n", "x".repeat(60 << 10));
    for n in 0..300 {
        store.add(&format!("example.com/m{n}"), "v1.0.0", &line(n)).unwrap();
    }
    store.publish().unwrap();
    let response = respond(&store, "/tile/8/data/000");
    assert_eq!(response.status, 200);
    let response = respond(&store, "/tile/9/data/000.p/300");
    let body = String::from_utf8(response.body).unwrap();
    assert_eq!(response.status, 400, "{body}");
    assert!(body.starts_with("too large: the records has "), "{body}");
}

#[rstest]
#[case::records(
    "records",
    70,
    "a record does not have the checksum that stands behind it",
    Remedy::Restore
)]
#[case::offsets("offsets", 8, "", Remedy::Restore)]
#[case::levels("levels/00", 33, "the hash is not that of record 1", Remedy::Restore)]
#[case::levels("levels/02", 0, "hash 0 is not that of the two below it", Remedy::Restore)]
#[case::head("head", 30, "", Remedy::Restore)]
#[case::index("index/0-5000", 24 * 100, "", Remedy::RemoveIndex)]
fn a_changed_byte_is_found_and_named(
    #[case] file: &str,
    #[case] at: usize,
    #[case] found: &str,
    #[case] remedy: Remedy,
) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    add(&store, 0..5000);
    store.publish().unwrap();
    drop(store);
    let path = dir.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = Store::open(dir.path(), signer()).and_then(|store| store.check()).unwrap_err();
    let message = error.to_string();
    let StoreError::Damaged { path: named, remedy: got, found: why, .. } = error else {
        panic!("{error:?}")
    };
    assert!(named == path || file == "offsets", "{message}");
    assert_eq!(got, remedy, "{message}");
    assert!(why.contains(found), "{message}");
}

#[rstest]
#[case("records")]
#[case("offsets")]
#[case("levels/00")]
#[case("levels/06")]
#[case("head")]
#[case("format")]
fn a_file_that_is_shorter_or_missing_is_damage_and_nothing_is_changed(#[case] file: &str) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    add(&store, 0..100);
    store.publish().unwrap();
    drop(store);
    let path = dir.path().join(file);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let before = snapshot(dir.path());
    Store::open(dir.path(), signer()).unwrap_err();
    assert_eq!(snapshot(dir.path()), before);
    fs::remove_file(&path).unwrap();
    let before = snapshot(dir.path());
    let error = Store::open(dir.path(), signer()).unwrap_err();
    let named =
        matches!(&error, StoreError::Damaged { found, .. } if found == "the file is missing");
    assert!(named || file == "format", "{error}");
    assert_eq!(snapshot(dir.path()), before);
    fs::write(&path, bytes).unwrap();
    Store::open(dir.path(), signer()).unwrap().check().unwrap();
}

/// The contents of all files.
fn snapshot(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            files.push((path.to_string_lossy().into_owned(), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn another_key_and_other_directories() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), signer()).unwrap());
    let other = || Signer::from_seed("example.com/sumdb", [4; 32]).unwrap();
    let error = Store::open(dir.path(), other()).unwrap_err();
    assert!(matches!(error, StoreError::OtherKey { .. }), "{error:?}");
    let error = Reader::open(dir.path(), other().verifier().clone()).unwrap_err();
    assert!(matches!(error, StoreError::OtherKey { .. }), "{error:?}");

    let foreign = tempfile::tempdir().unwrap();
    fs::write(foreign.path().join("go.mod"), "module m\n").unwrap();
    let error = Store::open(foreign.path(), signer()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");
    let error = Reader::open(foreign.path(), verifier()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error:?}");

    fs::write(dir.path().join("format"), "something newer\n").unwrap();
    let error = Store::open(dir.path(), signer()).unwrap_err().to_string();
    assert!(error.contains("says \"something newer\\n\" and should say"), "{error}");
}

/// The sizes of successive publications: with and without a new run, and with merging.
const BATCHES: [u64; 6] = [1, 2, 9, 3, 20, 6];

/// Runs of few records, so that there are some.
fn small(disk: Arc<CrashDouble>) -> Options {
    Options { disk, run_from: 8 }
}

/// The interrupted steps: some publishing, with an index.
/// Returns the heads that were served, in order.
fn live(disk: Arc<CrashDouble>, dir: &Path) -> Vec<TreeHead> {
    let mut served = Vec::new();
    let Ok(store) = Store::open_with(dir, signer(), small(disk)) else { return served };
    served.push(store.head());
    let mut n = 0;
    for batch in BATCHES {
        for n in n..n + batch {
            if store.add(&module(n), "v1.0.0", &text(&module(n))).is_err() {
                return served;
            }
        }
        n += batch;
        let result = store.publish();
        served.push(store.head());
        if result.is_err() {
            return served;
        }
    }
    served
}

/// Asserts that the log in `dir` is a prefix of the added records, and consistent with every head
/// served.
fn assert_sound(dir: &Path, served: &[TreeHead], context: &str) -> u64 {
    let store = Store::open(dir, signer()).expect(context);
    store.check().expect(context);
    let head = store.head();
    let note = open(store.signed().unwrap().as_bytes(), &[verifier()]).unwrap();
    assert_eq!(TreeHead::parse(&note.text), Ok(head));
    for seen in served {
        assert!(seen.size <= head.size, "{context}: {} after {}", head.size, seen.size);
        assert_eq!(tree_hash(seen.size, &store).unwrap(), seen.hash, "{context}");
        if seen.size > 0 {
            let proof = prove_tree(head.size, seen.size, &store).unwrap();
            check_tree(&proof, head.size, &head.hash, seen.size, &seen.hash).unwrap();
        }
    }
    for n in [0, 1, 2, head.size / 2, head.size.saturating_sub(1)] {
        if n < head.size {
            assert_eq!(store.lookup(&module(n), "v1.0.0"), Ok(n), "{context}");
            assert_eq!(store.records(n, 1).unwrap(), [text(&module(n))], "{context}");
        }
    }
    head.size
}

#[rstest]
fn it_is_sound_after_a_crash_at_every_step(
    #[values(Left::All, Left::Nothing, Left::Half)] left: Left,
) {
    let whole = Arc::new(CrashDouble::new(usize::MAX, Stop::Crash));
    let dir = tempfile::tempdir().unwrap();
    live(Arc::clone(&whole), &dir.path().join("log"));
    let steps = whole.steps();
    assert!(steps.len() > 80, "{}", steps.len());
    for (at, step) in steps.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("log");
        let disk = Arc::new(CrashDouble::new(at, Stop::Crash));
        let served = live(Arc::clone(&disk), &dir);
        disk.lose(left);
        let context = format!("step {at}, {step}, {left:?}");
        let size = assert_sound(&dir, &served, &context);
        // And it goes on from there.
        let store = Store::open(&dir, signer()).unwrap();
        add(&store, size..size + 3);
        assert_eq!(store.publish().unwrap().size, size + 3);
    }
}

#[test]
fn a_second_crash_while_opening_after_the_first() {
    let whole = Arc::new(CrashDouble::new(usize::MAX, Stop::Crash));
    let dir = tempfile::tempdir().unwrap();
    live(Arc::clone(&whole), &dir.path().join("log"));
    let steps = whole.steps().len();
    for at in (0..steps).step_by(3) {
        for second in 0..12 {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path().join("log");
            let disk = Arc::new(CrashDouble::new(at, Stop::Crash));
            let mut served = live(Arc::clone(&disk), &dir);
            disk.lose(Left::Half);
            let disk = Arc::new(CrashDouble::new(second, Stop::Crash));
            let again = Store::open_with(&dir, signer(), small(Arc::clone(&disk)));
            served.extend(again.as_ref().map(Store::head).ok());
            drop(again);
            disk.lose(Left::Half);
            assert_sound(&dir, &served, &format!("step {at}, then {second}"));
        }
    }
}

#[test]
fn a_step_that_fails_once_changes_nothing_and_may_be_tried_again() {
    let whole = Arc::new(CrashDouble::new(usize::MAX, Stop::Once));
    let dir = tempfile::tempdir().unwrap();
    live(Arc::clone(&whole), &dir.path().join("log"));
    let steps = whole.steps();
    for (at, step) in steps.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("log");
        let disk = Arc::new(CrashDouble::new(at, Stop::Once));
        let Ok(store) = Store::open_with(&dir, signer(), small(Arc::clone(&disk))) else {
            // The second attempt finds a beginning, and makes the log.
            assert_eq!(Store::open(&dir, signer()).unwrap().head(), TreeHead::EMPTY, "{step}");
            continue;
        };
        let mut size = 0;
        for batch in BATCHES {
            add(&store, size..size + batch);
            let before = (store.head(), store.signed().unwrap());
            let result = store.publish();
            size += batch;
            let Err(error) = result else { continue };
            assert_eq!((store.head(), store.signed().unwrap()), before, "step {at}, {step}");
            assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
            assert!(error.to_string().ends_with("the disk has stopped"), "{error}");
            match store.publish() {
                Ok(head) => assert_eq!(head.size, size, "step {at}, {step}"),
                Err(StoreError::Poisoned) => {
                    assert!(step.starts_with("sync"), "step {at}, {step}");
                    assert!(matches!(
                        store.add("example.com/x", "v1.0.0", &text("example.com/x")),
                        Err(StoreError::Poisoned)
                    ));
                    break;
                }
                Err(other) => panic!("step {at}, {step}: {other}"),
            }
        }
        let served = [store.head()];
        drop(store);
        assert_sound(&dir, &served, &format!("step {at}, {step}"));
    }
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_to() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    fs::create_dir(&log).unwrap();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::File::create(log.join("probe")).is_ok() {
        println!("unavailable: permissions do not hold for this user");
        return;
    }
    let error = Store::open(&log, signer()).unwrap_err().to_string();
    assert!(error.starts_with("cannot create ") && error.contains("log/lock: "), "{error}");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o755)).unwrap();
    let store = Store::open(&log, signer()).unwrap();
    add(&store, 0..5);
    store.publish().unwrap();
    drop(store);
    let before = snapshot(&log);
    fs::set_permissions(&log, fs::Permissions::from_mode(0o555)).unwrap();
    let reader = Reader::open(&log, verifier()).unwrap();
    assert_eq!(reader.lookup("example.com/m4", "v1.0.0"), Ok(4));
    let store = Store::open(&log, signer()).unwrap();
    add(&store, 5..6);
    assert!(matches!(store.publish(), Err(StoreError::Io { .. })));
    assert_eq!(store.head().size, 5);
    drop(store);
    fs::set_permissions(&log, fs::Permissions::from_mode(0o755)).unwrap();
    Store::open(&log, signer()).unwrap().check().unwrap();
    assert_eq!(snapshot(&log), before);
}

const CHILD: &str = "TWINPROOF_SUMDB_STORE_CHILD";

/// The process that is killed: this test program runs itself.
#[test]
fn child_that_publishes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD) else { return };
    let store = Store::open(Path::new(&dir), signer()).unwrap();
    let mut size = store.head().size;
    loop {
        println!("head {} {}", store.head().size, store.head().hash);
        add(&store, size..size + 7);
        size += 7;
        store.publish().unwrap();
    }
}

#[test]
fn a_process_that_is_killed_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut served = Vec::new();
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::child_that_publishes_until_it_is_killed", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let heads = lines.filter_map(|line| {
            let mut words = line.split_once("head ")?.1.split(' ');
            let size = words.next()?.parse().ok()?;
            Some(TreeHead { size, hash: words.next()?.parse().ok()? })
        });
        let mut heads = heads.peekable();
        served.extend(heads.by_ref().take(1 + round % 4));
        child.kill().unwrap();
        child.wait().unwrap();
        served.extend(heads);
        assert_sound(dir.path(), &served, &format!("round {round}"));
    }
    assert!(served.last().unwrap().size > 70);
}

#[test]
fn tiles_are_given_out_only_as_far_as_the_published_tree_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    add(&store, 0..4);
    store.publish().unwrap();
    add(&store, 4..9);
    let tile = |path| store.tile(Tile::parse(path).unwrap());
    assert!(tile("tile/2/0/000").is_ok());
    assert!(matches!(tile("tile/2/0/001.p/1"), Err(OpsError::NotFound(_))));
    assert!(matches!(store.records(3, 2), Err(OpsError::NotFound(_))));
    assert!(matches!(store.lookup("example.com/m5", "v1.0.0"), Err(OpsError::NotFound(_))));
    assert!(matches!(tree_hash(5, &store), Err(StoreError::Tree(_))));
}

/// A log of 5000 records, most of them in a run of the index, one byte of a file flipped.
fn flipped(file: &str, at: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    add(&store, 0..5000);
    store.publish().unwrap();
    drop(store);
    let path = dir.path().join(file);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 0x40;
    fs::write(&path, bytes).unwrap();
    dir
}

/// Whichever bit of an entry is flipped, its record is found or the damage is: no client gets the
/// answer that there is no record, and no second one is added.
#[test]
fn damaged_index_entry_never_hides_its_record() {
    let dir = flipped("index/0-5000", 0);
    let entries = fs::read(dir.path().join("index/0-5000")).unwrap();
    for (entry, bit) in [(0, 6), (0, 127), (1, 3), (77, 0), (2500, 64), (4999, 120), (4999, 191)] {
        let mut bytes = entries.clone();
        bytes[0] ^= 0x40;
        bytes[24 * entry + bit / 8] ^= 1 << (7 - bit % 8);
        fs::write(dir.path().join("index/0-5000"), &bytes).unwrap();
        let store = Store::open(dir.path(), signer()).unwrap();
        let id = u64::from_be_bytes(entries[24 * entry + 16..24 * entry + 24].try_into().unwrap());
        match store.lookup(&module(id), "v1.0.0") {
            Ok(found) => assert_eq!(found, id),
            Err(OpsError::Damaged(why)) => assert!(why.contains("sumdb rebuild"), "{why}"),
            Err(other) => panic!("entry {entry}, bit {bit}: {other}"),
        }
        let text = format!("{} v1.0.0 h1:{}=\n", module(id), "B".repeat(43));
        let added = store.add(&module(id), "v1.0.0", &text);
        let stopped =
            matches!(added, Err(StoreError::Damaged { .. } | StoreError::Conflict { .. }));
        assert!(stopped, "entry {entry}, bit {bit}: {added:?}");
        assert_eq!(store.pending(), 0);
    }
    Store::rebuild(dir.path(), signer()).unwrap().check().unwrap();
}

/// Damaged records and tiles are not served.
#[rstest]
#[case("levels/00", 32 * 300, &["tile/8/0/001", "tile/8/data/001", "lookup/300"])]
#[case("levels/03", 32 * 10, &["tile/3/1/001", "tile/1/3/005"])]
#[case("levels/08", 0, &["tile/8/0/000", "tile/8/1/000.p/19"])]
#[case("records", 40_000, &["tile/8/data/000", "tile/8/data/001", "tile/8/data/002"])]
fn damaged_file_is_not_served(#[case] file: &str, #[case] at: usize, #[case] paths: &[&str]) {
    let dir = flipped(file, at);
    let reader = Reader::open(dir.path(), verifier()).unwrap();
    let mut failures = 0;
    for path in paths {
        let path = match path.strip_prefix("lookup/") {
            Some(n) => format!("/lookup/{}@v1.0.0", module(n.parse().unwrap())),
            None => format!("/{path}"),
        };
        let answer = respond(&reader, &path);
        if let Some(OpsError::Damaged(why)) = &answer.failure {
            failures += 1;
            assert!(why.contains(file), "{path}: {why}");
            assert_eq!((answer.status, answer.body), (500, b"internal error\n".to_vec()));
        }
    }
    assert!(failures > 0);
}

#[test]
fn another_hash_for_a_known_version_is_an_error_that_names_both() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), signer()).unwrap();
    let text = |c: &str| format!("a.example/m v1.0.0 h1:{}=\n", c.repeat(43));
    assert_eq!(store.add("a.example/m", "v1.0.0", &text("A")).unwrap(), 0);
    assert_eq!(store.add("a.example/m", "v1.0.0", &text("A")).unwrap(), 0);
    let conflict = |store: &Store| store.add("a.example/m", "v1.0.0", &text("B")).unwrap_err();
    assert!(matches!(conflict(&store), StoreError::Conflict { .. }));
    store.publish().unwrap();
    let said = conflict(&store).to_string();
    assert!(said.contains(&text("A")) && said.contains(&text("B")), "{said}");
}

/// Parts of the index that have changed places are right in themselves.
#[test]
fn index_out_of_order_hides_no_record() {
    let dir = flipped("index/0-5000", 0);
    let path = dir.path().join("index/0-5000");
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 0x40;
    bytes.rotate_left(24 * 2500);
    fs::write(&path, &bytes).unwrap();
    let reader = Reader::open(dir.path(), verifier()).unwrap();
    assert!(matches!(reader.check(), Err(StoreError::Damaged { .. })));
    let store = Store::open(dir.path(), signer()).unwrap();
    for id in [0, 1, 17, 2500, 4095, 4096, 4999] {
        match reader.lookup(&module(id), "v1.0.0") {
            Ok(found) => assert_eq!(found, id),
            Err(OpsError::Damaged(why)) => assert!(why.contains("not sorted"), "{why}"),
            Err(other) => panic!("{id}: {other}"),
        }
        let text = format!("{} v1.0.0 h1:{}=\n", module(id), "B".repeat(43));
        let added = store.add(&module(id), "v1.0.0", &text);
        let stopped =
            matches!(added, Err(StoreError::Damaged { .. } | StoreError::Conflict { .. }));
        assert!(stopped, "{id}: {added:?}");
    }
}

/// A folder or a pipe in the place of a file is damage, and a pipe is not waited for.
#[cfg(unix)]
#[rstest]
fn entry_that_is_no_file_is_damage(
    #[values("format", "head", "levels/00", "records", "offsets", "index/0-5000")] file: &str,
    #[values(false, true)] pipe: bool,
) {
    let dir = flipped("format", 0);
    let path = dir.path().join("format");
    let mut format = fs::read(&path).unwrap();
    format[0] ^= 0x40;
    fs::write(&path, format).unwrap();
    let path = dir.path().join(file);
    fs::remove_file(&path).unwrap();
    match pipe {
        true => assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()),
        false => fs::create_dir(&path).unwrap(),
    }
    let checked = Reader::open(dir.path(), verifier()).and_then(|reader| reader.check());
    let said = checked.unwrap_err().to_string();
    assert!(said.contains(path.to_str().unwrap()) && said.contains("no regular file"), "{said}");
    assert!(Store::open(dir.path(), signer()).is_err());
}

//! The client against databases that are honest, forked, tampered with, rolled back or silent.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::thread;

use proptest::prelude::*;
use rstest::rstest;
use twinproof_sumdb::client::{
    Client, DirStore, Fetch, FetchError, LookupError, LookupProof, MemoryStore, OlderHead,
    ProofError, Store, Swap, check_proof,
};
use twinproof_sumdb::note::{Note, Signer, sign};
use twinproof_sumdb::server::{Local, MemoryLog};
use twinproof_sumdb::tile::{Level, Tile};
use twinproof_sumdb::tlog::{Hash, node_hash, record_hash};

use crate::server::{log, text};

/// A double of a checksum database: it answers as the log does, but for the paths it was given
/// other answers for, and remembers what it was asked.
struct DatabaseDouble<'a> {
    log: Local<&'a MemoryLog>,
    instead: BTreeMap<String, Result<Vec<u8>, FetchError>>,
    asked: Mutex<Vec<String>>,
}

impl<'a> DatabaseDouble<'a> {
    fn new(log: &'a MemoryLog) -> Self {
        Self { log: Local(log), instead: BTreeMap::new(), asked: Mutex::default() }
    }

    fn with(mut self, path: &str, answer: Result<Vec<u8>, FetchError>) -> Self {
        self.instead.insert(path.to_owned(), answer);
        self
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort();
        asked
    }
}

impl Fetch for DatabaseDouble<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        self.asked.lock().unwrap().push(path.to_owned());
        self.instead.get(path).cloned().unwrap_or_else(|| self.log.get(path))
    }
}

fn client<F: Fetch, S: Store>(log: &MemoryLog, fetch: F, store: S) -> Client<F, S> {
    Client::new(&log.key(), fetch, store).unwrap().with_tile_height(2)
}

fn lines(module: &str) -> [String; 2] {
    let text = text(module);
    let mut lines = text.lines().map(str::to_owned);
    [lines.next().unwrap(), lines.next().unwrap()]
}

const LOOKUP: &str = "/lookup/example.com/m5@v1.0.0";

#[test]
fn lookups_of_an_honest_log_as_it_grows() {
    let log = log(1);
    let store = MemoryStore::default();
    for n in 1..150 {
        let module = format!("example.com/m{n}");
        log.add(&module, "v1.0.0", &text(&module)).unwrap();
        let client = client(&log, Local(&log), &store);
        let [zip, go_mod] = lines(&module);
        assert_eq!(client.lookup(&module, "v1.0.0").unwrap(), [zip]);
        assert_eq!(client.lookup(&module, "v1.0.0/go.mod").unwrap(), [go_mod]);
        assert_eq!(client.update_latest().unwrap(), log.head().unwrap());
    }
    let client = client(&log, Local(&log), &store);
    assert_eq!(
        client.lookup("example.com/Upper", "v1.0.0").unwrap(),
        [lines("example.com/Upper")[0].clone()]
    );
}

#[rstest]
fn every_tile_height_gives_the_same(#[values(0, 1, 3, 8, 15, 200)] height: u8) {
    let log = log(100);
    let client = client(&log, Local(&log), MemoryStore::default()).with_tile_height(height);
    assert_eq!(
        client.lookup("example.com/m5", "v1.0.0").unwrap(),
        [lines("example.com/m5")[0].clone()]
    );
}

#[test]
fn a_second_lookup_fetches_no_tile_again() {
    let log = log(70);
    let double = DatabaseDouble::new(&log);
    let client = client(&log, &double, MemoryStore::default());
    client.lookup("example.com/m5", "v1.0.0").unwrap();
    assert_eq!(
        double.asked(),
        [
            LOOKUP,
            "/tile/2/0/001",
            "/tile/2/0/017.p/2",
            "/tile/2/1/000",
            "/tile/2/1/004.p/1",
            "/tile/2/2/000",
            "/tile/2/2/001.p/0",
        ]
        .into_iter()
        .filter(|path| !path.ends_with(".p/0"))
        .chain(["/tile/2/3/000.p/1"])
        .collect::<Vec<_>>()
    );
    client.lookup("example.com/m5", "v1.0.0").unwrap();
    assert_eq!(double.asked(), [LOOKUP]);
    client.lookup("example.com/m6", "v1.0.0").unwrap();
    assert_eq!(double.asked(), ["/lookup/example.com/m6@v1.0.0"]);
}

#[test]
fn a_partial_tile_that_is_gone_is_read_from_the_full_one() {
    let small = log(6);
    let large = log(20);
    // The tree of 6 records, when the log has grown to 20 and serves full tiles only.
    let lookup = Local(&small).get(LOOKUP).unwrap();
    let double = DatabaseDouble::new(&large)
        .with(LOOKUP, Ok(lookup))
        .with("/tile/2/0/001.p/2", Err(FetchError::NotFound))
        .with("/tile/2/1/000.p/1", Err(FetchError::NotFound));
    let client = client(&small, &double, MemoryStore::default());
    assert_eq!(client.lookup("example.com/m5", "v1.0.0").unwrap().len(), 1);
    let asked = double.asked();
    assert!(asked.contains(&"/tile/2/0/001".to_owned()), "{asked:?}");
}

/// A log that agrees with [`log`] on the first records and then has others.
pub fn forked(common: u64, size: u64) -> MemoryLog {
    let fork = log(common);
    for n in common..size {
        let module = format!("example.com/m{n}");
        let other = text(&module).replace("47DEQpj8", "AAAAAAAA");
        fork.add(&module, "v1.0.0", &other).unwrap();
    }
    fork
}

#[rstest]
#[case::the_larger_tree_is_new(20, 33)]
#[case::the_smaller_tree_is_new(33, 20)]
#[case::both_of_one_size(20, 20)]
#[case::by_one_record(20, 21)]
#[case::full_tiles(16, 64)]
fn a_fork_is_found_and_proven(#[case] honest: u64, #[case] other: u64) {
    let (honest, other) = (log(honest), forked(7, other));
    let store = MemoryStore::default();
    client(&honest, Local(&honest), &store).lookup("example.com/m5", "v1.0.0").unwrap();
    let before = store.latest("example.com/sumdb").unwrap();
    // The tiles are the larger tree's, whichever head is the forked one.
    let larger =
        if honest.head().unwrap().size > other.head().unwrap().size { &honest } else { &other };
    let lookup = "/lookup/example.com/m6@v1.0.0";
    let double = DatabaseDouble::new(larger).with(lookup, Local(&other).get(lookup));
    let error = client(&honest, &double, &store).lookup("example.com/m6", "v1.0.0").unwrap_err();
    assert!(error.is_misbehavior());
    let LookupError::Fork(fork) = error else { panic!("{error:?}") };
    let (older, newer) = fork.check(&honest.key()).unwrap();
    assert!(older.size <= newer.size);
    let message = fork.to_string();
    assert!(message.starts_with("SECURITY ERROR\ngo.sum database server misbehavior detected!\n\nold database:\n\tgo.sum database tree\n\t"), "{message}");
    assert!(message.contains("\nproof of misbehavior:\n\t"), "{message}");
    assert_eq!(
        store.latest("example.com/sumdb").unwrap(),
        before,
        "the fork must not be remembered"
    );
    // The honest log is still believed.
    client(&honest, Local(&honest), &store).lookup("example.com/m6", "v1.0.0").unwrap();
}

#[test]
fn no_fork_can_be_made_up() {
    let (honest, other) = (log(20), forked(7, 33));
    let store = MemoryStore::default();
    client(&honest, Local(&honest), &store).update_latest().unwrap();
    let Err(LookupError::Fork(fork)) = client(&honest, Local(&other), &store).update_latest()
    else {
        panic!("no fork")
    };
    let mut changed = fork.clone();
    changed.hash = Hash::EMPTY;
    assert!(matches!(changed.check(&honest.key()), Err(ProofError::Path(_))));
    let mut changed = fork.clone();
    changed.older_note = changed.newer_note.clone();
    assert!(changed.check(&honest.key()).is_err());
    let key = Signer::from_seed("example.com/sumdb", [9; 32]).unwrap();
    assert!(matches!(fork.check(&key.verifier().encode()), Err(ProofError::Note(_))));
    let json = serde_json::to_string(&fork).unwrap();
    assert_eq!(serde_json::from_str::<twinproof_sumdb::client::Fork>(&json).unwrap(), *fork);
}

#[test]
fn an_older_head_of_the_same_history() {
    let (old, new) = (log(9), log(33));
    let store = MemoryStore::default();
    client(&new, Local(&new), &store).update_latest().unwrap();
    // A cache that has an old answer to this lookup, in front of a database that has grown.
    let double = DatabaseDouble::new(&new).with(LOOKUP, Local(&old).get(LOOKUP));
    let lenient = client(&new, &double, &store);
    let proof = lenient.lookup_with_proof("example.com/m5", "v1.0.0").unwrap();
    assert_eq!(proof.tree_size, 33, "proven against the newest tree seen");
    let strict = client(&new, &double, &store).with_older_head(OlderHead::Refuse);
    let error = strict.lookup("example.com/m5", "v1.0.0").unwrap_err();
    assert!(matches!(error, LookupError::Rollback { seen: 33, got: 9 }), "{error:?}");
    assert_eq!(
        store.latest("example.com/sumdb").unwrap().unwrap(),
        Local(&new).get("/latest").unwrap()
    );
}

#[test]
fn a_record_beyond_every_tree_seen() {
    let (old, new) = (log(9), log(33));
    let lookup = "/lookup/example.com/m20@v1.0.0";
    let answer = Local(&new).get(lookup).unwrap();
    let split = answer.windows(2).position(|w| w == b"\n\n").unwrap() + 2;
    let answer = [&answer[..split], &Local(&old).get("/latest").unwrap()].concat();
    let double = DatabaseDouble::new(&old).with(lookup, Ok(answer));
    let error = client(&old, &double, MemoryStore::default()).lookup("example.com/m20", "v1.0.0");
    assert!(matches!(error, Err(LookupError::RecordBeyondTree { id: 20, size: 9 })));
}

#[test]
fn a_missing_line() {
    let log = log(9);
    let other = "example.com/other v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    log.add("example.com/missing", "v1.0.0", other).unwrap();
    let client = client(&log, Local(&log), MemoryStore::default());
    let error = client.lookup("example.com/missing", "v1.0.0").unwrap_err();
    assert!(error.is_misbehavior());
    assert_eq!(
        error.to_string(),
        "missing line: the record for example.com/missing@v1.0.0 has no line for it",
    );
}

/// A lookup of another record than the log's, with the tiles that make it a part of the tree up to
/// the topmost one. A client that skips one tile on the way up believes it (golang/go#80744).
#[rstest]
fn a_forged_record_with_forged_tiles_up_to_any_level(#[values(0, 1, 2)] levels: u8) {
    for size in [20, 51, 63, 64, 65, 83, 255, 256] {
        let log = log(size);
        let module = "example.com/m5";
        let forged = text(module).replace("47DEQpj8", "AAAAAAAA");
        let answer = String::from_utf8(Local(&log).get(LOOKUP).unwrap()).unwrap();
        let answer = answer.replace(&text(module), &forged);
        let mut double = DatabaseDouble::new(&log).with(LOOKUP, Ok(answer.into_bytes()));
        // Where the hash is in the tile of each level, and what it is there.
        let (mut hash, mut at) = (record_hash(forged.as_bytes()), 5);
        for level in 0..=levels {
            let number = at / 4;
            let Some(tile) = (1..=4).rev().find_map(|width| {
                let tile = Tile::new(2, Level::Hashes(level), number, width)?;
                Some((tile, Local(&log).get(&format!("/{tile}")).ok()?))
            }) else {
                break;
            };
            let (tile, mut data) = tile;
            let place = (at % 4) as usize * 32;
            let Some(old) = data.get_mut(place..place + 32) else { break };
            old.copy_from_slice(&hash.0);
            double = double.with(&format!("/{tile}"), Ok(data.clone()));
            let [a, b, c, d] = data.as_chunks::<32>().0 else { break };
            let [left, right] = [(a, b), (c, d)].map(|(l, r)| node_hash(&Hash(*l), &Hash(*r)));
            (hash, at) = (node_hash(&left, &right), number);
        }
        let error = client(&log, &double, MemoryStore::default()).lookup(module, "v1.0.0");
        assert!(error.as_ref().is_err_and(LookupError::is_misbehavior), "{size}: {error:?}");
    }
}

/// Lines beside the record, in a place that is signed but not in the log (golang/go#80745).
#[test]
fn lines_that_are_not_in_the_record_are_not_returned() {
    let log = log(9);
    let other = "example.com/m5 v1.0.0 h1:AAAAAAAA8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let head = format!("{}{other}", log.head().unwrap());
    let signer = Signer::from_seed("example.com/sumdb", [3; 32]).unwrap();
    let note = sign(&Note { text: head, ..Note::default() }, &[&signer]).unwrap();
    let answer = format!("5\n{}\n{note}", text("example.com/m5"));
    let double = DatabaseDouble::new(&log).with(LOOKUP, Ok(answer.into_bytes()));
    let client = client(&log, &double, MemoryStore::default());
    let found = client.lookup("example.com/m5", "v1.0.0").unwrap();
    assert_eq!(found, [lines("example.com/m5")[0].clone()]);
}

#[test]
fn the_record_of_another_module() {
    let log = log(9);
    let double =
        DatabaseDouble::new(&log).with(LOOKUP, Local(&log).get("/lookup/example.com/m6@v1.0.0"));
    let error = client(&log, &double, MemoryStore::default()).lookup("example.com/m5", "v1.0.0");
    assert!(matches!(error, Err(LookupError::MissingLine { .. })));
}

#[rstest]
#[case(Err(FetchError::NotFound), "/lookup/example.com/m5@v1.0.0: not found")]
#[case(Err(FetchError::Refused), "/lookup/example.com/m5@v1.0.0: refused (status 403)")]
#[case(Err(FetchError::Status(500)), "/lookup/example.com/m5@v1.0.0: status 500")]
#[case(Err(FetchError::Transport("reset".to_owned())), "/lookup/example.com/m5@v1.0.0: reset")]
fn failures_of_the_way(#[case] answer: Result<Vec<u8>, FetchError>, #[case] message: &str) {
    let log = log(9);
    let double = DatabaseDouble::new(&log).with(LOOKUP, answer);
    let error = client(&log, &double, MemoryStore::default())
        .lookup("example.com/m5", "v1.0.0")
        .unwrap_err();
    assert!(!error.is_misbehavior());
    assert_eq!(error.to_string(), message);
}

#[test]
fn invalid_module_is_not_looked_up() {
    let log = log(9);
    let double = DatabaseDouble::new(&log);
    let client = client(&log, &double, MemoryStore::default());
    assert!(matches!(client.lookup("no-dot/m", "v1.0.0"), Err(LookupError::Name(_))));
    assert!(matches!(client.lookup("example.com/m", "v1/x"), Err(LookupError::Name(_))));
    assert_eq!(double.asked(), Vec::<String>::new());
}

#[test]
fn tiles_of_the_store_that_have_gone_bad_are_fetched_anew() {
    let log = log(70);
    let dir = tempfile::tempdir().unwrap();
    client(&log, Local(&log), DirStore::new(dir.path()))
        .lookup("example.com/m5", "v1.0.0")
        .unwrap();
    let tile = dir.path().join("example.com/sumdb/tile/2/0/001");
    let good = fs::read(&tile).unwrap();
    let mut bad = good.clone();
    bad[40] ^= 1;
    for bytes in [bad, good[..100].to_vec(), Vec::new()] {
        fs::write(&tile, bytes).unwrap();
        let client = client(&log, Local(&log), DirStore::new(dir.path()));
        assert_eq!(client.lookup("example.com/m5", "v1.0.0").unwrap().len(), 1);
        assert_eq!(fs::read(&tile).unwrap(), good);
    }
}

#[test]
fn a_stored_head_that_has_gone_bad_is_an_error() {
    let log = log(9);
    let dir = tempfile::tempdir().unwrap();
    let new = || client(&log, Local(&log), DirStore::new(dir.path()));
    new().update_latest().unwrap();
    let latest = dir.path().join("example.com/sumdb/latest");
    assert_eq!(fs::read(&latest).unwrap(), Local(&log).get("/latest").unwrap());
    fs::write(&latest, "nonsense").unwrap();
    assert!(matches!(new().update_latest(), Err(LookupError::Note(_))));
}

#[test]
fn one_store_and_many_clients() {
    let logs: Vec<_> = (1..=24).map(|n| log(n * 5)).collect();
    let dir = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for log in logs.iter().rev().chain(&logs) {
            // The tiles are those of the largest log; the heads come in any order.
            let double = DatabaseDouble::new(&logs[23]).with("/latest", Local(log).get("/latest"));
            let client = client(log, double, DirStore::new(dir.path()));
            scope.spawn(move || client.update_latest().unwrap());
        }
    });
    let stored = DirStore::new(dir.path()).latest("example.com/sumdb").unwrap().unwrap();
    assert_eq!(stored, Local(&logs[23]).get("/latest").unwrap());
}

#[rstest]
#[case::memory(Box::new(MemoryStore::default()))]
#[case::directory(Box::new(DirStore::new(tempfile::tempdir().unwrap().keep())))]
fn a_store_swaps_only_what_the_client_has_seen(#[case] store: Box<dyn Store>) {
    assert_eq!(store.latest("a").unwrap(), None);
    assert_eq!(store.swap_latest("a", Some(b"x"), b"one").unwrap(), Swap::Conflict);
    assert_eq!(store.latest("a").unwrap(), None);
    assert_eq!(store.swap_latest("a", None, b"one").unwrap(), Swap::Done);
    assert_eq!(store.swap_latest("a", None, b"two").unwrap(), Swap::Conflict);
    assert_eq!(store.swap_latest("a", Some(b"one"), b"two").unwrap(), Swap::Done);
    assert_eq!(store.latest("a").unwrap().unwrap(), b"two");
    assert_eq!(store.latest("b/c").unwrap(), None);
    let tile = Tile::new(8, Level::Hashes(0), 1_234_567, 3).unwrap();
    assert_eq!(store.tile("a", tile), None);
    store.keep_tile("a", tile, b"data");
    assert_eq!(store.tile("a", tile).unwrap(), b"data");
    assert_eq!(store.tile("b/c", tile), None);
}

#[rstest]
#[case("..")]
#[case("../x")]
#[case("a/../../x")]
#[case("/etc")]
#[case("c:")]
#[case("a\\b")]
#[case("")]
fn names_that_lead_out_of_the_store(#[case] name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(dir.path());
    assert!(store.latest(name).is_err());
    assert!(store.swap_latest(name, None, b"x").is_err());
    store.keep_tile(name, Tile::parse("tile/8/0/000").unwrap(), b"x");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

fn a_proof() -> (String, LookupProof) {
    let log = log(41);
    let client = client(&log, Local(&log), MemoryStore::default());
    (log.key(), client.lookup_with_proof("example.com/m5", "v1.0.0").unwrap())
}

#[test]
fn a_proof_is_judged_offline() {
    let (key, proof) = a_proof();
    assert_eq!((proof.record_id, proof.tree_size, proof.audit_path.len()), (5, 41, 6));
    assert_eq!(check_proof(&key, &proof).unwrap(), [lines("example.com/m5")[0].clone()]);
    let json = serde_json::to_string_pretty(&proof).unwrap();
    let read: LookupProof = serde_json::from_str(&json).unwrap();
    assert_eq!(read, proof);
}

#[test]
fn no_field_of_a_proof_can_change() {
    let (key, proof) = a_proof();
    let changed = |change: fn(&mut LookupProof)| {
        let mut changed = proof.clone();
        change(&mut changed);
        check_proof(&key, &changed).unwrap_err()
    };
    assert!(matches!(changed(|p| p.module.push('x')), ProofError::MissingLine { .. }));
    assert!(matches!(changed(|p| p.version = "v1.0.1".to_owned()), ProofError::MissingLine { .. }));
    assert!(matches!(changed(|p| p.record_id += 1), ProofError::Path(_)));
    assert!(matches!(changed(|p| p.record_id = 41), ProofError::Path(_)));
    assert!(matches!(changed(|p| p.tree_size += 1), ProofError::Restated));
    assert!(matches!(changed(|p| p.root_hash = Hash::EMPTY), ProofError::Restated));
    assert!(matches!(changed(|p| p.audit_path.truncate(5)), ProofError::Path(_)));
    assert!(matches!(changed(|p| p.audit_path.push(Hash::EMPTY)), ProofError::Path(_)));
    assert!(matches!(changed(|p| p.record.push_str("more\n")), ProofError::Path(_)));
    assert!(matches!(changed(|p| p.record.push('\n')), ProofError::Record(_)));
    assert!(matches!(changed(|p| p.note.insert(0, 'x')), ProofError::Note(_)));
    assert!(matches!(check_proof("no key", &proof), Err(ProofError::Key(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_changed_byte_in_any_answer_is_found(
        size in 6u64..80, which: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
    ) {
        let log = log(size);
        let honest = DatabaseDouble::new(&log);
        client(&log, &honest, MemoryStore::default()).lookup("example.com/m5", "v1.0.0").unwrap();
        let asked = honest.asked();
        let path = &asked[which.index(asked.len())];
        let mut answer = Local(&log).get(path).unwrap();
        let at = at.index(answer.len());
        answer[at] ^= 1 << bit;
        let double = DatabaseDouble::new(&log).with(path, Ok(answer));
        let store = MemoryStore::default();
        let result = client(&log, &double, &store).lookup("example.com/m5", "v1.0.0");
        prop_assert!(result.as_ref().is_err_and(LookupError::is_misbehavior), "{path} at {at}: {result:?}");
    }

    #[test]
    fn any_answer_at_all_is_refused(answer: Vec<u8>) {
        let log = log(6);
        let double = DatabaseDouble::new(&log).with(LOOKUP, Ok(answer));
        prop_assert!(client(&log, &double, MemoryStore::default()).lookup("example.com/m5", "v1.0.0").is_err());
    }
}

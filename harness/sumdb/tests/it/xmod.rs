//! Differential tests against golang.org/x/mod: the program in `tests/xmod`, built with the `go`
//! command at test time, is given what this crate is given, and must give the same bytes.
//!
//! x/mod is one of those that authenticate every tile: before v0.40.0 it took up to two of them
//! unseen (golang/go#80744), which a changed tile in these tests brings to light.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use twinproof_sumdb::client::{Client, Fetch, FetchError, LookupError, MemoryStore, Store};
use twinproof_sumdb::note::{Note, Signer, Verifier, open, sign};
use twinproof_sumdb::server::{Local, MemoryLog};
use twinproof_sumdb::tile::{Tile, new_tiles, tile_for_index};
use twinproof_sumdb::tlog::{Hash, Record, TreeHead, prove_record, prove_tree};
use twinproof_testkit::{Outcome, Peer, Program, Requirement, Unavailable, go};

use crate::client::forked;
use crate::log::{root, stored};
use crate::server::log;

/// The answer of x/mod.
#[derive(Debug, Deserialize)]
struct Answer {
    error: String,
    text: String,
    texts: Option<Vec<String>>,
    proofs: Option<Vec<Vec<String>>>,
    tiles: Option<BTreeMap<String, String>>,
    security: String,
}

impl Answer {
    /// The text, unless there was an error.
    fn text(self) -> Option<String> {
        self.error.is_empty().then_some(self.text)
    }

    fn texts(self) -> Vec<String> {
        self.texts.unwrap_or_default()
    }
}

/// The running program.
struct Xmod(Peer);

impl Xmod {
    /// Starts it, or says why it cannot be had.
    fn start() -> Result<Self, Unavailable> {
        static BUILT: OnceLock<Result<Program, String>> = OnceLock::new();
        let go = go()?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/xmod");
        match BUILT.get_or_init(|| Program::build(&go, &source)) {
            Ok(program) => Ok(Self(program.start())),
            Err(reason) => Err(Requirement::GoProxy.unavailable(reason)),
        }
    }

    fn ask(&mut self, request: &Value) -> Answer {
        self.0.ask(request)
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    twinproof_base::base64::encode(bytes.as_ref())
}

/// Runs a property whose cases all ask the one program.
fn law<S: Strategy>(
    cases: u32,
    strategy: S,
    mut test: impl FnMut(&mut Xmod, S::Value) -> Result<(), TestCaseError>,
) -> Outcome {
    let xmod = Xmod::start()?;
    let xmod = std::cell::RefCell::new(xmod);
    let test = std::cell::RefCell::new(&mut test);
    let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
    // The same cases in every run, or those of another seed.
    let random = match std::env::var("TWINPROOF_SEED") {
        Ok(seed) => {
            let seed: [u8; 32] = Sha256::digest(seed).into();
            TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
        }
        Err(_) => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    };
    TestRunner::new_with_rng(config, random)
        .run(&strategy, |value| (test.borrow_mut())(&mut xmod.borrow_mut(), value))
        .unwrap();
    Ok(())
}

#[test]
fn notes_are_signed_and_opened_as_in_xmod() -> Outcome {
    let text = "([ -~é—\t\r]{0,20}\n){0,4}[ -~]{0,3}";
    law(
        256,
        (text, any::<[u8; 32]>(), any::<u8>(), any::<prop::sample::Index>()),
        |xmod, value| {
            let (text, seed, byte, at) = value;
            let signer = Signer::from_seed("example.com/db", seed).unwrap();
            let note = Note { text: text.clone(), ..Note::default() };
            let ours = sign(&note, &[&signer]).ok();
            let request = json!({"op": "sign", "key": signer.encode(), "message": base64(&text)});
            let theirs = xmod.ask(&request).text();
            prop_assert_eq!(&ours, &theirs);
            let Some(signed) = ours else { return Ok(()) };
            // As it is, and with one byte changed.
            let mut changed = signed.clone().into_bytes();
            let at = at.index(changed.len());
            // Where x/mod's base64 decoder is laxer it accepts more: in the last character of a
            // signature, whose unused bits it ignores. That character is left alone.
            if at < changed.len() - 3 {
                changed[at] = byte;
            }
            let verifiers = [Verifier::new(&signer.verifier().encode()).unwrap()];
            for message in [signed.into_bytes(), changed] {
                let key = verifiers[0].encode();
                let request = json!({"op": "open", "key": key, "message": base64(&message)});
                let ours = open(&message, &verifiers).ok().map(|note| note.text);
                prop_assert_eq!(ours, xmod.ask(&request).text());
            }
            Ok(())
        },
    )?;
    Ok(())
}

#[test]
fn notes_and_records_of_near_misses() -> Outcome {
    let hash = "nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=";
    let line = prop_oneof![
        Just("go.sum database tree".to_owned()),
        Just(hash.to_owned()),
        "0?[0-9]{1,4}",
        "[+-]?[0-9]{1,3}",
        "[ -~é]{0,5}",
        Just(String::new()),
    ];
    law(512, prop::collection::vec(line, 1..6), |xmod, lines| {
        let text = lines.join("\n");
        let request = json!({"op": "tree_note", "message": base64(&text)});
        let ours = TreeHead::parse(&text).ok().map(|head| head.to_string());
        prop_assert_eq!(ours, xmod.ask(&request).text());
        let request = json!({"op": "record", "message": base64(&text)});
        let ours = Record::parse(text.as_bytes()).ok().map(|(record, _)| record.text);
        let theirs = xmod.ask(&request).text();
        // x/mod reads record numbers with signs and leading zeros, and a text whose first line is
        // blank; no server writes either, and here both are refused.
        let stricter = !lines[0].parse::<u64>().is_ok_and(|n| n.to_string() == lines[0])
            || theirs.as_deref().is_some_and(|text| text.starts_with('\n'));
        if ours.is_some() || !stricter {
            prop_assert_eq!(ours, theirs);
        }
        Ok(())
    })?;
    Ok(())
}

#[test]
fn trees_proofs_and_tiles() -> Outcome {
    let mut xmod = Xmod::start()?;
    let size = 130;
    let stored = stored(size);
    let pairs: Vec<(u64, u64)> =
        (1..=size).flat_map(|t| (0..t).step_by(3).map(move |n| (t, n))).collect();
    for height in [1, 2, 3, 8] {
        let request = json!({"op": "tree", "size": size, "pairs": pairs, "height": height});
        let answer = xmod.ask(&request);
        assert_eq!(answer.error, "");
        let roots: Vec<String> = (1..=size).map(|n| root(n, &stored).to_string()).collect();
        assert_eq!(answer.texts.unwrap(), roots);
        let texts = |proof: Vec<Hash>| proof.iter().map(Hash::to_string).collect::<Vec<_>>();
        let proofs: Vec<Vec<String>> = pairs
            .iter()
            .flat_map(|&(t, n)| {
                let record = prove_record(t, n, stored.as_slice()).unwrap();
                let tree = prove_tree(t, n + 1, stored.as_slice()).unwrap();
                [texts(record), texts(tree)]
            })
            .collect();
        assert_eq!(answer.proofs.unwrap(), proofs);
        let tiles: BTreeMap<String, String> = new_tiles(height, 0, size)
            .into_iter()
            .map(|tile| (tile.to_string(), base64(crate::tile::data(tile, &stored))))
            .collect();
        assert_eq!(answer.tiles.unwrap(), tiles);
    }
    Ok(())
}

#[test]
fn tile_paths_are_read_as_in_xmod() -> Outcome {
    // Levels stop at 62 here: above 63 x/mod's parser does not hold to the bound of its own type.
    let level = "(data|[0-9]|[0-5][0-9]|-1|00)";
    let path = format!(
        "tile/[0-9]{{1,2}}/{level}(/x[0-9]{{3}}){{0,2}}/x?[0-9]{{2,4}}(\\.p/[0-9]{{1,3}})?"
    );
    law(1024, (path.as_str(), 1u8..=30, 0u64..1 << 62), |xmod, (path, height, index)| {
        let ours = Tile::parse(&path).ok().map(|tile| tile.to_string());
        prop_assert_eq!(ours, xmod.ask(&json!({"op": "tile_path", "path": path})).text());
        let request = json!({"op": "tile_for_index", "height": height, "size": index});
        let ours = tile_for_index(height, index).map(|tile| tile.to_string());
        prop_assert_eq!(ours, xmod.ask(&request).text());
        Ok(())
    })?;
    Ok(())
}

/// A double of a database with exactly these answers.
struct AnswersDouble(BTreeMap<String, Vec<u8>>);

impl Fetch for AnswersDouble {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        self.0.get(path).cloned().ok_or(FetchError::NotFound)
    }
}

/// All that a log with this head answers to a client with tiles of height 2.
fn answers(log: &MemoryLog, lookup: &str) -> BTreeMap<String, Vec<u8>> {
    let local = Local(log);
    let tiles = (1..=log.head().unwrap().size).flat_map(|size| new_tiles(2, size - 1, size));
    tiles
        .map(|tile| format!("/{tile}"))
        .chain([lookup.to_owned(), "/latest".to_owned()])
        .filter_map(|path| Some((path.clone(), local.get(&path).ok()?)))
        .collect()
}

#[test]
fn lookups_of_honest_tampering_and_forked_databases() -> Outcome {
    let lookup = "/lookup/example.com/m5@v1.0.0";
    let strategy = (
        prop::option::of(6u64..60),
        6u64..60,
        prop::option::of(4u64..40),
        any::<Option<(prop::sample::Index, prop::sample::Index)>>(),
        any::<bool>(),
    );
    law(256, strategy, |xmod, (before, size, fork_at, change, go_mod)| {
        let honest = log(before.unwrap_or(0));
        let database = match fork_at {
            Some(at) if at < size => forked(at, size),
            _ => log(size),
        };
        let mut remote = answers(&database, lookup);
        let mut changed = String::new();
        if let Some((which, at)) = change {
            let which = which.index(remote.len());
            let (path, body) = remote.iter_mut().nth(which).unwrap();
            changed.clone_from(path);
            let at = at.index(body.len());
            // As with notes, the last character of a signature is left alone.
            if at < body.len().saturating_sub(3) || !body.ends_with(b"=\n") {
                body[at] ^= 1;
            }
        }
        let latest = before.map(|_| Local(&honest).get("/latest").unwrap());
        let version = if go_mod { "v1.0.0/go.mod" } else { "v1.0.0" };
        let encoded: BTreeMap<_, _> = remote.iter().map(|(p, b)| (p, base64(b))).collect();
        let theirs = xmod.ask(&json!({
            "op": "client", "key": honest.key(), "path": "example.com/m5", "version": version,
            "height": 2, "latest": latest.as_ref().map(base64), "remote": encoded,
        }));

        let store = MemoryStore::default();
        if let Some(latest) = &latest {
            store.swap_latest("example.com/sumdb", None, latest).unwrap();
        }
        let client =
            Client::new(&honest.key(), AnswersDouble(remote), store).unwrap().with_tile_height(2);
        match client.lookup("example.com/m5", version) {
            Ok(lines) => {
                // x/mod begins by reading the tiles of the tree it knows, and stops at a changed one
                // that the lookup does not need.
                if theirs.error.contains("initializing sumdb.Client") {
                    let start = format!("example.com/m5 {version} ");
                    let text = crate::server::text("example.com/m5");
                    let truth: Vec<_> = text.lines().filter(|l| l.starts_with(&start)).collect();
                    prop_assert_eq!(lines, truth);
                } else {
                    prop_assert_eq!(&theirs.error, "");
                    prop_assert_eq!(lines, theirs.texts());
                }
            }
            Err(LookupError::Fork(fork)) => {
                prop_assert!(fork.check(&honest.key()).is_ok());
                // Without the honest tiles x/mod mostly stops at those that do not fit its head.
                prop_assert!(!theirs.error.is_empty());
                if !theirs.security.is_empty() {
                    prop_assert_eq!(fork.to_string(), theirs.security);
                }
            }
            Err(error) => {
                prop_assert_eq!(&theirs.security, "", "{}", error);
                prop_assert!(!theirs.error.is_empty(), "{error}, with {changed:?} changed");
            }
        }
        Ok(())
    })?;
    Ok(())
}

#[test]
fn the_message_about_a_fork() -> Outcome {
    let mut xmod = Xmod::start()?;
    let lookup = "/lookup/example.com/m3@v1.0.0";
    for (before, fork_at, size) in [(6, 5, 7), (15, 13, 20), (47, 45, 48), (47, 46, 64)] {
        let honest = log(before);
        let latest = Local(&honest).get("/latest").unwrap();
        let remote = answers(&forked(fork_at, size), lookup);
        let encode = |prefix: &str, answers: &BTreeMap<String, Vec<u8>>| -> BTreeMap<_, _> {
            answers.iter().map(|(path, b)| (format!("{prefix}{path}"), base64(b))).collect()
        };
        // The tiles that the client has of the honest tree are in its cache.
        let cache: BTreeMap<_, _> = answers(&honest, lookup)
            .into_iter()
            .filter(|(path, _)| path.starts_with("/tile/"))
            .collect();
        let theirs = xmod.ask(&json!({
            "op": "client", "key": honest.key(), "path": "example.com/m3", "version": "v1.0.0",
            "height": 2, "latest": base64(&latest), "remote": encode("", &remote),
            "cache": encode("example.com/sumdb", &cache),
        }));
        let store = MemoryStore::default();
        store.swap_latest("example.com/sumdb", None, &latest).unwrap();
        let client =
            Client::new(&honest.key(), AnswersDouble(remote), store).unwrap().with_tile_height(2);
        let ours = client.lookup("example.com/m3", "v1.0.0").unwrap_err();
        assert!(matches!(ours, LookupError::Fork(_)), "{ours:?}");
        assert_eq!(ours.to_string(), theirs.security, "{before} {fork_at} {size}");
    }
    Ok(())
}

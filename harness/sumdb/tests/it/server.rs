//! Answers of a checksum database.

use rstest::rstest;
use twinproof_sumdb::note::{Signer, Verifier, open};
use twinproof_sumdb::server::{MemoryLog, OpsError, ServerOps, respond};
use twinproof_sumdb::tile::Tile;
use twinproof_sumdb::tlog::{Record, TreeHead};

/// A log with `size` modules `example.com/mN`, and `example.com/Upper` as record 0.
pub fn log(size: u64) -> MemoryLog {
    let log = MemoryLog::new(Signer::from_seed("example.com/sumdb", [3; 32]).unwrap());
    for n in 0..size {
        let module =
            if n == 0 { "example.com/Upper".to_owned() } else { format!("example.com/m{n}") };
        assert_eq!(log.add(&module, "v1.0.0", &text(&module)), Ok(n));
    }
    log
}

/// The record of a module of such a log.
pub fn text(module: &str) -> String {
    let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    format!("{module} v1.0.0 {hash}\n{module} v1.0.0/go.mod {hash}\n")
}

#[rstest]
#[case("/lookup/example.com/!upper@v1.0.0", 200)]
#[case("/lookup/example.com/m1@v1.0.0", 200)]
#[case("/lookup/example.com/m1@v1.0.1", 404)]
#[case("/lookup/example.com/m999@v1.0.0", 404)]
#[case::raw_uppercase("/lookup/example.com/Upper@v1.0.0", 400)]
#[case::bad_escape("/lookup/example.com/!1@v1.0.0", 400)]
#[case::no_version("/lookup/example.com/m1", 400)]
#[case::empty_version("/lookup/example.com/m1@", 400)]
#[case::not_canonical("/lookup/example.com/m1@v1", 400)]
#[case::build_metadata("/lookup/example.com/m1@v1.0.0+meta", 400)]
#[case::branch("/lookup/example.com/m1@main", 400)]
#[case::go_mod("/lookup/example.com/m1@v1.0.0/go.mod", 400)]
#[case::no_module("/lookup/", 400)]
#[case("/latest", 200)]
#[case("/latest/", 404)]
#[case("/", 404)]
#[case("", 404)]
#[case("/tile/8/0/000.p/10", 200)]
#[case("/tile/8/0/000.p/9", 200)]
#[case::beyond_the_log("/tile/8/0/000.p/11", 404)]
#[case::not_full_yet("/tile/8/0/000", 404)]
#[case::far_beyond("/tile/30/63/x999/999", 404)]
#[case("/tile/1/3/000.p/1", 200)]
#[case("/tile/8/data/000.p/10", 200)]
#[case("/tile/8/data/000.p/11", 404)]
#[case("/tile/1/data/004", 200)]
#[case::overflowing("/tile/30/data/x009/x223/x372/x036/x854/x775/807", 404)]
#[case::malformed("/tile/8/0/0", 400)]
#[case::malformed("/tile/", 400)]
fn each_path_has_its_status(#[case] path: &str, #[case] status: u16) {
    let response = respond(&log(10), path);
    assert_eq!(response.status, status, "{}", String::from_utf8_lossy(&response.body));
    let text = status != 200 || !path.starts_with("/tile/") || path.contains("data");
    let want = if text { "text/plain; charset=UTF-8" } else { "application/octet-stream" };
    assert_eq!(response.content_type, want);
}

#[test]
fn a_lookup_is_record_and_signed_tree() {
    let log = log(10);
    let body = respond(&log, "/lookup/example.com/m7@v1.0.0").body;
    let (record, note) = Record::parse(&body).unwrap();
    assert_eq!(record, Record { id: 7, text: text("example.com/m7") });
    let note_opened = open(note, &[Verifier::new(&log.key()).unwrap()]).unwrap();
    assert_eq!(TreeHead::parse(&note_opened.text), Ok(log.head().unwrap()));
    assert_eq!(note, respond(&log, "/latest").body);
}

#[test]
fn a_data_tile_is_records_without_numbers() {
    let body = respond(&log(10), "/tile/1/data/004").body;
    let want = format!("{}\n{}\n", text("example.com/m8"), text("example.com/m9"));
    assert_eq!(String::from_utf8(body).unwrap(), want);
}

#[test]
fn a_module_version_is_added_once() {
    let log = log(10);
    let head = log.head().unwrap();
    assert_eq!(log.add("example.com/m4", "v1.0.0", "another text\n"), Ok(4));
    assert_eq!(log.head().unwrap(), head);
    assert!(log.add("example.com/m10", "v1.0.0", "no newline").is_err());
    assert_eq!(log.head().unwrap(), head);
}

/// A double of a log whose storage is broken.
struct BrokenDouble;

impl ServerOps for BrokenDouble {
    fn signed(&self) -> Result<String, OpsError> {
        Err(OpsError::Failed("disk".to_owned()))
    }

    fn records(&self, _: u64, _: u64) -> Result<Vec<String>, OpsError> {
        Ok(Vec::new())
    }

    fn lookup(&self, _: &str, _: &str) -> Result<u64, OpsError> {
        Ok(1 << 60)
    }

    fn tile(&self, _: Tile) -> Result<Vec<u8>, OpsError> {
        Err(OpsError::Failed("disk".to_owned()))
    }
}

#[rstest]
#[case("/latest")]
#[case("/lookup/example.com/m@v1.0.0")]
#[case("/tile/8/0/000")]
#[case("/tile/8/data/000")]
fn a_broken_log_is_an_internal_error(#[case] path: &str) {
    assert_eq!(respond(&BrokenDouble, path).status, 500);
}

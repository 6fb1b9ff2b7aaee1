//! Getting an SDK: resumed, cached, refused, quarantined.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use rstest::rstest;
use twinproof_gomod::H1;
use twinproof_gomod::dirhash::hash_zip_reader;
use twinproof_toolchain::{
    Cache, Error, Kind, Lock, Options, Platform, Sdk, Silent, Toolchains, Version,
};
use zip::write::SimpleFileOptions;

use crate::double::{Answer, Says, Server};

// There is no such release, so that no real cache, proxy or lock can answer for it.
const VERSION: Version = Version::release(99, 1);
const HOST: Platform = Platform::LINUX_AMD64;

/// A toolchain zip and its hash.
fn zip_of(version_file: &str) -> (Vec<u8>, H1) {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let files =
        [("VERSION", version_file), ("bin/go", "#!/bin/false\n"), ("src/_go.mod", "module std\n")];
    for (name, content) in files {
        let name = format!("golang.org/toolchain@{}/{name}", VERSION.module_version(HOST));
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let hash = hash_zip_reader(Cursor::new(bytes.as_slice())).unwrap();
    (bytes, hash)
}

struct Lab {
    dir: tempfile::TempDir,
    zip: Vec<u8>,
    hash: H1,
}

impl Lab {
    fn new() -> Self {
        let (zip, hash) = zip_of("go1.99.1\n");
        Self { dir: tempfile::tempdir().unwrap(), zip, hash }
    }

    fn server(&self, answers: Vec<Answer>) -> Server {
        Server::of(VERSION, HOST, answers)
    }

    fn whole(&self) -> Answer {
        Answer::Whole(self.zip.clone())
    }

    fn options(&self, goproxy: &str) -> Options {
        // No version is pinned: only tests that bring a lock of their own use one.
        let lock = Lock::parse("pinned = []").unwrap();
        Options { goproxy: Some(goproxy.to_owned()), lock, host: HOST, max_download: 1 << 20 }
    }

    fn with(&self, options: Options, vouched: Option<H1>) -> Toolchains {
        Toolchains::new(Cache::at(self.dir.path()), options).with_database(Box::new(Says(vouched)))
    }

    fn get(&self, goproxy: &str) -> Result<Sdk, Error> {
        self.with(self.options(goproxy), Some(self.hash)).get(VERSION, HOST, &mut Silent)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("sdk").join(name)
    }

    fn part(&self, content: &[u8]) {
        fs::create_dir_all(self.path("part")).unwrap();
        fs::write(self.path("part/go1.99.1.linux-amd64.zip.part"), content).unwrap();
    }

    fn quarantined(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("quarantine")).into_iter().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn version_file(sdk: &Sdk) -> String {
    fs::read_to_string(sdk.goroot.join("VERSION")).unwrap()
}

#[test]
fn a_download_is_verified_unpacked_and_cached() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    let first = lab.get(&server.url).unwrap();
    let second = lab.get(&server.url).unwrap();
    assert_eq!(first, second);
    assert_eq!(server.ranges(), [None], "the second time needs no request");
    assert_eq!(
        (first.provenance.kind, first.provenance.zip, first.provenance.files),
        (Kind::Verified, lab.hash, 3)
    );
    // Toolchain zips hold it as `_go.mod`, because a module zip may contain no second go.mod.
    assert!(first.goroot.join("src/go.mod").is_file());
    assert_eq!(fs::read_dir(lab.path("part")).unwrap().count(), 0, "nothing unfinished is left");
}

#[rstest]
#[case::half(40)]
// Whole and not yet verified: the request for the rest is answered with 416.
#[case::all(usize::MAX)]
fn a_download_resumes_what_an_earlier_one_left(#[case] there: usize) {
    let lab = Lab::new();
    let there = there.min(lab.zip.len());
    lab.part(&lab.zip[..there]);
    let server = lab.server(vec![lab.whole()]);
    assert_eq!(version_file(&lab.get(&server.url).unwrap()), "go1.99.1\n");
    assert_eq!(server.ranges(), [Some(there as u64)]);
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let lab = Lab::new();
    let server = lab.server(vec![Answer::Cut(lab.zip.clone(), 50), lab.whole()]);
    lab.get(&server.url).unwrap();
    assert_eq!(server.ranges(), [None, Some(50)]);
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let lab = Lab::new();
    lab.part(b"something else");
    let server = lab.server(vec![Answer::NoRanges(lab.zip.clone())]);
    lab.get(&server.url).unwrap();
    // The answer to this is a 200, which replaces the bytes of the first try.
    assert_eq!(server.ranges(), [Some(14)]);
}

#[test]
fn a_bad_beginning_is_kept_as_evidence_and_downloaded_again() {
    let lab = Lab::new();
    lab.part(b"not the beginning");
    let server = lab.server(vec![lab.whole()]);
    assert_eq!(version_file(&lab.get(&server.url).unwrap()), "go1.99.1\n");
    assert_eq!(server.ranges(), [Some(17), None]);
    assert_eq!(lab.quarantined(), ["go1.99.1.linux-amd64.zip.part.1"]);
}

#[test]
fn an_answer_that_keeps_ending_early_is_no_sdk_but_stays_to_be_resumed() {
    let lab = Lab::new();
    let server = lab.server(vec![Answer::Cut(lab.zip.clone(), 50)]);
    let error = lab.get(&server.url).unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(!lab.path("verified").exists());
    assert_eq!(fs::metadata(lab.path("part/go1.99.1.linux-amd64.zip.part")).unwrap().len(), 50);
}

#[rstest]
// Proxies that serve no toolchains answer with any of these.
#[case(403)]
#[case(404)]
#[case(410)]
fn a_platform_that_is_not_served_is_an_ordinary_answer(#[case] status: u16) {
    let lab = Lab::new();
    let server = lab.server(vec![Answer::Status(status)]);
    let error = lab.get(&server.url).unwrap_err();
    assert!(error.is_unavailable());
    let expected =
        format!("go1.99.1 for linux/amd64 is not served ({} answers {status})", server.url);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn version_unknown_to_the_database_is_not_downloaded() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    let toolchains = lab.with(lab.options(&server.url), None);
    let error = toolchains.get(VERSION, HOST, &mut Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "go1.99.1 for linux/amd64 is not served (the double does not know it)"
    );
    // Without a hash to compare with, a download could never be used.
    assert_eq!(server.requests(), []);
}

#[test]
fn sdk_neither_served_nor_buildable_names_both_reasons() {
    let lab = Lab::new();
    // Never asked, since the database comes first.
    let toolchains = lab.with(lab.options("https://127.0.0.1:9"), None);
    let error = toolchains.get(VERSION, Platform::WINDOWS_AMD64, &mut Silent).unwrap_err();
    assert_eq!(
        error.to_string(),
        "go1.99.1 for windows/amd64 is not served (the double does not know it), and cannot be \
         made: go1.99.1 for linux/amd64: the double does not know it"
    );
}

#[rstest]
// GOPROXY's rule: a comma falls through on 404 and 410, a bar on every error.
#[case::comma_after_404(404, ",", true)]
#[case::comma_after_500(500, ",", false)]
#[case::bar_after_500(500, "|", true)]
#[case::comma_after_403(403, ",", false)]
#[case::bar_after_403(403, "|", true)]
fn lists_fall_through(#[case] status: u16, #[case] separator: &str, #[case] reaches: bool) {
    let lab = Lab::new();
    let (one, two) = (lab.server(vec![Answer::Status(status)]), lab.server(vec![lab.whole()]));
    let got = lab.get(&format!("{}{separator}{}", one.url, two.url));
    assert_eq!((got.is_ok(), two.requests().len()), (reaches, usize::from(reaches)));
}

#[test]
fn a_wrong_hash_is_never_used_and_kept() {
    let lab = Lab::new();
    let (other, other_hash) = zip_of("go1.99.1 tampered\n");
    let server = lab.server(vec![Answer::Whole(other.clone())]);
    let Error::WrongHash { found, expected, authority, kept, .. } =
        lab.get(&server.url).unwrap_err()
    else {
        panic!("another error was expected")
    };
    assert_eq!((found, expected), (other_hash.to_string(), lab.hash.to_string()));
    assert_eq!(authority, "double");
    // The served bytes are the evidence, and not only the fact that they were wrong.
    assert_eq!(fs::read(kept).unwrap(), other);
    assert!(!lab.path("verified").exists());
}

#[test]
fn the_lock_stands_beside_the_database() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    let (_, other) = zip_of("another\n");
    let lock = format!("pinned = []\n[sdk.\"1.99.1\".\"linux/amd64\"]\nzip = \"{other}\"\n");
    let options = Options { lock: Lock::parse(&lock).unwrap(), ..lab.options(&server.url) };
    let error = lab.with(options, Some(lab.hash)).get(VERSION, HOST, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::WrongHash { authority, .. } if authority == "sdk.lock.toml"));
}

#[test]
fn download_that_is_no_zip_is_quarantined() {
    let lab = Lab::new();
    // The answer of a captive portal to every URL.
    let server = lab.server(vec![Answer::Whole(b"<html>log in</html>".to_vec())]);
    assert!(matches!(lab.get(&server.url).unwrap_err(), Error::BadZip { .. }));
    assert_eq!(lab.quarantined(), ["go1.99.1.linux-amd64.zip.part.1"]);
}

#[test]
fn too_large_is_refused_before_it_is_downloaded() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    let options = Options { max_download: 100, ..lab.options(&server.url) };
    let error = lab.with(options, Some(lab.hash)).get(VERSION, HOST, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 100, .. }), "{error}");
}

#[test]
fn no_network_says_so() {
    // A port that was free a moment ago: nothing listens there.
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let error = Lab::new().get(&format!("http://{closed}")).unwrap_err();
    assert!(matches!(error, Error::Network { .. }) && error.is_unavailable(), "{error}");
    assert!(error.to_string().contains("check the network and the GOPROXY list in force"));
}

#[test]
fn goproxy_off_is_obeyed() {
    assert!(matches!(Lab::new().get("off").unwrap_err(), Error::ProxyOff));
}

#[test]
fn a_tree_that_changed_in_the_cache_is_provided_anew() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    let sdk = lab.get(&server.url).unwrap();
    // Any other program of the same user can do this to a cache.
    fs::write(sdk.goroot.join("bin/go"), "#!/bin/sh\nevil\n").unwrap();
    let again = lab.get(&server.url).unwrap();
    assert_eq!(fs::read_to_string(again.goroot.join("bin/go")).unwrap(), "#!/bin/false\n");
    assert_eq!(lab.quarantined(), ["go1.99.1.linux-amd64.1"]);
}

#[test]
fn a_directory_serves_as_origin() {
    let lab = Lab::new();
    // A space, which the URL has to escape.
    let store = lab.dir.path().join("a store");
    let file = store.join("golang.org/toolchain/@v/v0.0.1-go1.99.1.linux-amd64.zip");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, &lab.zip).unwrap();
    let sdk = lab.get(&file_url(&store)).unwrap();
    assert_eq!(version_file(&sdk), "go1.99.1\n");
}

fn file_url(path: &Path) -> String {
    let text = path.to_str().unwrap().replace('\\', "/").replace(' ', "%20");
    // On Windows a path begins with a drive, and the URL needs one more slash.
    format!("file://{}{text}", if text.starts_with('/') { "" } else { "/" })
}

#[test]
fn two_at_once_download_once() {
    let lab = Lab::new();
    let server = lab.server(vec![lab.whole()]);
    std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| lab.get(&server.url).unwrap()));
        let [a, b] = both.map(|thread| thread.join().unwrap());
        assert_eq!(a, b);
    });
    // The second waited at the lock of the cache.
    assert_eq!(server.requests().len(), 1);
}

//! The crafted modules are what their table says, by the judgement of `go`.

use std::collections::BTreeMap;
use std::io::Cursor;

use twinproof_gomod::dirhash::{hash_zip, hash_zip_reader};
use twinproof_origin::{Origin, Setup, crafted};
use twinproof_testkit::Outcome;

use crate::client::{connect, get, request};
use crate::go::{go, home};
use std::io::{Read, Write};

#[test]
fn go_takes_the_legal_zips_and_refuses_the_bad_ones() -> Outcome {
    let program = twinproof_testkit::go()?;
    let origin = Origin::start(Setup::default()).expect("starts");
    let home = home("module example.com/work\n");
    let mut arguments = vec!["mod".to_owned(), "download".to_owned(), "-json".to_owned()];
    arguments
        .extend(crafted::rules().map(|rule| format!("{}@{}", rule.path, crafted::RULE_VERSION)));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // One run of `go` for all modules: each start costs more than a download.
    let output = go(&program, home.path(), &origin, &arguments);
    let answers = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let verdicts: BTreeMap<String, Option<String>> = answers
        .map(|answer: Result<serde_json::Value, _>| answer.expect("JSON"))
        .map(|answer| {
            let path = answer["Path"].as_str().expect("a path").to_owned();
            (path, answer["Error"].as_str().map(str::to_owned))
        })
        .collect();
    let mut wrong = Vec::new();
    for rule in crafted::rules() {
        let error = verdicts.get(rule.path).expect("a verdict");
        println!("{}: {}", rule.path, error.as_deref().unwrap_or("taken"));
        // A zip that the database refutes would be refused for a reason that proves nothing about
        // its rule.
        let because_of_the_sum = error.as_ref().is_some_and(|e| e.contains("SECURITY ERROR"));
        if error.is_none() != rule.legal || because_of_the_sum {
            wrong.push((rule.path, error));
        }
    }
    assert_eq!(wrong, []);
    Ok(())
}

#[test]
fn every_rule_has_info_mod_and_sum() {
    let origin = Origin::start(Setup::default()).expect("starts");
    for rule in crafted::rules() {
        let base = format!("{}/{}/@v", origin.url(), rule.path);
        let kind = if rule.legal { "crafted.example/legal/" } else { "crafted.example/bad/" };
        assert!(rule.path.starts_with(kind), "{}", rule.path);
        assert_eq!(get(&format!("{base}/list")).text(), "v1.0.0\n");
        assert_eq!(get(&format!("{base}/v1.0.0.mod")).text(), format!("module {}\n", rule.path));
        assert!(origin.sums(rule.path, crafted::RULE_VERSION).is_some(), "{}", rule.path);
    }
}

#[test]
fn sizes() {
    let origin = Origin::start(Setup::default()).expect("starts");
    for (path, version, about) in [
        ("crafted.example/small", "v1.0.0", 2 << 10),
        ("crafted.example/medium", "v1.0.0", 1 << 20),
        ("crafted.example/medium", "v1.1.0", 10 << 20),
    ] {
        let zip = get(&format!("{}/{path}/@v/{version}.zip", origin.url())).body;
        // About: deflated sizes differ between versions of the compressor.
        assert!(zip.len().abs_diff(about) < 1 << 10, "{} of {path}", zip.len());
        let h1 = hash_zip_reader(Cursor::new(zip.as_slice())).expect("a zip");
        assert!(origin.sums(path, version).expect("sums").contains(&h1.to_string()));
    }
}

#[test]
fn the_huge_zip_is_whole() {
    let origin = Origin::start(Setup::default()).expect("starts");
    let mut stream = connect(&origin.url());
    stream.write_all(request("/crafted.example/huge/@v/v1.0.0.zip").as_bytes()).expect("sends");
    let mut head = Vec::new();
    // Byte by byte, so that nothing of the body is taken with the head.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
    // A file and not memory: tests run in parallel, and 400 MiB each would not fit.
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    let size = std::io::copy(&mut stream, &mut file).expect("a body");
    assert!((400 << 20..401 << 20).contains(&size), "{size}");
    let h1 = hash_zip(file.path()).expect("a zip");
    let sums = origin.sums("crafted.example/huge", "v1.0.0").expect("sums");
    assert!(sums.starts_with(&format!("crafted.example/huge v1.0.0 {h1}\n")), "{h1} {sums}");
}

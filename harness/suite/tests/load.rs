//! Which suites load, which do not, and the text of each mistake.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use rstest::rstest;
use std::path::{Path, PathBuf};
use twinproof_model::{Date, Template};
use twinproof_steps::Step;
use twinproof_suite::{Diagnostics, LoadOptions, Loaded, Source, Subjects, lint, load};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn options() -> LoadOptions {
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    let subjects = Subjects {
        names: ["proxy:embedded", "sumdb:embedded"].map(|n| n.parse().unwrap()).to_vec(),
        features: set(&["offline", "list-ttl", "sumdb"]),
        settings: set(&["offline", "list-ttl"]),
    };
    LoadOptions { images: vec!["trixie".into(), "musl".into()], subjects }
}

fn load_dir(dir: PathBuf) -> Result<Loaded, Diagnostics> {
    load(&Source::Dir(dir), &options())
}

fn good() -> Loaded {
    load_dir(folder("good")).unwrap_or_else(|e| panic!("{e}"))
}

fn today(date: &str) -> Date {
    serde_json::from_value(serde_json::Value::String(date.into())).unwrap()
}

#[test]
fn a_good_folder_loads_complete_cases() {
    let loaded = good();
    let [gobin, version] = loaded.cases.as_slice() else { panic!("{:?}", loaded.cases) };
    assert_eq!(
        (gobin.key().as_str(), gobin.file.as_str()),
        ("path/gobin-unset", "path/gobin.toml")
    );
    // Positions are those of the file that a person edits, although `_common.toml` added to the
    // case.
    assert_eq!((gobin.line, gobin.column), (4, 1));
    assert_eq!((version.line, version.column), (22, 3));
    let Step::Write(module) = &gobin.step[0] else { panic!() };
    assert_eq!(module.text.as_ref().map(Template::as_str), Some("module example.test/hello.x\n"));
    let Step::Write(main) = &gobin.step[1] else { panic!() };
    assert!(
        main.text.as_ref().is_some_and(|t| t.as_str().contains("$${x}")),
        "escapes stay for the run"
    );
    let Step::Go(go) = &gobin.step[2] else { panic!() };
    assert_eq!(go.env["GOPATH"].as_str(), "${work}/one${list_sep}${work}/two");
    let regex = go.stdout.as_ref().and_then(|m| m.0.regex.as_ref()).map(Template::as_str);
    assert_eq!(regex, Some(r"example\.test/hello\.x|${goroot:1.26}.*"));
    assert_eq!(gobin.step.len(), 7);
    assert_eq!((loaded.claims.len(), loaded.classes.len(), loaded.normalisers.len()), (3, 2, 2));
    assert_eq!(loaded.expectations[1].value.expires, today("2027-02-28"));
    assert_eq!((loaded.expectations[1].line, loaded.expectations[1].column), (13, 8));
    assert_eq!(loaded.floors[0].pass, 2);
    assert_eq!(loaded.data("path/vectors.json"), Some(&b"{\"vectors\": []}\n"[..]));
    assert_eq!(loaded.data("schema/suite.json"), None);
    assert_eq!(loaded.sha256.len(), 64);
}

#[test]
fn embedded_files_are_the_same_as_a_folder() {
    macro_rules! embed {
        ($($path:literal),* $(,)?) => {
            &[$(($path, include_bytes!(concat!("good/", $path)).as_slice())),*]
        };
    }
    // Out of order on purpose: the hash must not depend on the order in which a build embeds files.
    static FILES: &[(&str, &[u8])] = embed![
        "path/gobin.toml",
        "claims.toml",
        "classes.toml",
        "expectations/wine.toml",
        "floors.toml",
        "normalisers.toml",
        "path/_common.toml",
        "path/vectors.json",
        "schema/suite.json",
    ];
    let embedded = load(&Source::Embedded(FILES), &options()).unwrap();
    let read = good();
    assert_eq!(embedded.sha256, read.sha256);
    assert_eq!(embedded.cases, read.cases);
}

#[test]
fn every_byte_counts_in_the_hash() {
    let dir = tempfile::tempdir().unwrap();
    for entry in walk(&folder("good")) {
        let to = dir.path().join(entry.strip_prefix(folder("good")).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(entry, to).unwrap();
    }
    let hash = || load_dir(dir.path().to_owned()).unwrap().sha256;
    assert_eq!(hash(), good().sha256);
    std::fs::write(dir.path().join("schema/suite.json"), "{}").unwrap();
    assert_eq!(hash(), good().sha256, "schemas are not read");
    std::fs::write(dir.path().join("path/vectors.json"), "{\"vectors\": [1]}\n").unwrap();
    assert_ne!(hash(), good().sha256);
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|p| if p.is_dir() { walk(&p) } else { vec![p] }).collect()
}

#[rstest]
fn mistakes(
    #[dirs]
    #[files("tests/bad/*")]
    dir: PathBuf,
) {
    let name = dir.file_name().unwrap().to_string_lossy().into_owned();
    let wrong = load_dir(dir).err().unwrap_or_default();
    insta::assert_snapshot!(name, wrong.render(false));
    // 80 columns fit a terminal and the log of a CI job without a break.
    for line in wrong.render(false).lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}");
    }
    for item in wrong.items() {
        assert!(!item.message.ends_with('.'), "{item:?}");
        assert!(
            item.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{item:?}"
        );
    }
}

#[test]
fn ten_mistakes_of_one_file_are_ten_errors() {
    let wrong = load_dir(folder("bad/ten-mistakes")).unwrap_err();
    let in_file = wrong.items().iter().filter(|d| d.place.file == "path/ten.toml").count();
    assert_eq!(in_file, 10, "{wrong}");
    assert_eq!(wrong.items().len(), 10, "{wrong}");
}

#[test]
fn diagnostics_are_data_too() {
    let wrong = load_dir(folder("bad/unknown-names")).unwrap_err();
    insta::assert_json_snapshot!("json", wrong.items()[0]);
    assert_ne!(wrong.render(true), wrong.render(false));
}

#[test]
fn a_missing_folder_is_an_error() {
    let wrong = load_dir(folder("no-such-folder")).unwrap_err();
    assert!(wrong.items().iter().any(|d| d.code == "unreadable"), "{wrong}");
}

#[test]
fn too_large_not_utf8_and_marked_files() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, bytes: &[u8]| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    // A byte order mark, as some editors on Windows write it.
    put("claims.toml", b"\xef\xbb\xbf");
    put("path/large.toml", &vec![b'#'; twinproof_suite::MAX_FILE_BYTES + 1]);
    // Latin-1 on the second line: the message has to name that line.
    put("path/latin.toml", b"# one\n# caf\xe9\n[[case]]\n");
    // Nesting must end at the parser's limit and not at the end of the stack.
    put("path/deep.toml", format!("x = {}1{}", "[".repeat(500), "]".repeat(500)).as_bytes());
    std::fs::create_dir_all(dir.path().join("proxy")).unwrap();
    let wrong = load_dir(dir.path().to_owned()).unwrap_err();
    insta::assert_snapshot!("files", wrong.render(false));
}

#[test]
fn lint_compares_claims_cases_and_goldens() {
    let loaded = good();
    let fitting = [
        "path/gobin-unset.install@posix".to_owned(),
        "path/gobin-unset.install@windows".to_owned(),
    ];
    assert!(lint(&loaded, &fitting, today("2027-01-31")).is_empty());
    // Each name is misspelt once: both fit no case, and the golden that they stand for is missing.
    let goldens =
        ["path/gobin-unset.instal@posix".to_owned(), "path/gobin-unset.install@posx".to_owned()];
    insta::assert_snapshot!("lint", lint(&loaded, &goldens, today("2027-02-01")).render(false));
    insta::assert_snapshot!(
        "lint_unblessed",
        lint(&loaded, &[], today("2027-01-01")).render(false)
    );
}

/// A `must` for other people's servers names its source; advice need not.
#[test]
fn a_must_for_servers_names_its_source() {
    const CASE: &str = "[[case]]\nid = \"x\"\nclaims = [\"PROXY-001\"]\ntitle = \"x\"\n\
        environments = [\"proxy\"]\nstep = [{ subject = { name = \"s\" } }, \
        { http = { name = \"h\", url = \"${proxy}/a\", status = 200 } }]\n\
        control = { step = \"h\", url = \"${proxy}/b\", turns = \"h.status\" }\n";
    let found = |level: &str, source: &str| {
        let dir = tempfile::tempdir().unwrap();
        let claim = format!(
            "[[claim]]\nid = \"PROXY-001\"\nstatement = \"It holds.\"\nreference = \"taste\"\n\
             {source}level = \"{level}\"\nsuite = \"proxy\"\n"
        );
        std::fs::write(dir.path().join("claims.toml"), claim).unwrap();
        std::fs::create_dir(dir.path().join("proxy")).unwrap();
        std::fs::write(dir.path().join("proxy/a.toml"), CASE).unwrap();
        let loaded = load_dir(dir.path().to_owned()).unwrap_or_else(|e| panic!("{e}"));
        lint(&loaded, &[], today("2027-01-01")).items().iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(found("must", ""), ["claim-without-source"]);
    assert_eq!(found("must", "source = \"https://go.dev/ref/mod\"\n"), Vec::<&str>::new());
    assert_eq!(found("should", ""), Vec::<&str>::new());
}

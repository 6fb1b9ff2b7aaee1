//! The corpus as Go's own test proxy serves it, and as the origin does.
//!
//! The test proxy is part of cmd/go's test program, which is built once and kept in the build's
//! folder for temporary things.

use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use twinproof_gomod::dirhash::hash_zip_reader;
use twinproof_gomod::escape::{escape_path, escape_version, unescape_path, unescape_version};
use twinproof_gomod::txtar::Archive;
use twinproof_origin::{Origin, Setup};
use twinproof_testkit::Outcome;

use crate::client::get;
use crate::requirement;

/// Go's test proxy, which ends with this.
struct Reference {
    child: Child,
    url: String,
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The test program of cmd/go, built for this version of Go once.
fn program(go: &Path, goroot: &Path) -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| build(go, goroot))
}

fn build(go: &Path, goroot: &Path) -> PathBuf {
    let version = std::fs::read_to_string(goroot.join("VERSION")).expect("a version");
    let name = version.lines().next().unwrap_or_default().to_owned();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join(format!("cmd-go-{name}.test{}", std::env::consts::EXE_SUFFIX));
    // Building it takes minutes, so a later run of the tests takes the program of an earlier one.
    if !program.is_file() {
        // A name of its own until it is whole: tests of several processes may build it at once.
        let unfinished = folder.join(format!("cmd-go-{}.tmp", std::process::id()));
        let mut build = Command::new(go);
        build.args(["test", "-c", "-o"]).arg(&unfinished).arg("cmd/go").current_dir(goroot);
        build.envs(twinproof_base::go_env::HERMETIC);
        let output = build.output().expect("go runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(unfinished, &program).expect("a name");
    }
    program
}

fn reference(go: &Path, goroot: &Path) -> Reference {
    let mut command = Command::new(program(go, goroot));
    // The test proxy looks for its corpus under `testdata`, relative to the folder it runs in.
    command.arg("-proxy=127.0.0.1:0").current_dir(goroot.join("src/cmd/go"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the test proxy runs");
    // The program prints its address, with the port it was given, to standard error.
    let lines = BufReader::new(child.stderr.take().expect("its messages")).lines();
    let mut url = String::new();
    for line in lines {
        let line = line.expect("text");
        if let Some((_, at)) = line.split_once("GOPROXY=") {
            at.clone_into(&mut url);
            break;
        }
        println!("{line}");
    }
    assert!(!url.is_empty(), "the test proxy printed no address");
    Reference { child, url }
}

/// Path and version of each archive.
fn modules(corpus: &Path) -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for entry in std::fs::read_dir(corpus).expect("a folder") {
        let name = entry.expect("an entry").file_name().into_string().expect("UTF-8");
        let Some(stem) = name.strip_suffix(".txt") else { continue };
        let Some(at) = stem.rfind("_v") else { continue };
        let path = unescape_path(&stem[..at].replace('_', "/"));
        if let (Ok(path), Ok(version)) = (path, unescape_version(&stem[at + 1..])) {
            modules.push((path, version));
        }
    }
    modules.sort();
    modules
}

#[test]
fn the_corpus_is_served_as_by_gos_own_proxy() -> Outcome {
    let go = twinproof_testkit::go()?;
    let goroot = twinproof_testkit::goroot()?;
    let corpus = requirement::corpus()?;
    let theirs = reference(&go, &goroot);
    let origin =
        Origin::start(Setup { corpora: vec![corpus.clone()], ..Setup::default() }).expect("starts");
    let ours = format!("{}/mod", origin.url());
    let (name, _) = origin.cmd_go_sumdb().expect("a database");
    let modules = modules(&corpus);
    let mut compared: usize = 0;
    let mut differences = Vec::new();
    let mut paths: Vec<&str> = modules.iter().map(|(path, _)| path.as_str()).collect();
    paths.dedup();
    let both = |target: &str| [&theirs.url, &ours].map(|base| get(&format!("{base}/{target}")));
    for path in paths {
        let escaped = escape_path(path).expect("a path");
        // The reference lists in the order of its folder.
        let [theirs, ours] = both(&format!("{escaped}/@v/list")).map(|got| {
            let mut lines: Vec<String> = got.text().lines().map(str::to_owned).collect();
            lines.sort();
            (got.status, lines)
        });
        assert_eq!(theirs, ours, "the list of {path}");
        compared += 1;
    }
    for (path, version) in &modules {
        let (path, escaped) = (escape_path(path).expect("a path"), escape_version(version));
        let version = escaped.expect("a version");
        for kind in ["info", "mod"] {
            let [theirs, ours] = both(&format!("{path}/@v/{version}.{kind}"));
            assert_eq!(theirs.status, ours.status, "the {kind} of {path}@{version}");
            if theirs.status == 200 {
                assert_eq!(theirs.text(), ours.text(), "the {kind} of {path}@{version}");
            }
            compared += 1;
        }
        let [theirs, ours] = both(&format!("{path}/@v/{version}.zip"));
        assert_eq!((theirs.status, ours.status), (200, 200), "the zip of {path}@{version}");
        let h1 = |zip: &[u8]| hash_zip_reader(Cursor::new(zip)).map_err(|error| error.to_string());
        assert_eq!(h1(&theirs.body), h1(&ours.body), "the zip of {path}@{version}");
        // The first line is the number of the record, which depends on what was asked before.
        let sums = |text: &str| text.lines().skip(1).take(2).collect::<Vec<_>>().join("\n");
        let [theirs, ours] = both(&format!("sumdb/{name}/lookup/{path}@{version}"));
        compared += 2;
        assert_eq!(theirs.status, ours.status, "the record of {path}@{version}");
        if theirs.status == 200 && sums(theirs.text()) != sums(ours.text()) {
            differences.push(format!("{}_{version}.txt", path.replace('/', "_")));
        }
    }
    println!("{compared} answers compared, the sums of {differences:?} differ");
    for name in differences {
        // The reference leaves files out of its sums whose names begin with a dot, and puts raw ones
        // under the prefix; the origin's sums are those of the zips.
        let text = std::fs::read(corpus.join(&name)).expect("an archive");
        let odd = Archive::parse(&text).files.into_iter().any(|file| {
            file.name.starts_with(['.', '/']) && ![".info", ".mod"].contains(&file.name.as_str())
        });
        assert!(odd, "the sums of {name}");
    }
    Ok(())
}

#[test]
fn the_control_prefixes_are_those_of_gos_own_proxy() -> Outcome {
    let go = twinproof_testkit::go()?;
    let goroot = twinproof_testkit::goroot()?;
    let corpus = requirement::corpus()?;
    let theirs = reference(&go, &goroot);
    let origin =
        Origin::start(Setup { corpora: vec![corpus], ..Setup::default() }).expect("starts");
    let ours = format!("{}/mod", origin.url());
    for target in [
        "invalid/rsc.io/quote/@v/list",
        "404/rsc.io/quote/@v/list",
        "599/x",
        "199/x",
        "sumdb-500/sumdb/localhost.localdev/sumdb/supported",
        "sumdb-500/rsc.io/quote/@v/v1.5.2.mod",
        "sumdb-direct/lookup/rsc.io/quote@v1.5.2",
        "sumdb-wrong/lookup/rsc.io/quote@v1.5.2",
        "sumdb-redirect/rsc.io/quote@v1.5.1:/lookup/rsc.io/quote@v1.5.2",
        "sumdb-redirect/rsc.io/quote",
        "redirect/11/rsc.io/quote/@v/v1.5.2.mod",
        "redirect/1/rsc.io/quote/@v/v1.5.2.mod",
        "sumdb/localhost.localdev/sumdb/supported",
        "sumdb/localhost.localdev/sumdb/lookup/rsc.io/quote@v1.5.2",
        "sumdb/sum.example/supported",
        "rsc.io/quote/@v/dd9747d19b04.info",
        "rsc.io/quote/@v/dd9747d.info",
        "rsc.io/quote/@v/master.info",
        "rsc.io/Quote/@v/list",
        "rsc.io/quote",
    ] {
        let [theirs, ours] = [&theirs.url, &ours].map(|base| get(&format!("{base}/{target}")));
        // The number of a record, and the tree, depend on what was asked before.
        let telling = |text: &str| {
            let lines: Vec<&str> = text.lines().filter(|line| line.contains("rsc.io")).collect();
            lines.join("\n")
        };
        assert_eq!(theirs.status, ours.status, "{target}");
        if theirs.status == 200 {
            assert_eq!(telling(theirs.text()), telling(ours.text()), "{target}");
        }
    }
    Ok(())
}

//! The cases for a subject at an address, against a tree of files behind a plain web server, the
//! embedded proxy in front of it, and a server that answers 404 to everything.

use crate::answering::listening;
use crate::files::Files;
use crate::served::Served;
use crate::suites::{cases_of, failing, passing, run};
use std::path::PathBuf;
use std::process::Command;
use twinproof_model::Verdict;
use twinproof_testkit::{Outcome, Requirement, go};

/// The requests of the cases.
const MODULES: [&str; 8] = [
    "rsc.io/quote@v1.5.1",
    "rsc.io/quote@v1.5.2",
    "rsc.io/quote/v3@v3.1.0",
    "golang.org/x/text@v0.3.0",
    "golang.org/x/text@v0.3.2",
    "golang.org/x/text@v0.14.0",
    "github.com/BurntSushi/toml@v1.3.2",
    "golang.org/x/text@v0.0.0-20170915032832-14c0d48ead0c",
];

/// A module cache's folder of downloads, which is a proxy's tree of files.
fn downloads(files: &Files) -> Result<PathBuf, twinproof_testkit::Unavailable> {
    let cache = files.at("cache");
    let got = Command::new(go()?)
        .args(["mod", "download", "-modcacherw"])
        .args(MODULES)
        .envs([("GOFLAGS", ""), ("GOSUMDB", "off"), ("GO111MODULE", "on")])
        .env("GOMODCACHE", &cache)
        .current_dir(files.path())
        .output()
        .unwrap();
    if !got.status.success() {
        return Err(Requirement::GoProxy.unavailable(String::from_utf8_lossy(&got.stderr)));
    }
    Ok(cache.join("cache").join("download"))
}

#[test]
fn an_address_is_judged_by_what_it_answers() -> Outcome {
    let files = Files::new();
    let tree = downloads(&files)?;
    let tree = listening("static", tree.to_str().unwrap());
    let void = listening("void", "");
    let proxy = Served::proxy(&["--upstream", &tree, "--store", &files.name("store")]);
    let args: Vec<_> = [&tree, &void, &proxy.url]
        .into_iter()
        .flat_map(|url| ["--subject".to_owned(), format!("proxy={url}")])
        .collect();
    let (results, said) = run(&files, &args);
    let of = |url: &str| cases_of(&results, &url.replace("http://", "proxy:"));
    let own = of(&proxy.url);
    assert_eq!(failing(&own), "", "{said}");
    let passed = own.iter().filter(|case| case.verdict == Verdict::Pass).count();
    assert!(passed >= 30, "{passed} pass: {said}");
    insta::assert_snapshot!("read_only_static", failing(&of(&tree)));
    insta::assert_snapshot!("read_only_void", passing(&of(&void)));
    Ok(())
}

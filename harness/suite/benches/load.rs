//! The time to load suites: many cases, and many mistakes.

#![expect(clippy::expect_used, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use twinproof_suite::{LoadOptions, Source, load};

const CLAIMS: &str = "[[claim]]\nid = \"PATH-001\"\nstatement = \"x\"\nreference = \"x\"\n\
    level = \"must\"\nsuite = \"path\"\n";

/// Writes files with `each` cases of three steps.
fn generate(dir: &Path, files: usize, each: usize, key: &str) -> std::io::Result<()> {
    std::fs::write(dir.join("claims.toml"), CLAIMS)?;
    std::fs::create_dir_all(dir.join("path"))?;
    for file in 0..files {
        let mut text = String::from("[variables]\nroot = \"${work}/root\"\n");
        for case in 0..each {
            let _ = write!(
                text,
                "\n[[case]]\nid = \"case-{file}-{case}\"\nclaims = [\"PATH-001\"]\n\
                 title = \"it holds\"\nenvironments = [\"host\", \"wsl\"]\nrequires = [\"go\"]\n\
                 step = [\n  {{ write = {{ path = \"a/main.go\", text = \"package main\\n\" }} }},\n\
                 \x20 {{ go = {{ name = \"v\", {key} = [\"env\", \"-C\", \"${{root}}\"], \
                 stdout = {{ regex = \"v{case}[0-9]+\" }} }} }},\n\
                 \x20 {{ file = {{ path = \"a/main.go\", exists = true }} }},\n]\n\
                 control = {{ step = \"v\", env = {{ GOBIN = \"x\" }} }}\n",
            );
        }
        std::fs::write(dir.join(format!("path/f{file}.toml")), text)?;
    }
    Ok(())
}

fn benches(c: &mut Criterion) {
    let options = LoadOptions::default();
    let mut group = c.benchmark_group("load");
    // One iteration takes a second, and criterion's hundred would take minutes.
    group.sample_size(10);
    for (name, files, each) in
        // Many files and one large file: what grows faster than the size shows in the second.
        [("10000 cases in 50 files", 50, 200), ("2000 cases in 1 file", 1, 2000)]
    {
        let dir = tempfile::tempdir().expect("a temporary folder");
        generate(dir.path(), files, each, "args").expect("files are written");
        let source = Source::Dir(dir.path().to_owned());
        // Files that do not load would be measured as a fast success.
        assert_eq!(load(&source, &options).map(|l| l.cases.len()).ok(), Some(files * each));
        group.bench_function(name, |b| b.iter(|| black_box(load(&source, &options))));
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    // A misspelt key gives one mistake for each case.
    generate(dir.path(), 1, 2000, "arsg").expect("files are written");
    let source = Source::Dir(dir.path().to_owned());
    group.bench_function("2000 mistakes in 1 file, rendered", |b| {
        b.iter(|| black_box(load(&source, &options).err().map(|e| e.render(false).len())))
    });
    group.finish();
}

criterion_group!(suite, benches);
criterion_main!(suite);

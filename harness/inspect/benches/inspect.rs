//! The hot paths: headers, contents, comparison, of a Go program that is built first.
//!
//! `cargo bench -p twinproof-inspect`
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use twinproof_inspect::{CompareOptions, Options, compare, describe};

/// Builds a program of two megabytes for a platform, with further arguments.
fn program(dir: &Path, platform: (&str, &str), name: &str, args: &[&str]) -> PathBuf {
    fs::write(dir.join("go.mod"), "module example.com/hello\n\ngo 1.24\n").unwrap();
    let source = "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n";
    fs::write(dir.join("main.go"), source).unwrap();
    let output = dir.join(name);
    let mut command = Command::new("go");
    command.arg("build").args(args).arg("-o").arg(&output).arg(".").current_dir(dir);
    // Without cgo the same program is built for every platform by any host.
    command.env("GOOS", platform.0).env("GOARCH", platform.1).env("CGO_ENABLED", "0");
    // No version control information: the temporary folder is in no repository.
    assert!(command.env("GOFLAGS", "-buildvcs=false").status().unwrap().success());
    output
}

fn inspect(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let platforms = [("linux", "amd64"), ("windows", "amd64"), ("darwin", "arm64"), ("js", "wasm")];
    for (os, arch) in platforms {
        let file = program(dir.path(), (os, arch), &format!("{os}-{arch}"), &["-trimpath"]);
        let mut group = c.benchmark_group(format!("{os}/{arch}"));
        group.throughput(Throughput::Bytes(fs::metadata(&file).unwrap().len()));
        group.bench_function("headers", |b| {
            b.iter(|| describe(black_box(&file), &Options::default()).unwrap());
        });
        let deep = Options { deep: true, leaks: Vec::new() };
        group.bench_function("deep", |b| b.iter(|| describe(black_box(&file), &deep).unwrap()));
    }
    let a = program(dir.path(), ("linux", "amd64"), "a", &["-trimpath"]);
    // The build mode is part of the build settings and hence of the id, while the code is the same.
    let b = program(dir.path(), ("linux", "amd64"), "b", &["-trimpath", "-buildmode=exe"]);
    c.bench_function("compare two that differ by their ids", |bench| {
        bench.iter(|| compare(black_box(&a), black_box(&b), &CompareOptions::default()).unwrap());
    });
}

criterion_group!(benches, inspect);
criterion_main!(benches);

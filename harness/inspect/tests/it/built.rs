//! Programs that tests build with the real `go`. Each is built once, and kept in
//! the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use sha2::{Digest as _, Sha256};

/// A module without imports builds in a second or two for any platform.
const PURE: &str = "package main\n\nfunc main() { println(\"hello\") }\n";

/// A library of three functions, which needs libc.
pub const LIBRARY: &str = r#"package main

// #include <stdlib.h>
// #include <stdio.h>
// static void hi(void) { puts("hi"); }
import "C"

//export Add
func Add(a, b C.int) C.int { C.hi(); return a + b }

//export Greet
func Greet() *C.char { return C.CString("hello") }

//export Free
func Free(p *C.char) {}

func main() {}
"#;

/// Held for a build, since each uses all processors.
static TURN: Mutex<()> = Mutex::new(());

/// The folder in which a build is kept from run to run, named by the hash of everything it depends
/// on.
fn kept(key: &str) -> PathBuf {
    static GO: LazyLock<String> = LazyLock::new(|| {
        let output = Command::new("go").arg("version").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });
    let digest = Sha256::digest(format!("{} {key}", *GO));
    let name = twinproof_base::hex::encode(&digest[..12]);
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("inspect").join(name)
}

/// A build of a module with one file.
#[derive(Clone, Copy)]
pub struct Build<'a> {
    /// The name of the output.
    pub output: &'a str,
    pub source: &'a str,
    pub args: &'a [&'a str],
    pub env: &'a [(&'a str, &'a str)],
}

impl Build<'_> {
    /// The built file, or `None` where `go` is not there. A failed build fails the test.
    pub fn get(&self) -> Option<PathBuf> {
        let go = twinproof_testkit::go().unwrap_or_else(|absent| absent.end_test());
        let _turn = TURN.lock().unwrap();
        let key = format!("{} {} {:?} {:?}", self.output, self.source, self.args, self.env);
        let folder = kept(&key);
        let output = folder.join(self.output);
        if !output.is_file() {
            let parent = folder.parent().unwrap();
            fs::create_dir_all(parent).unwrap();
            let dir = tempfile::tempdir_in(parent).unwrap();
            let (module, out) = (dir.path().join("m"), dir.path().join("out"));
            write_module(&module, self.source);
            run_go(&go, &module, &out.join(self.output), self.args, self.env);
            // Another process may have been first; its output is the same.
            let _ = fs::rename(&out, &folder);
        }
        Some(output)
    }
}

/// Writes a module `example.com/hello` with one file.
pub fn write_module(folder: &Path, source: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("go.mod"), "module example.com/hello\n\ngo 1.24\n").unwrap();
    fs::write(folder.join("main.go"), source).unwrap();
}

/// Runs `go build` in a module.
pub fn run_go(go: &Path, module: &Path, output: &Path, args: &[&str], env: &[(&str, &str)]) {
    let mut command = Command::new(go);
    command.arg("build").args(args).arg("-o").arg(output).arg(".").current_dir(module);
    command.env("GOFLAGS", "-buildvcs=false").env("GOWORK", "off").env("GOTOOLCHAIN", "local");
    command.envs(env.iter().copied());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A program without imports for a platform, built with -trimpath.
pub fn pure(platform: &str) -> Option<PathBuf> {
    let (os, arch) = platform.split_once('/').unwrap();
    let env = [("CGO_ENABLED", "0"), ("GOOS", os), ("GOARCH", arch)];
    Build { output: &format!("hello-{os}-{arch}"), source: PURE, args: &["-trimpath"], env: &env }
        .get()
}

/// A program without imports for this machine's linux/amd64, with further arguments and variables.
pub fn linux(name: &str, args: &[&str], env: &[(&str, &str)]) -> Option<PathBuf> {
    let mut all = vec![("CGO_ENABLED", "0"), ("GOOS", "linux"), ("GOARCH", "amd64")];
    all.extend(env);
    Build { output: name, source: PURE, args, env: &all }.get()
}

/// The C library of this machine that cgo links with, as a shared library.
pub fn shared_library() -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return None;
    }
    twinproof_testkit::program("gcc").unwrap_or_else(|absent| absent.end_test());
    let env = [("CGO_ENABLED", "1"), ("CC", "gcc")];
    let args = ["-trimpath", "-buildmode=c-shared"];
    Build { output: "lib.so", source: LIBRARY, args: &args, env: &env }.get()
}

/// A Windows library, made by MinGW under a file name.
pub fn windows_library(name: &str) -> Option<PathBuf> {
    twinproof_testkit::program("x86_64-w64-mingw32-gcc").unwrap_or_else(|absent| absent.end_test());
    let env = [
        ("CGO_ENABLED", "1"),
        ("GOOS", "windows"),
        ("GOARCH", "amd64"),
        ("CC", "x86_64-w64-mingw32-gcc"),
    ];
    let args = ["-trimpath", "-buildmode=c-shared"];
    Build { output: name, source: LIBRARY, args: &args, env: &env }.get()
}

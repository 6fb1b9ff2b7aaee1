//! The variables of a script: those that it begins with, those that it sets.

use crate::setting::Setting;
use std::collections::BTreeMap;
use std::path::Path;

/// Variables of the machine that scripts get as they are.
const KEPT: [&str; 10] = [
    "SYSTEMROOT",
    "WINDIR",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "C_INCLUDE_PATH",
    "CC",
    "GO_TESTING_GOTOOLS",
    "GCCGO",
    "GCCGOTOOLDIR",
    "PATHEXT",
];

/// An unreachable HTTP proxy, so that scripts reach nothing outside this machine. Go's own tests use a
/// hook in the go command for that, which a stock one does not have.
const NOWHERE: &str = "http://127.0.0.1:0";

/// Variables by name. Windows' names differ in more than case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        if cfg!(windows) {
            // A block with `Path` and `PATH` has no defined meaning on Windows.
            self.0.retain(|other, _| other == name || !other.eq_ignore_ascii_case(name));
        }
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of `$name`. `/` and `:` are the separators of paths and of lists.
    pub(crate) fn value(&self, name: &str) -> String {
        match name {
            "/" => std::path::MAIN_SEPARATOR_STR.to_owned(),
            ":" => (if cfg!(windows) { ";" } else { ":" }).to_owned(),
            name => self.0.get(name).cloned().unwrap_or_default(),
        }
    }

    /// All of them, as programs get them.
    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The variables that a script begins with, in a work directory.
    pub(crate) fn initial(setting: &Setting, work: &Path) -> Self {
        let mut env = Self::default();
        for name in KEPT {
            if let Ok(value) = std::env::var(name) {
                env.set(name, value);
            }
        }
        let toolchain = &setting.toolchain;
        let (path, text) = (|p: &Path| p.to_string_lossy().into_owned(), str::to_owned);
        let goroot = path(&toolchain.goroot);
        // The toolchain's own folder comes first, so that `exec go` runs it and not the machine's.
        let bin = [toolchain.goroot.join("bin")];
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let all = bin.into_iter().chain(std::env::split_paths(&rest));
        let all = std::env::join_paths(all).unwrap_or(rest).to_string_lossy().into_owned();
        let version = toolchain.version.strip_prefix("go").unwrap_or(&toolchain.version);
        // GOSUMDB is `NAME+HASH+KEY URL`; the scripts compare messages with the name.
        let name = setting.sumdb.split('+').next().unwrap_or_default();
        let (home, temp) = if cfg!(windows) { ("USERPROFILE", "TMP") } else { ("HOME", "TMPDIR") };
        let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
        for (name, value) in [
            ("PATH", all),
            // As in cmd/go's tests: a script that depends on a home directory fails.
            (home, text("/no-home")),
            (temp, path(&work.join("tmp"))),
            ("WORK", path(work)),
            ("TEST_TELEMETRY_DIR", path(&work.join("telemetry"))),
            ("GOPATH", path(&work.join("gopath"))),
            ("CCACHE_DISABLE", text("1")),
            ("GOARCH", toolchain.goarch.clone()),
            ("TESTGO_GOHOSTARCH", toolchain.goarch.clone()),
            ("GOOS", toolchain.goos.clone()),
            ("TESTGO_GOHOSTOS", toolchain.goos.clone()),
            ("GOCACHE", path(&setting.gocache)),
            ("GOCOVERDIR", String::new()),
            ("GODEBUG", String::new()),
            ("GOEXE", toolchain.exe.clone()),
            ("GOEXPERIMENT", String::new()),
            ("GOPROXY", setting.proxy.clone()),
            ("GOPRIVATE", String::new()),
            ("GONOPROXY", String::new()),
            ("GONOSUMDB", String::new()),
            ("GOSUMDB", setting.sumdb.clone()),
            ("TESTGO_SUMDB", text(name)),
            ("GOROOT", goroot.clone()),
            ("TESTGO_GOROOT", goroot),
            ("TESTGO_EXE", path(&toolchain.go)),
            ("GOTRACEBACK", text("system")),
            ("GOVCS", text("*:all")),
            ("GOTOOLCHAIN", text("auto")),
            ("HGRCPATH", String::new()),
            ("HTTP_PROXY", text(NOWHERE)),
            ("HTTPS_PROXY", text(NOWHERE)),
            ("devnull", text(null)),
            ("goversion", text(version)),
            ("newline", text("\n")),
        ] {
            env.set(name, value);
        }
        for (name, value) in &setting.env {
            env.set(name, value.clone());
        }
        env
    }
}

//! Measures an environment's facts and capabilities through its own driver.
//!
//! No fact is derived from a name: file systems, privileges and compilers are tried in a work
//! directory, and versions are those that the environment's own programs print.

use crate::driver::{
    Contents, Environment, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits,
};
use crate::facts::Probed;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use twinproof_base::go_env;
use twinproof_model::{Capability, EntryKind, Fingerprint};

/// Time limit of each program. Generous: a distribution may have to start first.
const LIMIT: Duration = Duration::from_secs(120);
/// Most bytes that are read of an answer.
const OUTPUT: u64 = 1 << 20;

/// An architecture, as `uname -m` or Rust names it, in Go's words.
pub(crate) fn go_arch(machine: &str) -> &str {
    match machine {
        "x86_64" | "AMD64" => "amd64",
        "aarch64" | "ARM64" => "arm64",
        "x86" | "i686" | "i386" => "386",
        other => other,
    }
}

/// Whether native paths start at `/`.
pub(crate) fn is_posix(root: &str) -> bool {
    root.starts_with('/')
}

/// The native path of `relative` (with `/`) below `root`.
pub(crate) fn join(root: &str, relative: &str) -> String {
    if is_posix(root) {
        format!("{}/{relative}", root.trim_end_matches('/'))
    } else {
        format!(r"{}\{}", root.trim_end_matches('\\'), relative.replace('/', r"\"))
    }
}

/// A program that only answers a question: it has the environment's base variables, the work
/// directory as the current one, and no input.
pub(crate) fn ask(environment: &dyn Environment, root: &str, program: &str, args: &[&str]) -> Exec {
    Exec {
        program: program.to_owned(),
        args: args.iter().map(|&a| a.to_owned()).collect(),
        env: environment.base_env(&join(root, "home"), &join(root, "tmp")),
        cwd: root.to_owned(),
        stdin: Vec::new(),
        limit: LIMIT,
        output_limit: OUTPUT,
    }
}

/// The `go` command of an SDK.
pub(crate) fn go_command(goroot: &str) -> String {
    join(goroot, if is_posix(goroot) { "bin/go" } else { "bin/go.exe" })
}

/// A `go` command that neither downloads a toolchain nor takes settings from elsewhere.
pub(crate) fn ask_go(
    environment: &dyn Environment,
    root: &str,
    goroot: &str,
    args: &[&str],
) -> Exec {
    let mut exec = ask(environment, root, &go_command(goroot), args);
    for (name, value) in go_env::HERMETIC.into_iter().chain([("GOROOT", goroot)]) {
        exec.env.insert(name.to_owned(), value.to_owned());
    }
    exec
}

struct Probe<'a> {
    environment: &'a dyn Environment,
    sandbox: &'a dyn Sandbox,
    capabilities: BTreeSet<Capability>,
}

/// Measures an environment in a fresh work directory of its own; `goroot` is the native root of one
/// of its SDKs.
///
/// # Errors
/// When the driver fails, or an SDK that is offered does not run.
pub(crate) fn measure(
    environment: &dyn Environment,
    sandbox: &dyn Sandbox,
    goroot: Option<&str>,
) -> Result<Probed, EnvironmentError> {
    let mut probe = Probe { environment, sandbox, capabilities: BTreeSet::new() };
    for dir in ["home", "tmp", "measure"] {
        sandbox.put(&probe.at(dir), &Put::Dir { mode: None })?;
    }
    let fingerprint = if is_posix(sandbox.root()) { probe.posix()? } else { probe.windows()? };
    probe.files()?;
    probe.compiler()?;
    if let Some(goroot) = goroot {
        go(environment, sandbox, goroot)?;
        probe.capabilities.insert(Capability::Go);
    }
    Ok(Probed { capabilities: probe.capabilities, fingerprint })
}

impl Probe<'_> {
    fn at(&self, relative: &str) -> String {
        join(self.sandbox.root(), relative)
    }

    fn ask(&self, program: &str, args: &[&str]) -> Result<Exited, EnvironmentError> {
        self.sandbox.exec(&ask(self.environment, self.sandbox.root(), program, args))
    }

    /// Trimmed standard output of a program that ended well.
    fn text(&self, program: &str, args: &[&str]) -> Result<Option<String>, EnvironmentError> {
        let exited = self.ask(program, args)?;
        let text = String::from_utf8_lossy(&exited.stdout).trim().to_owned();
        Ok((exited.code == Some(0) && !text.is_empty()).then_some(text))
    }

    fn posix(&mut self) -> Result<Fingerprint, EnvironmentError> {
        let mut fingerprint = Fingerprint::default();
        self.capabilities.insert(Capability::PosixPaths);
        let uname = self.text("uname", &["-s", "-r", "-m"])?.unwrap_or_default();
        let mut words = uname.split_whitespace();
        // `uname` prints its fields in a fixed order, whatever the order of its options.
        let system = words.next().unwrap_or_default().to_owned();
        let release = words.next().unwrap_or_default().to_owned();
        fingerprint.kernel = format!("{system} {release}").trim().to_owned();
        fingerprint.arch = go_arch(words.next().unwrap_or_default()).to_owned();
        if system == "Darwin" {
            self.capabilities.insert(Capability::Macos);
            let version = self.text("sw_vers", &["-productVersion"])?;
            fingerprint.os = format!("macOS {}", version.unwrap_or_default());
        } else {
            self.capabilities.insert(Capability::Linux);
            let release = self.text("cat", &["/etc/os-release"])?.unwrap_or_default();
            fingerprint.os = pretty_name(&release).unwrap_or(system);
            fingerprint.libc = self.libc()?;
            self.tools()?;
        }
        // The kernel's name alone also holds for a container inside WSL, which has no `wslpath`.
        if release.to_lowercase().contains("microsoft") && !self.ask("wslpath", &["/"])?.not_found {
            self.capabilities.insert(Capability::Wslpath);
        }
        // Only root can create an entry in a directory of mode 0555.
        self.sandbox.put(&self.at("measure/locked"), &Put::Dir { mode: Some(0o555) })?;
        let made = self.ask("mkdir", &[&self.at("measure/locked/x")])?;
        let root = made.code == Some(0);
        self.capabilities.insert(if root { Capability::Root } else { Capability::Unprivileged });
        Ok(fingerprint)
    }

    /// Finds out whether programs can run in namespaces of their own, under strace, or for another
    /// system.
    fn tools(&mut self) -> Result<(), EnvironmentError> {
        const LAB: &[&str] = &["--mount", "--net", "true"];
        const OWN: &[&str] = &["--user", "--map-root-user"];
        const BINFMT: &[&str] =
            &["--mount", "mount", "-t", "binfmt_misc", "binfmt_misc", "/proc/sys/fs/binfmt_misc"];
        let ends_well = |program: &str, args: &[&str]| {
            Ok::<_, EnvironmentError>(self.ask(program, args)?.code == Some(0))
        };
        let mut found = Vec::new();
        // Root needs no user namespace for mounts and networks of its own.
        if ends_well("unshare", &[OWN, LAB].concat())? || ends_well("unshare", LAB)? {
            found.push(Capability::Lab);
            if ends_well("unshare", &[OWN, BINFMT].concat())? {
                found.push(Capability::Binfmt);
            }
        }
        if ends_well("strace", &["-f", "-e", "trace=execve", "true"])? {
            found.push(Capability::Strace);
        }
        if ends_well("pwsh", &["-NoProfile", "-NonInteractive", "-Command", "exit 0"])? {
            found.push(Capability::Pwsh);
        }
        self.capabilities.extend(found);
        Ok(())
    }

    fn libc(&mut self) -> Result<String, EnvironmentError> {
        // Some musl systems have a `getconf` too, which does not support this variable.
        if let Some(version) = self.text("getconf", &["GNU_LIBC_VERSION"])?
            && version.starts_with("glibc ")
        {
            self.capabilities.insert(Capability::Glibc);
            return Ok(version);
        }
        for arch in ["x86_64", "aarch64", "i386"] {
            // Without an argument musl's loader names itself and its version.
            let loader = self.ask(&format!("/lib/ld-musl-{arch}.so.1"), &[])?;
            if let Some(version) = musl_version(&String::from_utf8_lossy(&loader.stderr)) {
                self.capabilities.insert(Capability::Musl);
                return Ok(format!("musl {version}"));
            }
        }
        Ok(String::new())
    }

    fn windows(&mut self) -> Result<Fingerprint, EnvironmentError> {
        self.capabilities.extend([Capability::Windows, Capability::WindowsPaths]);
        let version = self.text("cmd.exe", &["/d", "/c", "ver"])?.unwrap_or_default();
        let version = windows_version(&version).unwrap_or_default();
        let env = self.environment.base_env("", "");
        let arch = env.get("PROCESSOR_ARCHITECTURE").map_or("", String::as_str);
        // Names of groups are translated; their identifiers are not.
        // The mandatory label among the groups is that of an elevated or an ordinary process.
        let groups = self.text("whoami.exe", &["/groups"])?.unwrap_or_default();
        if groups.contains("S-1-16-12288") || groups.contains("S-1-16-16384") {
            self.capabilities.insert(Capability::Root);
        } else if groups.contains("S-1-16-8192") {
            self.capabilities.insert(Capability::Unprivileged);
        }
        Ok(Fingerprint {
            os: format!("Windows {version}").trim().to_owned(),
            arch: go_arch(arch).to_owned(),
            kernel: format!("Windows NT {version}").trim().to_owned(),
            ..Fingerprint::default()
        })
    }

    fn files(&mut self) -> Result<(), EnvironmentError> {
        let file = |text: &str, mode| Put::File { bytes: text.as_bytes().to_vec(), mode };
        let dir = self.at("measure/files");
        self.sandbox.put(&dir, &Put::Dir { mode: None })?;
        self.sandbox.put(&join(&dir, "a"), &file("lower", Some(0o640)))?;
        // Two files afterwards mean that case is kept apart; where it is not, the second write hits
        // the first file.
        self.sandbox.put(&join(&dir, "A"), &file("upper", Some(0o640)))?;
        let link = Put::Symlink { target: "a".to_owned() };
        match self.sandbox.put(&join(&dir, "link"), &link) {
            Ok(()) | Err(EnvironmentError::Unsupported { .. }) => {}
            Err(error) => return Err(error),
        }
        let entries = self.sandbox.entries(&dir, Contents::Hashes, SnapshotLimits::default())?;
        let files = entries.iter().filter(|e| e.kind == EntryKind::File);
        let modes: Vec<_> = files.map(|e| e.mode).collect();
        self.capabilities.insert(match modes.len() {
            2 => Capability::CaseSensitive,
            _ => Capability::CaseInsensitive,
        });
        if !modes.is_empty() && modes.iter().all(|&m| m == Some(0o640)) {
            self.capabilities.insert(Capability::ModeBits);
        }
        let is_link = |e: &crate::TreeEntry| e.path == "link" && e.target.as_deref() == Some("a");
        if entries.iter().any(is_link) {
            self.capabilities.insert(Capability::Symlink);
        }
        Ok(())
    }

    /// Whether one of the compilers that Go looks for makes a program, MinGW's, musl's and zig, and
    /// whether git and QEMU are there.
    fn compiler(&mut self) -> Result<(), EnvironmentError> {
        // A header of the C library and a link: a compiler without its library's files is found out
        // here, not in the middle of a case.
        let source = b"#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n".to_vec();
        self.sandbox.put(&self.at("measure/c.c"), &Put::File { bytes: source, mode: None })?;
        for compiler in ["gcc", "clang"] {
            let args = ["-o", &self.at("measure/c.out"), &self.at("measure/c.c")];
            if self.ask(compiler, &args)?.code == Some(0) {
                self.capabilities.insert(Capability::Cgo);
                break;
            }
        }
        let args = ["-o", &self.at("measure/c.exe"), &self.at("measure/c.c")];
        if self.ask("x86_64-w64-mingw32-gcc", &args)?.code == Some(0) {
            self.capabilities.insert(Capability::Mingw);
        }
        let args = ["-o", &self.at("measure/c.musl"), &self.at("measure/c.c")];
        if self.ask("musl-gcc", &args)?.code == Some(0) {
            self.capabilities.insert(Capability::MuslGcc);
        }
        if self.ask("zig", &["version"])?.code == Some(0) {
            self.capabilities.insert(Capability::Zig);
        }
        if self.ask("git", &["--version"])?.code == Some(0) {
            self.capabilities.insert(Capability::Git);
        }
        let emulates = |program| Ok::<_, EnvironmentError>(self.ask(program, &["--version"])?.code);
        if emulates("qemu-x86_64")? == Some(0) && emulates("qemu-aarch64")? == Some(0) {
            self.capabilities.insert(Capability::QemuUser);
        }
        Ok(())
    }
}

/// Runs `go version` of an SDK.
///
/// # Errors
/// When the driver fails, or the SDK does not run.
pub(crate) fn go(
    environment: &dyn Environment,
    sandbox: &dyn Sandbox,
    goroot: &str,
) -> Result<(), EnvironmentError> {
    let exec = ask_go(environment, sandbox.root(), goroot, &["version"]);
    let exited = sandbox.exec(&exec)?;
    let error = String::from_utf8_lossy(&exited.stderr);
    let message = match exited.code {
        Some(0) => return Ok(()),
        Some(code) => format!("exit code {code}: {}", error.trim()),
        None if exited.not_found => "there is no such program".to_owned(),
        None => "it did not end".to_owned(),
    };
    let action = format!("running `{} version`", exec.program);
    Err(EnvironmentError::driver(environment.name(), action, message))
}

/// Whether programs of the environment reach a server of the harness's on 127.0.0.1: the `go`
/// command is sent there for a module.
///
/// # Errors
/// When the driver fails, or no server can be started.
pub(crate) fn loopback(
    environment: &dyn Environment,
    sandbox: &dyn Sandbox,
    goroot: &str,
) -> Result<bool, EnvironmentError> {
    let failed = |e| EnvironmentError::driver(environment.name(), "listening on 127.0.0.1", e);
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    // So that the thread that accepts can be stopped: `accept` has no time limit.
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let args = ["list", "-m", "example.com/twinproof@latest"];
    let mut exec = ask_go(environment, sandbox.root(), goroot, &args);
    let proxy = format!("http://{address}");
    // The `go` command is the one client that every environment has; curl may be missing.
    for (name, value) in [("GOPROXY", proxy.as_str()), ("GOSUMDB", "off"), ("GO111MODULE", "on")] {
        exec.env.insert(name.to_owned(), value.to_owned());
    }
    exec.limit = Duration::from_secs(20);
    let (stop, reached) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    // Close without an answer: the go command fails, but its connection shows that it can reach us.
                    Ok(_) => reached.store(true, Ordering::Relaxed),
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    Err(_) => return,
                }
            }
        });
        let exited = sandbox.exec(&exec);
        stop.store(true, Ordering::Relaxed);
        exited
    })?;
    Ok(reached.into_inner())
}

/// `PRETTY_NAME` of an os-release file.
fn pretty_name(os_release: &str) -> Option<String> {
    let line = os_release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches(['"', '\'']).to_owned())
}

/// The version in the message of musl's loader.
fn musl_version(text: &str) -> Option<&str> {
    text.starts_with("musl libc").then_some(())?;
    text.lines().find_map(|l| l.strip_prefix("Version "))
}

/// The version in `Microsoft Windows [Version 10.0.26100.1]`, whose words are translated, or in
/// `Microsoft Windows 10.0.19043`, as Wine has it.
fn windows_version(ver: &str) -> Option<String> {
    let other = |c: char| !(c.is_ascii_digit() || c == '.');
    ver.split(other).find(|w| w.matches('.').count() >= 2).map(str::to_owned)
}

/// The variables of `KEY=VALUE` lines.
pub(crate) fn variables(lines: &str) -> BTreeMap<&str, &str> {
    // `set` of cmd.exe ends its lines with CR LF.
    lines.lines().filter_map(|l| l.trim_end_matches('\r').split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::{join, musl_version, pretty_name, windows_version};
    use rstest::rstest;

    #[rstest]
    #[case("Microsoft Windows [Version 10.0.26100.1742]", Some("10.0.26100.1742"))]
    #[case("\r\nMicrosoft Windows [版本 10.0.22631.4317]\r\n", Some("10.0.22631.4317"))]
    #[case("Microsoft Windows 10.0.19043", Some("10.0.19043"))]
    #[case("Wine Command Prompt 10.0", None)]
    #[case("", None)]
    fn versions_of_windows(#[case] ver: &str, #[case] want: Option<&str>) {
        assert_eq!(windows_version(ver).as_deref(), want);
    }

    #[test]
    fn versions_of_linux() {
        let release = "NAME=\"Debian GNU/Linux\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(pretty_name(release).as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(musl_version("musl libc (x86_64)\nVersion 1.2.5\nUsage:"), Some("1.2.5"));
        assert_eq!(musl_version("Version 1.2.5\n"), None);
    }

    #[rstest]
    #[case("/w", "a/b", "/w/a/b")]
    #[case("/", "a", "/a")]
    #[case(r"C:\w", "a/b", r"C:\w\a\b")]
    #[case(r"C:\", "a", r"C:\a")]
    fn paths_are_joined_as_their_system_does(
        #[case] root: &str,
        #[case] relative: &str,
        #[case] want: &str,
    ) {
        assert_eq!(join(root, relative), want);
    }
}

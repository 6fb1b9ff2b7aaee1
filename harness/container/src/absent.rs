//! Absence of a container engine, with the remedy.

use std::path::Path;

use crate::host;

/// The reason why there is no engine, and the one command that would provide it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no container engine: {reason}; {remedy}")]
pub struct Absent {
    /// The reason why none was found.
    pub reason: String,
    /// The command or setting that provides one.
    pub remedy: String,
}

impl Absent {
    /// With the remedy for this machine.
    pub(crate) fn because(reason: String) -> Self {
        // A user who sets DOCKER_HOST wants that engine: installing another one would not help.
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            return Self {
                reason: format!("DOCKER_HOST is {}: {reason}", host.display()),
                remedy: "unset DOCKER_HOST or start what it names".into(),
            };
        }
        // The system and the client spell it with and without a capital.
        let denied = reason.contains("ermission denied");
        let remedy = if cfg!(windows) {
            "run: winget install Docker.DockerDesktop".to_owned()
        } else if cfg!(target_os = "macos") {
            "run: brew install --cask docker".to_owned()
        } else if denied {
            "run: sudo usermod --append --groups docker \"$USER\", and log in again".to_owned()
        } else {
            Machine::this().remedy()
        };
        Self { reason, remedy }
    }
}

/// Facts about a Linux machine that decide how it gets an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Machine {
    /// Whether this user may do everything.
    root: bool,
    /// Whether there is a `dockerd`.
    installed: bool,
    /// Whether systemd runs services here.
    systemd: bool,
    /// `/etc/os-release`.
    os_release: String,
    /// Whether apt-get has lists of packages; a fresh container has none.
    lists: bool,
}

impl Machine {
    fn this() -> Self {
        let is_list = |e: std::fs::DirEntry| e.file_name().to_string_lossy().contains("Packages");
        let lists = std::fs::read_dir("/var/lib/apt/lists");
        Self {
            root: host::is_root(),
            installed: which::which("dockerd").is_ok(),
            systemd: Path::new("/run/systemd/system").is_dir(),
            os_release: std::fs::read_to_string("/etc/os-release").unwrap_or_default(),
            // On a fresh container image apt-get finds no package before an update.
            lists: lists.is_ok_and(|entries| entries.flatten().any(is_list)),
        }
    }

    /// A command that works there.
    fn remedy(&self) -> String {
        let sudo = if self.root { "" } else { "sudo " };
        if self.installed && self.systemd {
            return format!("run: {sudo}systemctl start docker");
        }
        if self.installed {
            return format!("run in another terminal: {sudo}dockerd");
        }
        if host::is_debian(&self.os_release) {
            let update = if self.lists { "" } else { &format!("{sudo}apt-get update && ") };
            return format!("run: {update}{sudo}apt-get install --yes docker.io");
        }
        "install Docker Engine, or set DOCKER_HOST to an engine that speaks its API".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Machine;
    use rstest::rstest;

    fn fresh() -> Machine {
        let os_release = "ID=debian\n".to_owned();
        Machine { root: true, installed: false, systemd: false, os_release, lists: false }
    }

    #[rstest]
    #[case::a_fresh_container(fresh(), "run: apt-get update && apt-get install --yes docker.io")]
    #[case::with_lists(
        Machine { root: false, lists: true, ..fresh() },
        "run: sudo apt-get install --yes docker.io"
    )]
    #[case::stopped(
        Machine { root: false, installed: true, systemd: true, ..fresh() },
        "run: sudo systemctl start docker"
    )]
    #[case::without_systemd(
        Machine { installed: true, ..fresh() },
        "run in another terminal: dockerd"
    )]
    #[case::another_system(
        Machine { os_release: "ID=alpine\n".into(), ..fresh() },
        "install Docker Engine, or set DOCKER_HOST to an engine that speaks its API"
    )]
    fn a_remedy_works_on_its_machine(#[case] machine: Machine, #[case] remedy: &str) {
        assert_eq!(machine.remedy(), remedy);
    }
}

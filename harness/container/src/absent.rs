//! Why there is no container engine, and what would provide one.

/// Why there is no engine, and the one command that would provide it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no container engine: {reason}; {remedy}")]
pub struct Absent {
    /// What was found instead.
    pub reason: String,
    /// What to run, or to set, to have one.
    pub remedy: String,
}

impl Absent {
    /// With what would help on this machine.
    pub(crate) fn because(reason: String) -> Self {
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
            return Self {
                reason: format!("DOCKER_HOST is {}: {reason}", host.display()),
                remedy: "unset DOCKER_HOST or start what it names".into(),
            };
        }
        let installed = which::which("dockerd").is_ok();
        let denied = reason.contains("ermission denied");
        let remedy = if cfg!(windows) {
            "winget install Docker.DockerDesktop"
        } else if cfg!(target_os = "macos") {
            "brew install --cask docker"
        } else if denied {
            "sudo usermod --append --groups docker \"$USER\""
        } else if installed {
            "sudo systemctl start docker"
        } else {
            "sudo apt-get install --yes docker.io"
        };
        Self { reason, remedy: format!("run: {remedy}") }
    }
}

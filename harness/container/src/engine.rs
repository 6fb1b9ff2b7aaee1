//! Finding the container engine: at `DOCKER_HOST`, else at the usual socket or Windows pipe.
//! Starting one is for continuous integration only ([`start_if_absent`]).

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::{ChildWrapper, CommandWrap};
use testcontainers::bollard::Docker;
use testcontainers::core::client::docker_client_instance;

use crate::runtime::block_on;
use crate::{Absent, Error, command};

/// Time limit for the engine to answer with its version.
const ANSWER: Duration = Duration::from_secs(10);

/// An engine that answers and runs Linux containers.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) docker: Docker,
    /// Its version, `20.10.24`.
    pub version: String,
    /// The newest API version that it speaks, `1.41`.
    pub api: String,
    /// Its architecture as Go spells it, `amd64`.
    pub arch: String,
}

impl Engine {
    /// Looks for an engine; takes at most ten seconds.
    ///
    /// # Errors
    /// [`Absent`], with the reason and the remedy.
    pub fn detect() -> Result<Self, Absent> {
        let answer = block_on(async {
            let docker = docker_client_instance().await.map_err(|e| e.to_string())?;
            let version = tokio::time::timeout(ANSWER, docker.version())
                .await
                // Docker Desktop that is starting accepts connections and does not answer.
                .map_err(|_| format!("it did not answer within {ANSWER:?}"))?
                .map_err(|e| e.to_string())?;
            Ok((docker, version))
        });
        let (docker, version) = match answer {
            Ok(Ok(found)) => found,
            Ok(Err(reason)) => return Err(Absent::because(reason)),
            Err(error) => return Err(Absent::because(error.to_string())),
        };
        let os = version.os.unwrap_or_default();
        if os != "linux" {
            return Err(Absent {
                reason: format!("the engine runs {os} containers, not Linux ones"),
                remedy: "switch Docker Desktop to Linux containers".into(),
            });
        }
        Ok(Self {
            docker,
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            arch: version.arch.unwrap_or_default(),
        })
    }
}

/// An engine, and the process behind it where [`start_if_absent`] started it. Dropping it stops
/// that process and nothing else.
#[derive(Debug)]
pub struct Started {
    /// The engine.
    pub engine: Engine,
    /// The log of the engine that was started.
    pub log: Option<PathBuf>,
    child: Option<Box<dyn ChildWrapper>>,
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            command::stop(child.as_mut());
        }
    }
}

/// The engine that answers, else `dockerd` started as this user (root, normally), waited for at
/// most `limit`. Its output goes to `log`.
///
/// # Errors
/// [`Error::Missing`] without a `dockerd`; [`Error::Absent`] with the end of its log when it does
/// not come up.
pub fn start_if_absent(limit: Duration, log: PathBuf) -> Result<Started, Error> {
    let first = match Engine::detect() {
        Ok(engine) => return Ok(Started { engine, log: None, child: None }),
        Err(absent) => absent,
    };
    let dockerd = which::which("dockerd")
        .map_err(|_| Error::Missing { program: "dockerd".into(), remedy: first.remedy })?;
    let file = std::fs::File::create(&log).map_err(Error::file(&log))?;
    let second = file.try_clone().map_err(Error::file(&log))?;
    let mut command = Command::new(&dockerd);
    command.stdin(Stdio::null()).stdout(file).stderr(second);
    let mut wrapped = CommandWrap::from(command);
    #[cfg(unix)]
    wrapped.wrap(process_wrap::std::ProcessGroup::leader());
    let mut child = wrapped.spawn().map_err(Error::file(dockerd))?;
    let deadline = Instant::now() + limit;
    loop {
        match Engine::detect() {
            Ok(engine) => return Ok(Started { engine, log: Some(log), child: Some(child) }),
            Err(absent) => {
                let ended = !matches!(child.try_wait(), Ok(None));
                if ended || Instant::now() > deadline {
                    command::stop(child.as_mut());
                    let text = std::fs::read_to_string(&log).unwrap_or_default();
                    let last = text.lines().last().unwrap_or("nothing in its log").to_owned();
                    let reason = format!("dockerd did not come up ({}): {last}", absent.reason);
                    let remedy = format!("read {}; dockerd needs root", log.display());
                    return Err(Absent { reason, remedy }.into());
                }
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
}

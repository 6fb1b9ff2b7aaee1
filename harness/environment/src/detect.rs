//! Starting and measuring the environments that are there, all at the same time.

use crate::absent::Absent;
use crate::candidates::{Candidate, Candidates, Containers, How, WINE};
use crate::container::{Contained, ContainerConfig};
use crate::driver::{Detection, Environment, EnvironmentError};
use crate::host::{Host, HostConfig, go_arch, go_os};
use crate::sdk::Sdk;
use crate::windows::Windows;
use crate::wsl::Wsl;
use std::path::{Path, PathBuf};
use twinproof_container::{Image, Network, wine};
use twinproof_model::{EnvironmentKind, EnvironmentName};

/// The folder of the root with Wine, in the cache of things made.
pub const WINE_ROOT: &str = "wine-root";

/// Settings of all drivers.
#[derive(Clone, Debug)]
pub struct Config {
    /// Parent of the host's work directories; made when it is missing.
    pub work: PathBuf,
    /// The host's build cache that cases share; made when it is missing.
    pub go_cache: PathBuf,
    /// The folder for things that drivers build for themselves (the launcher for Wine).
    pub cache: PathBuf,
    /// The SDKs there are, of every platform.
    pub sdks: Vec<Sdk>,
    /// Folders with tools that cases on the host find on PATH.
    pub tools: Vec<PathBuf>,
    /// A build cache that those of containers begin with.
    pub warm_cache: Option<PathBuf>,
    /// The network of containers; they reach the harness's own servers only with [`Network::Host`].
    pub network: Network,
}

/// Progress of the detection of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its detection has begun.
    Started(EnvironmentName),
    /// Its detection has ended.
    Ended(EnvironmentName),
}

impl Candidates {
    /// Starts and measures what is there, each in a thread of its own; every candidate comes back, in
    /// the same order. `progress` is called from several threads.
    #[must_use]
    pub fn detect(self, config: &Config, progress: &(dyn Fn(Progress) + Sync)) -> Vec<Detection> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .all
                .into_iter()
                .map(|candidate| {
                    let name = candidate.name.clone();
                    let thread = scope.spawn(move || {
                        progress(Progress::Started(candidate.name.clone()));
                        let name = candidate.name.clone();
                        let detection = candidate.detect(config);
                        progress(Progress::Ended(name));
                        detection
                    });
                    (name, thread)
                })
                .collect();
            // A panic in one driver must not take the results of the others.
            let joined = threads.into_iter().map(|(name, thread)| {
                thread.join().unwrap_or_else(|_| {
                    let error = EnvironmentError::driver(&name, "detection", "the driver panicked");
                    Detection::Broken { name, error }
                })
            });
            joined.collect()
        })
    }
}

impl Candidate {
    fn detect(self, config: &Config) -> Detection {
        let result = match self.how {
            How::Here => host(self.name.kind(), config),
            How::Windows(found) => {
                Windows::detect(found).map(|e| Ok(Box::new(e) as Box<dyn Environment>))
            }
            How::Container(containers, image) => container(&self.name, &containers, &image, config),
            How::Wsl(found, distribution) => Wsl::detect(&found, &distribution, &config.sdks)
                .map(|e| Ok(Box::new(e) as Box<dyn Environment>)),
            How::Absent(absent) => Ok(Err(absent)),
            How::Broken(error) => Err(error),
        };
        let name = self.name;
        match result {
            Ok(Ok(environment)) => Detection::Available(environment),
            Ok(Err(absent)) => Detection::Absent { name, absent },
            Err(error) => Detection::Broken { name, error },
        }
    }
}

/// An environment, its absence, or the failure of its driver.
type Detected = Result<Result<Box<dyn Environment>, Absent>, EnvironmentError>;

fn host(kind: EnvironmentKind, config: &Config) -> Detected {
    let config = HostConfig {
        work: config.work.clone(),
        go_cache: config.go_cache.clone(),
        sdks: config.sdks.clone(),
        wine_root: config.cache.join(WINE_ROOT),
        tools: config.tools.clone(),
    };
    Ok(Ok(Box::new(Host::detect(kind, &config)?)))
}

fn container(
    name: &EnvironmentName,
    containers: &Containers,
    image: &Image,
    config: &Config,
) -> Detected {
    let launcher = if image.name == WINE {
        let Some(go) = go_here(&config.sdks) else {
            return Ok(Err(Absent {
                detail: "the launcher for Wine is built with Go, and there is none here".to_owned(),
                remedy: "twinproof sdk get".to_owned(),
            }));
        };
        let failed = |e| EnvironmentError::driver(name, "building the launcher for Wine", e);
        Some(wine::build_launcher(&go, &config.cache).map_err(failed)?)
    } else {
        None
    };
    let config = ContainerConfig {
        sdks: config.sdks.clone(),
        warm_cache: config.warm_cache.clone(),
        network: config.network,
        launcher,
    };
    Ok(Ok(Box::new(Contained::detect(&containers.engine, &containers.run, image, &config)?)))
}

/// A `go` command that runs on this machine: of an SDK, else the one on PATH.
fn go_here(sdks: &[Sdk]) -> Option<PathBuf> {
    // `go.exe` on Windows.
    let program = Path::new("bin").join("go").with_extension(std::env::consts::EXE_EXTENSION);
    sdks.iter()
        .find(|s| s.os == go_os() && s.arch == go_arch())
        .map(|s| s.goroot.join(&program))
        .or_else(|| which::which("go").ok())
}

//! Looking for every environment that was selected, at the same time.

use crate::container::{Contained, ContainerConfig};
use crate::driver::{Absent, Detection, Environment, EnvironmentError};
use crate::host::{Host, HostConfig, go_arch, go_os};
use crate::sdk::Sdk;
use crate::windows;
use crate::wsl::{self, Wsl, WslConfig};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_container::{Engine, Images, Network, Run, sweep, wine};
use twinproof_model::{EnvironmentKind, EnvironmentName};

/// The image that is the environment `wine`, not `image:wine`.
const WINE: &str = "wine";

/// What the drivers are told.
#[derive(Clone, Debug)]
pub struct Config {
    /// Parent of the host's work directories; made when it is missing.
    pub work: PathBuf,
    /// The host's build cache that cases share; made when it is missing.
    pub go_cache: PathBuf,
    /// Where what drivers build for themselves is kept (the launcher for Wine).
    pub cache: PathBuf,
    /// The SDKs there are, of every platform.
    pub sdks: Vec<Sdk>,
    /// A build cache that those of containers begin with.
    pub warm_cache: Option<PathBuf>,
    /// What containers reach; the harness's own servers only with [`Network::Host`].
    pub network: Network,
    /// After this long containers end by themselves, whatever else happens.
    pub longest_run: Duration,
    /// `wsl.exe`; looked up on PATH when it is not given.
    pub wsl_exe: Option<PathBuf>,
}

/// How far the detection of one environment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is being looked for.
    Started(EnvironmentName),
    /// It is known whether it is there.
    Ended(EnvironmentName),
}

/// Looks for the environments that any of `selectors` selects (`host`, `image`, `image:m*`,
/// `wsl:Debian`, `*`; all of them when there is none), each in a thread of its own. Every one comes
/// back exactly once, sorted by name; one that is named in full comes back even where nothing of
/// that name is known. `progress` is called from several threads.
pub fn detect(
    selectors: &[String],
    config: &Config,
    progress: &(dyn Fn(Progress) + Sync),
) -> Vec<Detection> {
    let mut jobs = jobs(selectors, config);
    jobs.sort_by(|a, b| a.name.cmp(&b.name));
    std::thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                let name = job.name.clone();
                let thread = scope.spawn(move || {
                    progress(Progress::Started(job.name.clone()));
                    let detection = job.run(config);
                    progress(Progress::Ended(job.name.clone()));
                    detection
                });
                (name, thread)
            })
            .collect();
        threads
            .into_iter()
            .map(|(name, thread)| {
                thread.join().unwrap_or_else(|_| {
                    let error = EnvironmentError::driver(&name, "detection", "the driver panicked");
                    Detection::Broken { name, error }
                })
            })
            .collect()
    })
}

/// One environment to look for.
struct Job {
    name: EnvironmentName,
    how: How,
}

enum How {
    Host,
    Windows,
    Container(Containers, String),
    Wsl(wsl::Found, wsl::Distribution),
    Absent(Absent),
}

/// What all containers have in common.
#[derive(Clone)]
struct Containers {
    engine: Engine,
    run: Run,
}

impl Job {
    fn run(&self, config: &Config) -> Detection {
        let result = match &self.how {
            How::Host => host(self.name.kind(), config),
            How::Windows => windows_here(config),
            How::Container(containers, image) => container(containers, image, config),
            How::Wsl(found, distribution) => Wsl::detect(found, distribution, &config.sdks)
                .map(|e| Ok(Box::new(e) as Box<dyn Environment>)),
            How::Absent(absent) => Ok(Err(absent.clone())),
        };
        let name = self.name.clone();
        match result {
            Ok(Ok(environment)) => Detection::Available(environment),
            Ok(Err(absent)) => Detection::Absent { name, absent },
            Err(error) => Detection::Broken { name, error },
        }
    }
}

/// An environment, its absence, or the failure of its driver.
type Detected = Result<Result<Box<dyn Environment>, Absent>, EnvironmentError>;

fn jobs(selectors: &[String], config: &Config) -> Vec<Job> {
    let selected = |name: &EnvironmentName| {
        selectors.is_empty() || selectors.iter().any(|s| name.selected_by(s))
    };
    // Distributions and images are only asked for where one of their kind can be meant.
    let meant = |kind: EnvironmentKind| {
        let text = kind.as_str();
        selectors.is_empty()
            || selectors.iter().any(|s| s.starts_with(text) || s.starts_with(['*', '?', '[']))
    };
    let mut jobs: Vec<Job> = Vec::new();
    let mut add = |name: EnvironmentName, how: How| jobs.push(Job { name, how });
    add(EnvironmentName::of(EnvironmentKind::Host), How::Host);
    add(EnvironmentName::of(EnvironmentKind::Windows), How::Windows);
    if meant(EnvironmentKind::Image) || meant(EnvironmentKind::Wine) {
        for (name, how) in images(config) {
            add(name, how);
        }
    }
    if meant(EnvironmentKind::Wsl) {
        for (name, how) in distributions(config) {
            add(name, how);
        }
    }
    jobs.retain(|job| selected(&job.name));
    for selector in selectors {
        let Ok(name) = selector.parse::<EnvironmentName>() else { continue };
        let is_pattern = selector.contains(['*', '?', '[']);
        let known = jobs.iter().any(|job| job.name.selected_by(selector));
        if !is_pattern && !known {
            let how = How::Absent(unknown(&name));
            jobs.push(Job { name, how });
        }
    }
    jobs
}

/// Why an environment that was named in full is not among those there can be.
fn unknown(name: &EnvironmentName) -> Absent {
    match name.kind() {
        EnvironmentKind::Wsl => {
            let distribution = name.instance().unwrap_or_default();
            Absent {
                detail: format!("there is no distribution `{distribution}`"),
                remedy: format!("wsl.exe --install -d {distribution}"),
            }
        }
        _ => {
            let known = Images::embedded().map(|images| {
                let names = images.all().keys().filter(|n| *n != WINE);
                names.map(String::as_str).collect::<Vec<_>>().join(", ")
            });
            Absent {
                detail: format!("there is no {name}; images are {}", known.unwrap_or_default()),
                remedy: "define it in containers/images.toml".to_owned(),
            }
        }
    }
}

fn host(kind: EnvironmentKind, config: &Config) -> Detected {
    let config = HostConfig {
        work: config.work.clone(),
        go_cache: config.go_cache.clone(),
        sdks: config.sdks.clone(),
    };
    Ok(Ok(Box::new(Host::detect(kind, &config)?)))
}

/// Windows: this machine, or reached from inside WSL.
fn windows_here(config: &Config) -> Detected {
    if cfg!(windows) {
        return host(EnvironmentKind::Windows, config);
    }
    match windows::find() {
        Ok(found) => Ok(Ok(Box::new(windows::Windows::detect(found)?))),
        Err(absent) => Ok(Err(absent)),
    }
}

fn images(config: &Config) -> Vec<(EnvironmentName, How)> {
    let names = match Images::embedded() {
        Ok(images) => images.all().keys().cloned().collect(),
        Err(_) => vec![WINE.to_owned()],
    };
    let containers = Engine::detect()
        .map(|engine| Containers { engine, run: Run::new(config.longest_run) })
        .map_err(|absent| Absent {
            detail: format!("no container engine: {}", absent.reason),
            remedy: absent.remedy,
        });
    if let Ok(containers) = &containers {
        // What a killed run left behind; that it cannot be removed hinders nothing.
        let _ = sweep(&containers.engine);
    }
    names
        .into_iter()
        .map(|image| {
            let name = if image == WINE {
                EnvironmentName::of(EnvironmentKind::Wine)
            } else {
                EnvironmentName::instance_of(EnvironmentKind::Image, &image)
            };
            let how = match &containers {
                Ok(containers) => How::Container(containers.clone(), image),
                Err(absent) => How::Absent(absent.clone()),
            };
            (name, how)
        })
        .collect()
}

fn container(containers: &Containers, image: &str, config: &Config) -> Detected {
    let name = if image == WINE {
        EnvironmentName::of(EnvironmentKind::Wine)
    } else {
        EnvironmentName::instance_of(EnvironmentKind::Image, image)
    };
    let failed = |e| EnvironmentError::driver(&name, format!("looking for the image {image}"), e);
    let found = Images::embedded()
        .and_then(|images| images.cached(&containers.engine, image))
        .map_err(failed)?;
    let Some(found) = found else {
        return Ok(Err(Absent {
            detail: format!("the image `{image}` has not been made here"),
            remedy: "cargo xtask images".to_owned(),
        }));
    };
    let launcher = if image == WINE {
        let Some(go) = go_here(&config.sdks) else {
            return Ok(Err(Absent {
                detail: "the launcher for Wine is built with Go, and there is none here".to_owned(),
                remedy: "twinproof sdk get".to_owned(),
            }));
        };
        let failed = |e| EnvironmentError::driver(&name, "building the launcher for Wine", e);
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
    Ok(Ok(Box::new(Contained::detect(&containers.engine, &containers.run, &found, &config)?)))
}

/// A `go` command that runs on this machine: of an SDK, else the one on PATH.
fn go_here(sdks: &[Sdk]) -> Option<PathBuf> {
    let program = Path::new("bin").join("go").with_extension(std::env::consts::EXE_EXTENSION);
    sdks.iter()
        .find(|s| s.os == go_os() && s.arch == go_arch())
        .map(|s| s.goroot.join(&program))
        .or_else(|| which::which("go").ok())
}

fn distributions(config: &Config) -> Vec<(EnvironmentName, How)> {
    let config = WslConfig { program: config.wsl_exe.clone(), sdks: config.sdks.clone() };
    match wsl::find(&config) {
        Err(absent) => vec![(EnvironmentName::of(EnvironmentKind::Wsl), How::Absent(absent))],
        Ok(found) => found
            .distributions
            .iter()
            .map(|distribution| {
                let name = EnvironmentName::instance_of(EnvironmentKind::Wsl, &distribution.name);
                let how = if distribution.is_utility() {
                    How::Absent(Absent {
                        detail: format!("{} only serves another product", distribution.name),
                        remedy: "wsl.exe --install -d Ubuntu".to_owned(),
                    })
                } else {
                    How::Wsl(found.clone(), distribution.clone())
                };
                (name, how)
            })
            .collect(),
    }
}

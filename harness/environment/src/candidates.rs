//! Lists the environments that this machine can have, without running anything in them. That
//! happens before SDKs are fetched, so that none is fetched for an absent environment.

use crate::absent::Absent;
use crate::driver::EnvironmentError;
use crate::windows;
use crate::wsl::{self, WslConfig};
use std::path::PathBuf;
use std::time::Duration;
use twinproof_container::{Engine, Image, Images, Run, sweep};
use twinproof_model::{EnvironmentKind, EnvironmentName};

/// The image that is the environment `wine`, not `image:wine`.
pub(crate) const WINE: &str = "wine";

/// Options of the search for environments.
#[derive(Clone, Debug)]
pub struct Look {
    /// Containers end by themselves after this time, even where the harness cannot end them.
    pub longest_run: Duration,
    /// `wsl.exe`; looked up on PATH when it is not given.
    pub wsl_exe: Option<PathBuf>,
}

/// The candidates: environments that can be started, and why the others cannot.
#[derive(Debug)]
pub struct Candidates {
    pub(crate) all: Vec<Candidate>,
}

/// An environment that was found or asked for.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) name: EnvironmentName,
    pub(crate) how: How,
}

/// The way to start an environment, or the reason why it cannot be started.
#[derive(Debug)]
pub(crate) enum How {
    /// The harness's own machine.
    Here,
    Windows(windows::Found),
    Container(Containers, Box<Image>),
    Wsl(wsl::Found, wsl::Distribution),
    Absent(Absent),
    Broken(EnvironmentError),
}

/// Settings that all containers share.
#[derive(Clone, Debug)]
pub(crate) struct Containers {
    pub(crate) engine: Engine,
    pub(crate) run: Run,
}

impl Candidates {
    /// Looks for the environments that any of `selectors` selects (`host`, `image`, `image:m*`,
    /// `wsl:Debian`, `*`; all of them when there is none). Each is listed exactly once, sorted by
    /// name; one that is named in full is listed even where nothing of that name was found.
    #[must_use]
    pub fn look(selectors: &[String], look: &Look) -> Self {
        let selected = |name: &EnvironmentName| {
            selectors.is_empty() || selectors.iter().any(|s| name.selected_by(s))
        };
        // Distributions and images are only listed where a selector can select one.
        let meant = |kind: EnvironmentKind| {
            let text = kind.as_str();
            selectors.is_empty()
                || selectors.iter().any(|s| s.starts_with(text) || s.starts_with(['*', '?', '[']))
        };
        let mut all = vec![Candidate::new(EnvironmentName::of(EnvironmentKind::Host), How::Here)];
        let windows = EnvironmentName::of(EnvironmentKind::Windows);
        if selected(&windows) {
            all.push(Candidate::new(windows, windows_here()));
        }
        if meant(EnvironmentKind::Image) || meant(EnvironmentKind::Wine) {
            all.extend(images(&selected, look));
        }
        if meant(EnvironmentKind::Wsl) {
            all.extend(distributions(look));
        }
        all.retain(|candidate| selected(&candidate.name));
        // A run that names an absent environment must show it as absent; without this it would be
        // missing from the report.
        for selector in selectors {
            let Ok(name) = selector.parse::<EnvironmentName>() else { continue };
            let is_pattern = selector.contains(['*', '?', '[']);
            let known = all.iter().any(|candidate| candidate.name.selected_by(selector));
            if !is_pattern && !known {
                let how = How::Absent(unknown(&name));
                all.push(Candidate { name, how });
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Self { all }
    }

    /// The names of those that can be started.
    pub fn there(&self) -> impl Iterator<Item = &EnvironmentName> {
        let is_there = |c: &&Candidate| !matches!(c.how, How::Absent(_) | How::Broken(_));
        self.all.iter().filter(is_there).map(|candidate| &candidate.name)
    }
}

impl Candidate {
    fn new(name: EnvironmentName, how: How) -> Self {
        Self { name, how }
    }
}

/// The absence of an environment that was named in full and not found.
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
            // `wine` has a kind of its own, and is not to be suggested as `image:wine`.
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

/// Windows: this machine, or reached from inside WSL.
fn windows_here() -> How {
    if cfg!(windows) {
        return How::Here;
    }
    windows::find().map_or_else(How::Absent, How::Windows)
}

fn images(selected: &dyn Fn(&EnvironmentName) -> bool, look: &Look) -> Vec<Candidate> {
    let images = Images::embedded();
    let names = match &images {
        Ok(images) => images.all().keys().cloned().collect(),
        // Wine is a candidate even if the table of images cannot be read: then it is shown as
        // broken, not left out.
        Err(_) => vec![WINE.to_owned()],
    };
    let containers = Engine::detect()
        .map(|engine| Containers { engine, run: Run::new(look.longest_run) })
        .map_err(|absent| Absent {
            detail: format!("no container engine: {}", absent.reason),
            remedy: absent.remedy,
        });
    if let Ok(containers) = &containers {
        // Remove containers that a killed run left behind. A failure here does not affect this run.
        let _ = sweep(&containers.engine);
    }
    let how = |image: &str, name: &EnvironmentName| {
        let containers = match &containers {
            Ok(containers) => containers,
            Err(absent) => return How::Absent(absent.clone()),
        };
        let found = images
            .as_ref()
            .map_err(ToString::to_string)
            .and_then(|images| images.cached(&containers.engine, image).map_err(|e| e.to_string()));
        match found {
            Ok(Some(found)) => How::Container(containers.clone(), Box::new(found)),
            Ok(None) => How::Absent(Absent {
                detail: format!("the image `{image}` has not been made here"),
                remedy: format!("cargo xtask images {image}"),
            }),
            Err(error) => {
                let action = format!("looking for the image {image}");
                How::Broken(EnvironmentError::driver(name, action, error))
            }
        }
    };
    let named = names.into_iter().map(|image| (name_of(&image), image));
    named
        .filter(|(name, _)| selected(name))
        .map(|(name, image)| {
            let how = how(&image, &name);
            Candidate { name, how }
        })
        .collect()
}

/// The environment that an image becomes.
fn name_of(image: &str) -> EnvironmentName {
    if image == WINE {
        EnvironmentName::of(EnvironmentKind::Wine)
    } else {
        EnvironmentName::instance_of(EnvironmentKind::Image, image)
    }
}

fn distributions(look: &Look) -> Vec<Candidate> {
    let config = WslConfig { program: look.wsl_exe.clone(), sdks: Vec::new() };
    let found = match wsl::find(&config) {
        Err(absent) => {
            let name = EnvironmentName::of(EnvironmentKind::Wsl);
            return vec![Candidate::new(name, How::Absent(absent))];
        }
        Ok(found) => found,
    };
    let candidate = |distribution: &wsl::Distribution| {
        let name = EnvironmentName::instance_of(EnvironmentKind::Wsl, &distribution.name);
        let how = if distribution.is_utility() {
            How::Absent(Absent {
                detail: format!("{} only serves another product", distribution.name),
                remedy: "wsl.exe --install -d Ubuntu".to_owned(),
            })
        } else {
            How::Wsl(found.clone(), distribution.clone())
        };
        Candidate { name, how }
    };
    found.distributions.iter().map(candidate).collect()
}

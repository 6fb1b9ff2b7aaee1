//! A container's facts, measured once.

use super::flavour::Flavour;
use super::sandbox::{ContainerSandbox, Ended};
use super::warm::warm;
use crate::driver::{Environment, EnvironmentError, Sandbox};
use crate::facts::Facts;
use crate::host::{posix_env, windows_env};
use crate::measured::{Network, measured};
use crate::probe;
use crate::sdk::{Offered, Sdk};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use twinproof_container::{
    Engine, Error, Image, Mount, Network as Reach, Origin, Run, Session, SessionOptions,
};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName};

/// Settings of the drivers for containers.
#[derive(Clone, Debug)]
pub struct ContainerConfig {
    /// The SDKs there are; those for Linux are mounted into images, those for Windows into `wine`.
    pub sdks: Vec<Sdk>,
    /// A build cache on the harness's machine that the container's own begins with.
    pub warm_cache: Option<PathBuf>,
    /// The network of containers. Only with [`Reach::Host`] can they reach the harness's servers.
    pub network: Reach,
    /// The launcher that `wine` needs (`twinproof_container::wine::build_launcher`).
    pub launcher: Option<PathBuf>,
}

/// A running container.
pub struct Contained {
    facts: Facts,
    pub(super) session: Session,
    flavour: Flavour,
    opened: AtomicU64,
    ended: Ended,
}

impl Contained {
    /// Starts a container of an image that is present, measures it, and does the handshake. The
    /// image `wine` becomes the environment `wine`, any other one `image:<name>`.
    ///
    /// # Errors
    /// When the engine fails, an SDK does not run, or the handshake fails.
    pub fn detect(
        engine: &Engine,
        run: &Run,
        image: &Image,
        config: &ContainerConfig,
    ) -> Result<Self, EnvironmentError> {
        let (name, flavour) = name_of(&image.name);
        let os = if flavour == Flavour::Wine { "windows" } else { "linux" };
        let failed = |action: &str, e: Error| EnvironmentError::driver(&name, action, e);
        // Mounts belong to a container from its start, so all SDKs that fit are mounted before one
        // is wanted.
        let fitting = config.sdks.iter().filter(|s| s.os == os && s.arch == engine.arch);
        let mounts = fitting
            .filter_map(|sdk| {
                let container = flavour.unix(&flavour.sdk(&sdk.version))?;
                Some(Mount { host: sdk.goroot.clone(), container })
            })
            .collect();
        let options = SessionOptions {
            network: config.network,
            mounts,
            launcher: config.launcher.clone().filter(|_| flavour == Flavour::Wine),
            ..SessionOptions::default()
        };
        let session = Session::start(engine, run, image, options)
            .map_err(|e| failed("starting the container", e))?;
        let go_cache = probe::join(flavour.work(), "go-build");
        let cache = warm(&session, flavour, &go_cache, config.warm_cache.as_deref())
            .map_err(|e| failed("filling the build cache", e))?;
        let of_engine = session.facts().map_err(|e| failed("gathering facts", e))?;
        let mut facts = Facts::new(name, go_cache);
        facts.sdks =
            Offered::of(&config.sdks, os, &engine.arch, |sdk| Some(flavour.sdk(&sdk.version)));
        let mut contained =
            Self { facts, session, flavour, opened: AtomicU64::new(0), ended: Ended::default() };
        let (mut probed, handshake) = measured(&contained, Network::Unknown)?;
        if probed.capabilities.contains(&Capability::WindowsPaths)
            && probed.capabilities.remove(&Capability::CaseSensitive)
        {
            // The files of the container keep apart by case, and its programs do not: Wine takes a
            // name in another case where there is none in its own.
            probed.capabilities.insert(Capability::CaseInsensitive);
        }
        let fingerprint = &mut probed.fingerprint;
        fingerprint.arch = engine.arch.clone();
        fingerprint.image = Some(of_engine.image_id);
        let (origin, packages) = described(&of_engine.origin);
        fingerprint.facts = BTreeMap::from([
            ("build cache".to_owned(), cache.to_owned()),
            ("engine".to_owned(), of_engine.engine),
            ("image".to_owned(), of_engine.image),
            ("base".to_owned(), origin),
        ]);
        let packages = packages.map(|packages| ("packages".to_owned(), packages));
        fingerprint.facts.extend(packages);
        if let Some(wine) = of_engine.wine {
            fingerprint.facts.insert("wine".to_owned(), wine);
            fingerprint.facts.insert("wine on".to_owned(), of_engine.kernel);
        }
        contained.facts.measured(probed, handshake);
        Ok(contained)
    }
}

/// The environment that an image becomes.
fn name_of(image: &str) -> (EnvironmentName, Flavour) {
    if image == "wine" {
        (EnvironmentName::of(EnvironmentKind::Wine), Flavour::Wine)
    } else {
        (EnvironmentName::instance_of(EnvironmentKind::Image, image), Flavour::Linux)
    }
}

/// The source of an image, and its packages where they are known.
fn described(origin: &Origin) -> (String, Option<String>) {
    match origin {
        Origin::Pulled { reference, digest } => (format!("{reference} {digest}"), None),
        Origin::Made { suite, packages } => {
            let packages: Vec<_> = packages.iter().map(|(n, v)| format!("{n} {v}")).collect();
            (format!("Debian {suite}"), Some(packages.join(", ")))
        }
    }
}

impl Environment for Contained {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        match self.flavour {
            Flavour::Linux => posix_env(home, tmp),
            Flavour::Wine => windows_env(home, tmp, r"C:\windows", &|_| None),
        }
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        // Two cases with the same label may run at the same time in one container.
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let dir = format!("{}-{number}", crate::label::safe(label));
        let root = probe::join(self.flavour.work(), &dir);
        let (name, session, flavour) = (&self.facts.name, &self.session, self.flavour);
        Ok(Box::new(ContainerSandbox::new(name, session, flavour, root, &self.ended)?))
    }
}

//! The environments of a run, found side by side, with the SDKs that its cases need.

use crate::attempt::attempt;
use crate::board::Board;
use crate::exit::Failure;
use crate::gocache::{self, Caches};
use crate::subject::{SdkSubject, Subjects};
use crate::{cached_tools, sdks};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use twinproof_container::Network;
use twinproof_engine::{Judged, SelectionError, Stop, needs_sdk, sdk_versions};
use twinproof_environment::{
    Absent, Candidates, Config, Detection, Environment, Look, Progress, Sdk,
};
use twinproof_model::{EnvironmentKind, EnvironmentName};
use twinproof_steps::{Case, Step};
use twinproof_subject::{Declaration, Means, Subject};
use twinproof_toolchain::{Cache, Platform, Version};

/// Environments, SDKs and subjects that a run needs.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Environments, each once.
    pub names: Vec<EnvironmentName>,
    /// Needs of the cases: the environments that they are for, and versions of SDKs.
    needs: Vec<(Vec<String>, BTreeSet<Version>)>,
    /// Whether the subject's SDK is needed even where no case needs it: it was named, or a
    /// subject's program is built with it.
    needs_subject: bool,
    /// Whether a case uses a file that is made on the host.
    makes_files: bool,
    /// Parts of the standard library that cases in containers build with.
    library: BTreeSet<gocache::Part>,
    /// The subjects.
    pub subjects: Subjects,
    /// After this time containers end by themselves, even where the harness cannot end them.
    pub longest_run: Duration,
}

/// Environments, SDK and subjects of a run, as detected.
pub struct Detected {
    /// The wanted environments, available or absent.
    pub found: Vec<Detection>,
    /// The toolchain that is judged.
    pub sdk: SdkSubject,
    /// This machine, where a case runs on it or uses a file that is made on it.
    pub host: Option<Arc<dyn Environment>>,
    /// The subjects of those environments that are ones.
    pub servers: BTreeMap<EnvironmentName, Subject>,
}

impl Wanted {
    /// The environments that selectors mean (all where there are none) among those that cases name,
    /// and the SDKs that those cases need.
    ///
    /// # Errors
    /// When a selector means no environment.
    pub fn new(
        selectors: &[String],
        cases: &[Case],
        subjects: &Subjects,
        longest_run: Duration,
    ) -> Result<Self, SelectionError> {
        let subject = &subjects.sdk;
        let mut known = vec![EnvironmentName::of(EnvironmentKind::Host)];
        if let Ok(images) = twinproof_container::Images::embedded() {
            let names = images.all().keys().filter(|n| *n != "wine");
            known.extend(names.map(|n| EnvironmentName::instance_of(EnvironmentKind::Image, n)));
        }
        for kind in [EnvironmentKind::Wine, EnvironmentKind::Wsl, EnvironmentKind::Windows] {
            known.push(EnvironmentName::of(kind));
        }
        known.extend(subjects.environments());
        let mut names = Vec::new();
        for selector in selectors {
            let before = names.len();
            names.extend(known.iter().filter(|n| n.selected_by(selector)).cloned());
            if names.len() == before {
                match selector.parse::<EnvironmentName>() {
                    Ok(name) if name.kind() == EnvironmentKind::Wsl => names.push(name),
                    _ => return Err(SelectionError::NoEnvironment(selector.clone())),
                }
            }
        }
        if selectors.is_empty() {
            // On Windows the host is what `windows` is: once is enough.
            let twice = |n: &EnvironmentName| cfg!(windows) && n.kind() == EnvironmentKind::Host;
            names = known.into_iter().filter(|n| !twice(n)).collect();
        }
        let named = |n: &EnvironmentName| {
            cases.iter().any(|c| c.environments.iter().any(|s| n.selected_by(s)))
        };
        let mut seen = BTreeSet::new();
        names.retain(|n| named(n) && seen.insert(n.clone()));
        let builds = |d: &&Declaration| d.build.is_some() || d.test.is_some() || d.needs_go;
        let built =
            subjects.servers.iter().filter(builds).any(|d| names.contains(&d.environment()));
        let version = |text: &str| text.parse::<Version>().ok();
        let needs = cases.iter().map(|case| {
            let mut versions: BTreeSet<_> =
                sdk_versions(case).iter().filter_map(|v| version(v)).collect();
            versions.extend(needs_sdk(case).then(|| version(&subject.version)).flatten());
            (case.environments.clone(), versions)
        });
        let needs = needs.filter(|(_, versions)| !versions.is_empty()).collect();
        let makes_files =
            cases.iter().flat_map(|c| &c.step).any(|step| matches!(step, Step::Artifact(_)));
        let needs_subject = built || subject.asked;
        let library = gocache::built_in_containers(cases, &subject.version);
        let subjects = subjects.clone();
        Ok(Self { names, needs, needs_subject, makes_files, library, subjects, longest_run })
    }

    /// Versions and platforms of the SDKs that environments which are there run.
    fn sdks(&self, there: &[EnvironmentName], host: Platform) -> BTreeSet<(Version, Platform)> {
        let mut all = BTreeSet::new();
        if self.makes_files {
            // Files are made with the SDKs that their cases are about, wherever those run.
            let versions = self.needs.iter().flat_map(|(_, versions)| versions);
            all.extend(versions.map(|v| (*v, host)));
        }
        let subject = self.subjects.sdk.version.parse::<Version>().ok();
        if self.needs_subject {
            all.extend(subject.map(|v| (v, host)));
        }
        for name in there {
            let os = match name.kind() {
                EnvironmentKind::Image | EnvironmentKind::Wsl => "linux",
                EnvironmentKind::Wine => "windows",
                // Windows beyond WSL runs its own.
                EnvironmentKind::Windows if !cfg!(windows) => continue,
                _ => host.os(),
            };
            let Ok(platform) = Platform::new(os, host.arch()) else { continue };
            if name.kind() == EnvironmentKind::Wine {
                // Its launcher is built with Go, even where no case needs Go.
                all.extend(subject.map(|v| (v, host)));
            }
            let is_for = |selectors: &[String]| selectors.iter().any(|s| name.selected_by(s));
            for (_, versions) in self.needs.iter().filter(|(selectors, _)| is_for(selectors)) {
                all.extend(versions.iter().map(|v| (*v, platform)));
            }
        }
        all
    }
}

/// Looks for every wanted environment, provides the SDKs that those which are there need, warms the
/// build cache, and starts them.
///
/// # Errors
/// When the machine's own cache cannot be used, or a driver that is there does not work.
pub fn find(wanted: &Wanted, board: &Board, stop: &'static Stop) -> Result<Detected, Failure> {
    let judged: Vec<&EnvironmentName> =
        wanted.names.iter().filter(|n| n.kind().is_subject()).collect();
    let host = EnvironmentName::of(EnvironmentKind::Host);
    let mut names: Vec<String> =
        wanted.names.iter().filter(|n| !n.kind().is_subject()).map(ToString::to_string).collect();
    if (!judged.is_empty() || wanted.makes_files) && !wanted.names.contains(&host) {
        names.push(host.to_string());
    }
    let look = Look { longest_run: wanted.longest_run, wsl_exe: None };
    let candidates = (!names.is_empty()).then(|| Candidates::look(&names, &look));
    // Before SDKs are fetched or made: none is for an environment that is not there.
    let is_wanted = |name: &&EnvironmentName| {
        wanted.names.iter().any(|n| n == *name || name.selected_by(&n.to_string()))
    };
    let mut there: Vec<EnvironmentName> =
        candidates.iter().flat_map(Candidates::there).filter(is_wanted).cloned().collect();
    there.extend(judged.iter().map(|name| (*name).clone()));
    let toolchains = sdks::toolchains().map_err(Failure::broken)?;
    let host_platform = toolchains.host();
    let pairs: Vec<_> = wanted.sdks(&there, host_platform).into_iter().collect();
    let mut provided = sdks::provide(&toolchains, &pairs, board, &|| stop.requested());
    for (sdk, why) in &provided.missing {
        board.line(&format!("no SDK {sdk}: {why}"));
    }
    let mut subject = wanted.subjects.sdk.clone();
    if !pairs.is_empty()
        && !subject.asked
        && !provided.has(&subject.version, toolchains.host())
        && let Some(sdk) = sdks::on_path(toolchains.host())
    {
        board.line(&format!("judging Go {} found on PATH, not verified, instead", sdk.version));
        subject.version.clone_from(&sdk.version);
        provided.sdks.push(sdk);
    }
    let caches = Caches::of_user().map_err(Failure::broken)?;
    let wine = there.iter().any(|name| name.kind() == EnvironmentKind::Wine);
    let is_container = |name: &EnvironmentName| {
        matches!(name.kind(), EnvironmentKind::Wine | EnvironmentKind::Image)
    };
    let asked = if there.iter().any(is_container) { &wanted.library } else { &BTreeSet::new() };
    gocache::warm(&caches, &provided.sdks, host_platform, &subject.version, wine, asked, board)
        .map_err(Failure::broken)?;
    let config = Config {
        work: twinproof_base::temporary::own_folder().map_err(Failure::broken)?,
        go_cache: caches.cases,
        cache: driver_cache().map_err(Failure::broken)?,
        sdks: provided.sdks,
        tools: cached_tools::folders().map_err(Failure::broken)?,
        warm_cache: Some(caches.library),
        network: Network::None,
    };
    let mut found = match candidates {
        None => Vec::new(),
        Some(candidates) => candidates.detect(&config, &|progress| match progress {
            Progress::Started(name) => {
                board.say(&name.to_string(), &format!("{name}: starting"), None);
            }
            Progress::Ended(name) => board.done(&name.to_string(), &format!("{name}: ready")),
        }),
    };
    let this = shared(&host, &mut found);
    let mut servers = BTreeMap::new();
    if !judged.is_empty() {
        let means = means(wanted, &subject, &config, host_platform).map_err(Failure::broken)?;
        with_subjects(wanted, &judged, &means, board, &mut found, &mut servers);
    }
    if !wanted.names.contains(&host) {
        found.retain(|detection| *detection.name() != host);
    }
    let order = |name: &EnvironmentName| {
        let at = wanted.names.iter().position(|n| n == name || name.selected_by(&n.to_string()));
        at.unwrap_or(usize::MAX)
    };
    found.sort_by_key(|d| order(d.name()));
    Ok(Detected { found, sdk: subject, host: this, servers })
}

/// The host, where it is there, for other uses than its own cases.
fn shared(host: &EnvironmentName, found: &mut Vec<Detection>) -> Option<Arc<dyn Environment>> {
    let at = found.iter().position(|d| d.name() == host)?;
    match found.swap_remove(at) {
        Detection::Available(environment) => {
            let shared: Arc<dyn Environment> = Arc::from(environment);
            found.push(Detection::Available(Box::new(Arc::clone(&shared))));
            Some(shared)
        }
        other => {
            found.push(other);
            None
        }
    }
}

/// The sources of subjects' programs.
fn means(
    wanted: &Wanted,
    sdk: &SdkSubject,
    config: &Config,
    host: Platform,
) -> Result<Means, twinproof_toolchain::Error> {
    let fits = |s: &&Sdk| s.version == sdk.version && s.os == host.os() && s.arch == host.arch();
    let go = config.sdks.iter().find(fits);
    Ok(Means {
        this: twinproof_base::program::this().map_err(|error| error.to_string()),
        given: wanted.subjects.given.clone(),
        go: go.map(|sdk| {
            let program = sdk.goroot.join("bin").join(format!("go{}", host.exe()));
            (program, sdk.version.clone())
        }),
        cache: Cache::of_user()?.root().to_owned(),
        go_cache: config.go_cache.clone(),
    })
}

/// Gets the subjects, and puts one environment for each in place of the host, or beside it.
fn with_subjects(
    wanted: &Wanted,
    judged: &[&EnvironmentName],
    means: &Means,
    board: &Board,
    found: &mut Vec<Detection>,
    servers: &mut BTreeMap<EnvironmentName, Subject>,
) {
    let host = EnvironmentName::of(EnvironmentKind::Host);
    let at = found.iter().position(|d| *d.name() == host);
    let Some(detection) = at.map(|at| found.remove(at)) else { return };
    let absent = |name: &EnvironmentName, detail: String, remedy: String| Detection::Absent {
        name: name.clone(),
        absent: Absent { detail, remedy },
    };
    let shared: Arc<dyn Environment> = match detection {
        Detection::Available(environment) => Arc::from(environment),
        Detection::Absent { absent: why, .. } => {
            let of = |name: &&EnvironmentName| absent(name, why.detail.clone(), why.remedy.clone());
            found.extend(judged.iter().map(of));
            return;
        }
        Detection::Broken { error, .. } => {
            let why = format!("the host cannot be relied on: {error}");
            found.extend(judged.iter().map(|name| absent(name, why.clone(), String::new())));
            found.push(Detection::Broken { name: host, error });
            return;
        }
    };
    for declaration in &wanted.subjects.servers {
        let name = declaration.environment();
        if !judged.contains(&&name) {
            continue;
        }
        let task = name.to_string();
        let say = |what: &str| board.say(&task, &format!("{task}: {what}"), None);
        say("getting its program");
        let got = Subject::get(declaration, means, &say).and_then(|server| {
            say("trying it once");
            attempt(&server, shared.as_ref(), means).map(|()| server)
        });
        match got {
            Ok(server) => {
                board.done(&task, &format!("{task}: ready"));
                let judged = Judged::new(Arc::clone(&shared), &server);
                found.push(Detection::Available(Box::new(judged)));
                servers.insert(name, server);
            }
            Err(missing) => {
                board.done(&task, "");
                found.push(absent(&name, missing.detail, missing.remedy));
            }
        }
    }
    if wanted.names.contains(&host) {
        found.push(Detection::Available(Box::new(shared)));
    }
}

/// The cache folder for the files that drivers build for themselves.
///
/// # Errors
/// When this user has no folder for caches.
pub fn driver_cache() -> Result<PathBuf, twinproof_toolchain::Error> {
    Ok(Cache::of_user()?.root().join("drivers"))
}

//! The environments of a run, found side by side, with the SDKs that its cases need.

use crate::exit::Failure;
use crate::progress::Board;
use crate::subject::{Subject, Subjects};
use crate::{gocache, sdks};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use twinproof_container::Network;
use twinproof_engine::{Judged, SelectionError, Stop, needs_sdk, sdk_versions};
use twinproof_environment::{Absent, Config, Detection, Environment, Progress, Sdk, detect};
use twinproof_model::{EnvironmentKind, EnvironmentName};
use twinproof_steps::Case;
use twinproof_subject::{Declaration, Means, Subject as Server};
use twinproof_toolchain::{Cache, Platform, Version};

/// What a run asks for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Environments, each once.
    pub names: Vec<EnvironmentName>,
    /// Versions of SDKs that its cases are about; none where no case needs one.
    pub versions: BTreeSet<Version>,
    /// What is judged.
    pub subjects: Subjects,
    /// After this long containers end by themselves, whatever happens to the harness.
    pub longest_run: Duration,
}

/// What a run has.
pub struct Detected {
    /// Each wanted environment, there or not.
    pub found: Vec<Detection>,
    /// The toolchain that is judged.
    pub sdk: Subject,
    /// The subjects of those environments that are ones.
    pub servers: BTreeMap<EnvironmentName, Server>,
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
        // The launcher of Windows programs under Wine is built with Go, whatever the cases need.
        let wine = names.iter().any(|n| n.kind() == EnvironmentKind::Wine);
        let builds = |d: &&Declaration| d.build.is_some() || d.test.is_some() || d.needs_go;
        let built =
            subjects.servers.iter().filter(builds).any(|d| names.contains(&d.environment()));
        let needed = wine || built || subject.asked || cases.iter().any(needs_sdk);
        let mut versions: BTreeSet<Version> =
            needed.then(|| subject.version.parse().ok()).flatten().into_iter().collect();
        for case in cases {
            versions.extend(sdk_versions(case).iter().filter_map(|v| v.parse::<Version>().ok()));
        }
        Ok(Self { names, versions, subjects: subjects.clone(), longest_run })
    }

    fn has(&self, kind: EnvironmentKind) -> bool {
        self.names.iter().any(|n| n.kind() == kind)
    }

    /// Versions and platforms of the SDKs that its environments run.
    fn sdks(&self, host: Platform) -> Vec<(Version, Platform)> {
        let mut platforms = BTreeSet::from([host]);
        let platform = |os: &str| Platform::new(os, host.arch()).ok();
        if self.has(EnvironmentKind::Image) || self.has(EnvironmentKind::Wsl) {
            platforms.extend(platform("linux"));
        }
        if self.has(EnvironmentKind::Wine) {
            platforms.extend(platform("windows"));
        }
        let pairs = |p: Platform| self.versions.iter().map(move |v| (*v, p));
        platforms.into_iter().flat_map(pairs).collect()
    }
}

/// Provides the SDKs, warms the build cache, and looks for every wanted environment.
///
/// # Errors
/// When the machine's own cache cannot be used, or a driver that is there does not work.
pub fn find(wanted: &Wanted, board: &Board, stop: &'static Stop) -> Result<Detected, Failure> {
    let toolchains = sdks::toolchains().map_err(Failure::broken)?;
    let host_platform = toolchains.host();
    let pairs = wanted.sdks(toolchains.host());
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
    let cache = gocache::folder().map_err(Failure::broken)?;
    gocache::warm(&cache, &provided.sdks, toolchains.host(), board).map_err(Failure::broken)?;
    let config = Config {
        work: work_folder(),
        go_cache: cache.clone(),
        cache: toolchains_cache().map_err(Failure::broken)?,
        sdks: provided.sdks,
        warm_cache: Some(cache),
        network: Network::None,
        longest_run: wanted.longest_run,
        wsl_exe: None,
    };
    let judged: Vec<&EnvironmentName> =
        wanted.names.iter().filter(|n| n.kind().is_subject()).collect();
    let host = EnvironmentName::of(EnvironmentKind::Host);
    let mut names: Vec<String> =
        wanted.names.iter().filter(|n| !n.kind().is_subject()).map(ToString::to_string).collect();
    if !judged.is_empty() && !wanted.names.contains(&host) {
        names.push(host.to_string());
    }
    let mut found = if names.is_empty() {
        Vec::new()
    } else {
        detect(&names, &config, &|progress| match progress {
            Progress::Started(name) => {
                board.say(&name.to_string(), &format!("{name}: starting"), None);
            }
            Progress::Ended(name) => board.done(&name.to_string(), &format!("{name}: ready")),
        })
    };
    let mut servers = BTreeMap::new();
    if !judged.is_empty() {
        let means = means(wanted, &subject, &config, host_platform).map_err(Failure::broken)?;
        with_subjects(wanted, &judged, &means, board, &mut found, &mut servers);
    }
    let order = |name: &EnvironmentName| {
        let at = wanted.names.iter().position(|n| n == name || name.selected_by(&n.to_string()));
        at.unwrap_or(usize::MAX)
    };
    found.sort_by_key(|d| order(d.name()));
    Ok(Detected { found, sdk: subject, servers })
}

/// What subjects' programs are got with.
fn means(
    wanted: &Wanted,
    sdk: &Subject,
    config: &Config,
    host: Platform,
) -> Result<Means, twinproof_toolchain::Error> {
    let fits = |s: &&Sdk| s.version == sdk.version && s.os == host.os() && s.arch == host.arch();
    let go = config.sdks.iter().find(fits);
    Ok(Means {
        this: std::env::current_exe().ok(),
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
    servers: &mut BTreeMap<EnvironmentName, Server>,
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
        match Server::get(declaration, means, &say) {
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

/// Where what drivers build for themselves is kept.
fn toolchains_cache() -> Result<PathBuf, twinproof_toolchain::Error> {
    Ok(Cache::of_user()?.root().join("drivers"))
}

/// Parent of the host's work directories.
fn work_folder() -> PathBuf {
    std::env::temp_dir().join("twinproof")
}

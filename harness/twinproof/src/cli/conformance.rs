//! `conformance`: runs suites in environments and writes the audit report.

use super::inputs;
use super::publish::publish;
use super::repository::Repository;
use crate::board::Board;
use crate::bundle_folder::BundleFolder;
use crate::cached_tools::goroot_of_wheel;
use crate::environments::{self, Detected, Wanted};
use crate::exit::{CONFORMANT, Failure};
use crate::features;
use crate::progress::CellProgress;
use crate::sdk_statement;
use crate::subject::{SdkSubject, Subjects};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use twinproof_engine::{
    Bundle, Drive, Plan, Redactor, RunLimits, RunTarget, Sdks, Selection, Shard, Stop, named, plan,
    run, write_pending,
};
use twinproof_environment::Detection;
use twinproof_judge::{Judge, Placed, RunManifest, assemble, class_of};
use twinproof_model::{
    Claim, Controls, EnvironmentKind, EnvironmentName, EnvironmentResult, Fingerprint, Level,
    RunMeta, Skip, glob_matches,
};
use twinproof_steps::Case;
use twinproof_suite::Loaded;

/// Run suites in environments and write the audit report.
///
/// Uses what is there and needs no set-up: the pinned Go SDKs are fetched and verified once, Windows'
/// is made from them for Wine, and an environment that is absent is reported with the command that
/// would provide it. Exits with 0 when the subject conforms, 1 when not, 2 when that is not known,
/// 254 when the invocation or a suite is wrong, 255 when the harness broke.
#[derive(clap::Args, Debug)]
pub struct Conformance {
    /// Suites to run
    #[arg(long, value_name = "SUITE", value_delimiter = ',')]
    suite: Vec<String>,
    /// Cases to run: patterns over `suite/id` or `id`; `*` within a name, `**` anything
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    case: Vec<String>,
    /// Cases to leave out
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    skip: Vec<String>,
    /// Environments: host, windows, wine, wsl, wsl:DISTRO, image, image:NAME, proxy:NAME, sumdb:NAME,
    /// masking:NAME
    #[arg(long, value_name = "ENV", value_delimiter = ',')]
    env: Vec<String>,
    /// Subject to judge: sdk=VERSION; proxy=, sumdb= or masking= with a subject's NAME, a URL (for
    /// sumdb `KEY URL`, as GOSUMDB has it) or a FILE.toml that declares one; NAME=PATH, the program
    /// of a subject that has to be given one. Repeat for several; the embedded proxy and database
    /// when absent
    #[arg(long, value_name = "KIND=VALUE")]
    subject: Vec<String>,
    /// Tags, any of which a case must have; cases with the tag `all` run only
    /// where tags or patterns are asked for
    #[arg(long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// Levels of claims to judge: must, should, may; all when absent
    #[arg(long, value_name = "LEVEL", value_delimiter = ',', value_parser = level)]
    level: Vec<Level>,
    /// Run one part of several, such as 1/4
    #[arg(long, value_name = "N/M")]
    shard: Option<Shard>,
    /// Folder of suites instead of those built in
    #[arg(long, value_name = "DIR")]
    suites: Option<PathBuf>,
    /// Folder of goldens; with --suites there are none unless this is given
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
    /// List what would run, and run nothing
    #[arg(long)]
    list: bool,
    /// Folder for the reports
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
    /// Let claims of level `may` and unavailable cells decide the exit code too
    #[arg(long)]
    strict: bool,
    /// Run cases' controls too, and fail if one stays green: everywhere, or in one environment of
    /// each kind and with every subject
    #[arg(
        long, value_name = "WHERE", num_args = 0..=1, require_equals = true,
        default_missing_value = "everywhere", value_parser = controls
    )]
    controls: Option<Controls>,
    /// Number of runs at the same time; as many as cores and memory allow when absent
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Time limit of a step that names none, in seconds
    #[arg(long, value_name = "S", default_value_t = 60)]
    step_limit: u64,
    /// Time limit of the run, in seconds
    #[arg(long, value_name = "S", default_value_t = 1800)]
    run_limit: u64,
    /// Disk space in MiB that must be free where runs write; cases that would run with less are not
    /// judged
    #[arg(long, value_name = "MIB", default_value_t = RunLimits::default().room >> 20)]
    room: u64,
    /// Environments whose absence makes the result unknown; `docker` stands for every image
    #[arg(long, env = twinproof_base::require::VARIABLE, value_name = "ENV", value_delimiter = ',')]
    require: Vec<String>,
}

fn controls(text: &str) -> Result<Controls, String> {
    match text {
        "everywhere" => Ok(Controls::Everywhere),
        "once" => Ok(Controls::Once),
        _ => Err("controls run everywhere or once".to_owned()),
    }
}

fn level(text: &str) -> Result<Level, String> {
    let levels = [Level::Must, Level::Should, Level::May];
    let found = levels.into_iter().find(|l| l.as_str() == text);
    found.ok_or_else(|| "a level is must, should or may".to_owned())
}

impl Conformance {
    fn selection(&self) -> Selection {
        Selection {
            suites: self.suite.clone(),
            cases: self.case.clone(),
            skip: self.skip.clone(),
            environments: self.env.clone(),
            tags: self.tag.clone(),
            levels: self.level.clone(),
            shard: self.shard,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When the invocation or a suite is wrong, or the harness broke before there was a result.
    pub fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        let begun = Instant::now();
        let source = inputs::source(self.suites.as_ref(), repository);
        let mut declarations = inputs::declarations(&source)?;
        let loaded = inputs::loaded(&source, &declarations)?;
        let selection = self.selection();
        let levels: BTreeMap<&str, Level> =
            loaded.claims.iter().map(|c| (c.id.as_str(), c.level)).collect();
        let level_of = |case: &Case| {
            let levels = case.claims.iter().filter_map(|c| levels.get(c.as_str()).copied());
            levels.min().unwrap_or(Level::Must)
        };
        let cases = selection.cases(&loaded.cases, level_of).map_err(Failure::invalid)?;
        let mut require = required(&self.require).map_err(Failure::Invalid)?;
        let features = features::asked(&loaded.cases);
        let subjects = Subjects::parse(&self.subject, &self.env, &mut declarations, &features)
            .map_err(Failure::Invalid)?;
        // A subject that was named and cannot be judged must not end as a success.
        require.extend(subjects.asked.iter().map(ToString::to_string));
        // Detection and reporting come on top of the run itself.
        let longest = Duration::from_secs(self.run_limit.saturating_add(600));
        let wanted = Wanted::new(&selection.environments, &cases, &subjects, longest)
            .map_err(Failure::invalid)?;
        if self.list {
            list(&cases, &wanted);
            return Ok(CONFORMANT);
        }
        let goldens = inputs::goldens(self.golden.as_ref(), self.suites.as_ref(), repository)?;
        let folder = BundleFolder::begin(&self.out)?;
        let stop = stop_on_signals();
        let board = Board::new();
        let detected = environments::find(&wanted, &board, stop)?;
        let subject = detected.sdk.clone();
        let results = environment_results(&detected.found, &loaded, &require);
        let plan = plan(cases, results, subject.version.clone(), self.controls.unwrap_or_default());
        let drivers: Vec<Option<RunTarget<'_>>> = plan
            .environments
            .iter()
            .map(|wanted| {
                let subject = detected.servers.get(&wanted.name);
                detected.found.iter().find_map(|detection| match detection {
                    Detection::Available(e) if *e.name() == wanted.name => {
                        Some(RunTarget { environment: e.as_ref(), subject })
                    }
                    _ => None,
                })
            })
            .collect();
        let judged = judged(&subject, &wanted, &detected);
        let mut run_manifest = self.run_manifest(repository, &loaded, &plan, &goldens, judged);
        run_manifest.run.filtered = selection.filters_cases();
        let bundle = Bundle::new(folder.path());
        let (store, redactor) = (bundle.blobs(), Redactor::new(std::env::vars()));
        let judge = Judge::new(&run_manifest.normalisers, &run_manifest.goldens, &store)
            .map_err(Failure::invalid)?;
        let progress = CellProgress::new(&board, &plan);
        let limits = RunLimits {
            jobs: self.jobs.unwrap_or_else(jobs).max(1),
            step: Duration::from_secs(self.step_limit),
            run: Duration::from_secs(self.run_limit),
            room: self.room.saturating_mul(1 << 20),
            ..RunLimits::default()
        };
        let sdks = crate::sdks::toolchains().ok();
        let drive = Drive {
            plan: &plan,
            environments: &drivers,
            subject: &subject.to_string(),
            host: detected.host.as_deref(),
            sdks: sdks.as_ref().map(|toolchains| Sdks { toolchains, wheel: &goroot_of_wheel }),
            store: &store,
            folders: &[folder.path().to_owned(), std::env::temp_dir()],
            redactor: &redactor,
            judge: &judge,
            data: &|path| loaded.data(path).map(<[u8]>::to_vec),
        };
        let records = run(&drive, limits, stop, &progress);
        progress.finish();
        // Written before the verdicts: an interrupted run must not be reported as conformant.
        run_manifest.run.interrupted = stop.requested();
        run_manifest.run.millis = begun.elapsed().as_millis() as u64;
        let results = assemble(&run_manifest, &records, &store).map_err(Failure::invalid)?;
        bundle.seal(&run_manifest, &records, &results).map_err(Failure::broken)?;
        let bundle = folder.publish()?;
        sdk_statement::write_all(&records, &self.out, &bundle).map_err(Failure::broken)?;
        // Sandboxes and containers go before the report is read, not after.
        drop(detected);
        if let Some(folder) =
            inputs::goldens_folder(self.golden.as_ref(), self.suites.as_ref(), repository)
        {
            for name in write_pending(&folder, &results).map_err(Failure::broken)? {
                board.line(&format!(
                    "golden to review: {name} (cargo insta review, cargo xtask bless)"
                ));
            }
        }
        publish(&results, &self.out, Some(&bundle))
    }

    fn run_manifest(
        &self,
        repository: &Repository,
        loaded: &Loaded,
        plan: &Plan,
        goldens: &twinproof_engine::Goldens,
        subjects: Vec<String>,
    ) -> RunManifest {
        let (cases, environments) = (&plan.cases, &plan.environments);
        let there = |selectors: &[String]| {
            environments.iter().any(|e| selectors.iter().any(|s| e.name.selected_by(s)))
        };
        // A claim that only cases of other environments decide is not open here, but out of place.
        // One of another suite is here where a case of this run supports it.
        let decided = |c: &&Claim| {
            let named = |case: &&Case| case.claims.contains(&c.id);
            let mut deciding = loaded.cases.iter().filter(named).peekable();
            cases.iter().filter(named).any(|case| there(&case.environments))
                || cases.iter().any(|case| case.suite == c.suite)
                    && (deciding.peek().is_none() || deciding.any(|case| there(&case.environments)))
        };
        let used = |name: &str| {
            let case = name.split('@').next().unwrap_or(name);
            cases.iter().any(|c| case == c.key() || case.starts_with(&format!("{}.", c.key())))
        };
        let suites: std::collections::BTreeSet<_> = cases.iter().map(|c| &c.suite).collect();
        RunManifest {
            run: RunMeta {
                twinproof: env!("CARGO_PKG_VERSION").into(),
                started: jiff::Timestamp::now().as_millisecond(),
                millis: 0,
                arguments: std::env::args().skip(1).collect(),
                subjects,
                commit: repository.commit.clone(),
                suites_sha256: loaded.sha256.clone(),
                suites_folder: inputs::shown_folder(self.suites.as_ref()),
                interrupted: false,
                strict: self.strict,
                controls: self.controls.unwrap_or_default(),
                filtered: false,
                redactions: 0,
            },
            environments: environments.to_vec(),
            claims: loaded.claims.iter().filter(decided).cloned().collect(),
            cases: cases.to_vec(),
            normalisers: loaded.normalisers.clone(),
            goldens: goldens
                .by_name()
                .iter()
                .filter(|(name, _)| used(name))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect(),
            expectations: loaded
                .expectations
                .iter()
                .filter(|e| cases.iter().any(|c| glob_matches(&e.value.case, &c.key())))
                .filter(|e| e.value.environments.is_empty() || there(&e.value.environments))
                .map(|e| Placed { value: e.value.clone(), file: e.file.clone(), line: e.line })
                .collect(),
            floors: loaded.floors.iter().filter(|f| suites.contains(&f.suite)).cloned().collect(),
        }
    }
}

/// The names of all subjects, as in the results, with the SDK first.
fn judged(sdk: &SdkSubject, wanted: &Wanted, detected: &Detected) -> Vec<String> {
    let server = |name: &EnvironmentName| match detected.servers.get(name) {
        Some(server) => named(server),
        None => name.to_string().replacen(':', "=", 1),
    };
    let servers = wanted.names.iter().filter(|n| n.kind().is_subject()).map(server);
    std::iter::once(sdk.to_string()).chain(servers).collect()
}

/// The environments that must be there, as selectors. Other tools that tests may require are no
/// environments and mean nothing here.
fn required(names: &[String]) -> Result<Vec<String>, String> {
    const TOOLS: [&str; 6] = ["images", "go", "goproxy", "mysql", "pip", "wslpath"];
    let mut selectors = Vec::new();
    for name in names.iter().map(|n| n.trim()).filter(|n| !n.is_empty()) {
        let kind = EnvironmentKind::ALL.iter().any(|k| k.as_str() == name);
        if name == "docker" {
            selectors.push("image".to_owned());
        } else if kind || name.parse::<EnvironmentName>().is_ok() {
            selectors.push(name.to_owned());
        } else if !TOOLS.contains(&name) {
            return Err(format!(
                "--require {name}: no such environment; there are host, windows, wine, wsl, \
                 wsl:DISTRO, image, image:NAME, proxy, proxy:NAME, sumdb, sumdb:NAME, masking, \
                 masking:NAME, and docker for every image"
            ));
        }
    }
    Ok(selectors)
}

/// The environments as results show them.
fn environment_results(
    found: &[Detection],
    loaded: &Loaded,
    require: &[String],
) -> Vec<EnvironmentResult> {
    let required =
        |name: &EnvironmentName| require.iter().any(|selector| name.selected_by(selector));
    let nothing = |name: &EnvironmentName| EnvironmentResult {
        name: name.clone(),
        absent: None,
        broken: None,
        required: required(name),
        capabilities: std::collections::BTreeSet::new(),
        fingerprint: Fingerprint::default(),
        class: None,
        handshake: Vec::new(),
    };
    found
        .iter()
        .map(|detection| match detection {
            Detection::Available(e) => EnvironmentResult {
                name: e.name().clone(),
                absent: None,
                broken: None,
                required: required(e.name()),
                capabilities: e.facts().capabilities.clone(),
                fingerprint: e.facts().fingerprint.clone(),
                class: class_of(&loaded.classes, e.name(), &e.facts().capabilities)
                    .map(|c| c.name.clone()),
                handshake: e.facts().handshake.clone(),
            },
            Detection::Absent { name, absent } => EnvironmentResult {
                absent: Some(Skip::EnvironmentAbsent {
                    detail: absent.detail.clone(),
                    remedy: absent.remedy.clone(),
                }),
                ..nothing(name)
            },
            Detection::Broken { name, error } => {
                EnvironmentResult { broken: Some(error.to_string()), ..nothing(name) }
            }
        })
        .collect()
}

/// Runs at once by default: by cores, and by memory, of which a Go build takes up to 1 GiB.
fn jobs() -> usize {
    const EACH: u64 = 1 << 30;
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let by_memory = usize::try_from(system.available_memory() / EACH).unwrap_or(usize::MAX);
    match system.available_memory() {
        0 => RunLimits::default().jobs,
        _ => RunLimits::default().jobs.min(by_memory),
    }
}

/// Prints the cases that would run.
fn list(cases: &[Case], wanted: &Wanted) {
    for case in cases {
        let fits = |n: &&EnvironmentName| case.environments.iter().any(|s| n.selected_by(s));
        let names: Vec<_> = wanted.names.iter().filter(fits).map(ToString::to_string).collect();
        println!("{}  [{}]", case.key(), case.claims.join(" "));
        println!("    {}", case.title);
        println!("    {}", names.join(" "));
    }
    println!("{} cases", cases.len());
}

/// The request to stop, made by ^C or a termination signal. The first one ends the running programs
/// and reports the results so far; the second ends the harness.
fn stop_on_signals() -> &'static Stop {
    static STOP: Stop = Stop::new();
    let handler = || {
        if STOP.requested() {
            // 128 and the number of SIGINT, as shells report it.
            #[expect(clippy::disallowed_methods, reason = "the second ^C means at once")]
            std::process::exit(130);
        }
        eprintln!("stopping: what runs is ended, what was done is reported; ^C again ends now");
        STOP.request();
        twinproof_environment::kill_all();
    };
    // Without a handler ^C ends the harness at once, which the next run cleans up after.
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("^C will not be reported: {error}");
    }
    &STOP
}

//! `mutants`: for each deliberate defect of the masking sync, a history that shows it, shrunk.

use crate::{masking, peers, repository};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use twinproof::cli::Repository;
use twinproof::{CONFORMANT, NOT_CONFORMANT};
use twinproof_history::{Action, Generator, Outcome, Spec, judge, shrink};
use twinproof_pipeline::{Flavour, Pair, Plan, Program, record};
use twinproof_steps::DatabaseServer;

/// Find a short history that shows each deliberate defect of the masking sync
///
/// A case's history is run with its control's defect, and parts of it are taken away for as long as the
/// property is still violated. What is left is printed as SQL.
#[derive(clap::Args, Debug)]
pub struct Mutants {
    /// Only defects whose name contains this
    #[arg(long, value_name = "TEXT", default_value = "")]
    defect: String,
    /// The most shorter histories to try for each defect
    #[arg(long, default_value_t = 30)]
    tries: usize,
}

/// The fields of a suite's case that are used here.
struct Case {
    id: String,
    defect: String,
    property: u8,
    /// The only kind of server that it can happen on.
    only: Option<Flavour>,
    plan: Plan,
}

impl Mutants {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        peers::build(root);
        let declaration = masking::declaration(root, "embedded")?;
        let server = Program::find(None)?;
        let mut pair = Pair::start(&server)?;
        let (mut found, mut missed) = (BTreeSet::new(), Vec::new());
        let cases = cases(root)?;
        let here = |c: &&Case| c.only.is_none_or(|only| only == server.flavour);
        for case in cases.iter().filter(|c| c.defect.contains(&self.defect)).filter(here) {
            let mut violated = |actions: &[Action]| -> Option<String> {
                let folder = tempfile::tempdir().ok()?;
                let surroundings = masking::surroundings(&declaration, folder.path()).ok()?;
                let plan = Plan { actions: actions.to_vec(), ..case.plan.clone() };
                match record(&plan, &surroundings, &mut pair) {
                    Ok(evidence) => match judge(&evidence, &[case.property]).pop()?.1 {
                        Outcome::Violated(how) => Some(how),
                        _ => None,
                    },
                    // A history that cannot be driven is none; its servers may be in any state.
                    Err(_) => {
                        pair = Pair::start(&server).ok()?;
                        None
                    }
                }
            };
            let Some(how) = violated(&case.plan.actions) else {
                println!("{}\tproperty {}\t{}: not found", case.defect, case.property, case.id);
                missed.push(&case.id);
                continue;
            };
            found.insert((case.property, case.defect.as_str()));
            // Smaller histories that still show the defect, so that a person can read them.
            let left = shrink(&case.plan.actions, self.tries, &mut |some| violated(some).is_some());
            println!("{}\tproperty {}\t{}: {how}", case.defect, case.property, case.id);
            for action in left {
                println!("    {}", shown(&action));
            }
        }
        let properties: BTreeSet<u8> = found.iter().map(|(property, _)| *property).collect();
        println!(
            "{} defects found by {} properties; {} histories found nothing",
            found.iter().map(|(_, defect)| defect).collect::<BTreeSet<_>>().len(),
            properties.len(),
            missed.len()
        );
        Ok(if missed.is_empty() { CONFORMANT } else { NOT_CONFORMANT })
    }
}

/// The cases whose controls name a defect. Generated transactions are written out, so that they can be
/// taken away one by one.
fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let folder = root.join("suites/masking");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let file: suite_file::File = suite_file::read(&path)?;
        for case in file.case {
            let step = case.step.into_iter().next().context("a case has no step")?.history;
            let spec = std::fs::read_to_string(folder.join(step.tables.as_str()))?;
            let parsed = Spec::parse(&spec).map_err(anyhow::Error::msg)?;
            // Generated with the case's own seed, so that they are the transactions of the suite.
            let mut generator = Generator::new(step.seed, &parsed);
            let mut actions = Vec::new();
            for action in step.actions {
                match action {
                    Action::Generate(count) => actions
                        .extend((0..count).map(|_| Action::Source(generator.transaction(&parsed)))),
                    action => actions.push(action),
                }
            }
            all.push(Case {
                id: case.id,
                defect: case.control.defect,
                property: turned(&case.control.turns).context("a control turns no property")?,
                only: step.server.map(|server| match server {
                    DatabaseServer::Mysql => Flavour::Mysql,
                    DatabaseServer::Mariadb => Flavour::Mariadb,
                }),
                plan: Plan {
                    spec,
                    seed: step.seed,
                    actions,
                    watch: !step.unwatched,
                    patience: Duration::from_secs(step.patience.unwrap_or(8).into()),
                    defect: None,
                },
            });
        }
    }
    for case in &mut all {
        case.plan.defect = Some(case.defect.clone());
    }
    Ok(all)
}

/// The property of a check: `h.p21` is about 21.
fn turned(check: &str) -> Option<u8> {
    check.rsplit_once(".p")?.1.parse().ok()
}

fn shown(action: &Action) -> String {
    match action {
        Action::Source(all) => all.join("; ") + ";",
        Action::Staging(all) => format!("-- in staging: {};", all.join("; ")),
        Action::Hold(sql) => format!("-- in staging: START TRANSACTION; {sql};"),
        other => format!("-- {}", serde_json::to_string(other).unwrap_or_default()),
    }
}

/// The fields of a suite's file that are used here.
mod suite_file {
    use serde::Deserialize;
    use std::path::Path;
    use twinproof_steps::HistoryStep;

    #[derive(Deserialize)]
    pub struct File {
        pub case: Vec<Case>,
    }

    #[derive(Deserialize)]
    pub struct Case {
        pub id: String,
        pub step: Vec<Step>,
        pub control: Control,
    }

    #[derive(Deserialize)]
    pub struct Step {
        pub history: HistoryStep,
    }

    #[derive(Deserialize)]
    pub struct Control {
        pub defect: String,
        pub turns: String,
    }

    pub fn read(path: &Path) -> anyhow::Result<File> {
        Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
    }
}

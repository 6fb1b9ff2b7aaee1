//! `history`: drives a pipeline between two databases and records their states. The judge computes
//! the expected states by itself.

use super::driver::Driver;
use super::error::StepError;
use std::path::PathBuf;
use std::time::Duration;
use twinproof_history::{Action, Evidence};
use twinproof_pipeline::{Broker, Error, Flavour, Kafka, Plan, Program, Surroundings, record};
use twinproof_steps::{DatabaseServer, HistoryPlace, HistorySight, HistoryStep};

/// Default time that `settle` waits, in seconds.
const PATIENCE: u32 = 8;

pub fn drive(driver: &mut Driver<'_>, step: &HistoryStep) -> Result<HistorySight, StepError> {
    let subject = driver.subject().ok_or_else(|| StepError::broken("there is no pipeline here"))?;
    let declaration = &subject.declaration;
    let pipeline = declaration.pipeline.as_ref();
    let pipeline = pipeline.ok_or_else(|| StepError::broken("the subject is no pipeline"))?;
    let program = subject.program.clone();
    let program = program.ok_or_else(|| StepError::broken("the pipeline has no program"))?;
    let (_, tables) = driver.suite_file(Some(&step.tables)).map_err(StepError::Broken)?;
    let tables = String::from_utf8(tables).map_err(|e| StepError::broken(e.to_string()))?;
    let peers = beside(&program);
    let mut actions = step.actions.clone();
    let ours = declaration.embedded && declaration.name.starts_with("embedded");
    let defect = step.defect.clone().filter(|_| ours);
    if defect.is_some() && peers.is_none() {
        let remedy = "the pipeline with defects is not there: cargo build -p twinproof-peers";
        return Err(StepError::OutOfReach(remedy.to_owned()));
    }
    if defect.is_none() && !step.tamper.is_empty() {
        actions.push(Action::Staging(step.tamper.clone()));
        // Longer than the pause between two looks at staging: the change has to be in a recorded
        // state.
        actions.push(Action::Wait(50));
    }
    let plan = Plan {
        spec: tables,
        seed: step.seed,
        actions,
        watch: !step.unwatched,
        patience: Duration::from_secs(step.patience.unwrap_or(PATIENCE).into()),
        defect,
    };
    let work = PathBuf::from(driver.native("pipeline"));
    let (home, tmp) = (driver.native("home"), driver.native("tmp"));
    let broker = match pipeline.topics {
        // One for each history: it is reached in the history's own network only.
        true => {
            let kafka = Kafka::find().map_err(|e| StepError::OutOfReach(e.to_string()))?;
            Some(Broker::start(&kafka, &[]).map_err(|e| broken(&e))?)
        }
        false => None,
    };
    let surroundings = Surroundings {
        broker,
        pipeline,
        program,
        defects: peers,
        env: driver.environment().base_env(&home, &tmp),
        work,
    };
    let only = step.server.map(|server| match server {
        DatabaseServer::Mysql => Flavour::Mysql,
        DatabaseServer::Mariadb => Flavour::Mariadb,
    });
    let server = Program::find(only).map_err(|e| StepError::OutOfReach(e.to_string()))?;
    let databases = driver.context().databases;
    let mut pair = databases.take(&server).map_err(|e| broken(&e))?;
    // A pair that a history broke off is not used again.
    let evidence = record(&plan, &surroundings, &mut pair).map_err(|e| broken(&e))?;
    // Starting two servers takes seconds; a pair is cleaned and used by the next history.
    databases.give(pair);
    sight(driver, evidence, server.version)
}

fn broken(error: &Error) -> StepError {
    StepError::Broken(error.to_string())
}

/// The program with the defects and the simple pipelines, beside ours.
fn beside(program: &std::path::Path) -> Option<PathBuf> {
    let name = format!("twinproof-peers{}", std::env::consts::EXE_SUFFIX);
    // Cargo puts tests and examples one folder below the programs.
    let folders = [program.parent()?, program.parent()?.parent()?];
    folders.into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
}

fn sight(
    driver: &Driver<'_>,
    evidence: Evidence,
    server: String,
) -> Result<HistorySight, StepError> {
    let json = serde_json::to_vec(&evidence).map_err(|e| StepError::broken(e.to_string()))?;
    let mut places = Vec::new();
    for place in evidence.places {
        let bytes = driver.store(place.bytes)?;
        places.push(HistoryPlace { name: place.name, zone: place.zone, kind: place.kind, bytes });
    }
    Ok(HistorySight {
        evidence: Some(driver.store(json)?),
        places,
        done: evidence.done,
        instances: evidence.instances,
        transactions: evidence.source.len() as u64,
        states: evidence.staging.len() as u64,
        server,
    })
}

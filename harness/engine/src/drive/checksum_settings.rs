//! Tries the checksum settings: downloads a public and a private module with each of them, and
//! records the output of the commands and the requests that the origin received.

use super::driver::Driver;
use super::error::StepError;
use serde::Deserialize;
use std::collections::BTreeMap;
use twinproof_model::Template;
use twinproof_steps::{
    CHECKSUM_MODULES, Probe, ProbeSight, Process, ProcessObservation, SettingRun,
};

/// The version of each module.
const VERSION: &str = "v1.0.0";

/// A row of the table: variables of the environment, which may refer to variables of the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// Name of the row.
    name: String,
    /// The variables that are set.
    env: BTreeMap<String, Template>,
}

/// Tries every row of the suite file that the probe names.
pub fn drive(driver: &mut Driver<'_>, probe: &Probe) -> Result<ProbeSight, StepError> {
    let cannot = |error| Ok(ProbeSight { error: Some(error), ..ProbeSight::default() });
    let rows = driver.suite_file(probe.path.as_ref()).and_then(|(path, bytes)| {
        serde_json::from_slice::<Vec<Setting>>(&bytes).map_err(|error| format!("{path}: {error}"))
    });
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => return cannot(error),
    };
    let mut settings = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        if !driver.servers.forget_requests() {
            return cannot("the case has no origin".to_owned());
        }
        let mut downloads = Vec::new();
        for (_, module) in CHECKSUM_MODULES {
            downloads.push(download(driver, probe, &row, number, module)?);
        }
        let asked = driver.servers.asked_of_origin().unwrap_or_default();
        let requests = driver.store_requests(&asked)?;
        settings.push(SettingRun { name: row.name, downloads, requests });
    }
    Ok(ProbeSight { settings, ..ProbeSight::default() })
}

/// Downloads a module into a cache that only this row has.
fn download(
    driver: &mut Driver<'_>,
    probe: &Probe,
    row: &Setting,
    number: usize,
    module: &str,
) -> Result<ProcessObservation, StepError> {
    let goroot = driver.goroot(probe.sdk.as_deref())?;
    let mut env = probe.env.clone();
    env.extend(row.env.clone());
    env.insert(
        "GOPATH".to_owned(),
        Template::parse(format!("${{work}}${{sep}}settings${{sep}}{number}"))?,
    );
    let env = driver.env(Some(&goroot), &env, &probe.unset)?;
    let process = Process {
        args: ["mod", "download", &format!("{module}@{VERSION}")].map(Template::literal).to_vec(),
        ..Process::default()
    };
    driver.process(driver.go_program(&goroot), &process, env)
}

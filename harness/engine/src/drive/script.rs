//! A script of cmd/go's own tests, run against the subject.

use super::driver::Driver;
use super::error::StepError;
use crate::client::{Ask, Credentials, exchange};
use std::path::Path;
use std::time::Duration;
use twinproof_base::error_chain;
use twinproof_script::{
    Database, Front, Script, ScriptError, ScriptLimits, Setting, Toolchain, ToolchainError, Verdict,
};
use twinproof_steps::{HttpVersion, ScriptFailure, ScriptRun, ScriptStep};

/// Time limit of a script that names none. Go's slowest take a minute on a quiet machine.
const LIMIT: Duration = Duration::from_secs(900);

pub fn drive(driver: &mut Driver<'_>, step: &ScriptStep) -> Result<ScriptRun, StepError> {
    let goroot = driver.scope().get("goroot").unwrap_or_default();
    let toolchain = Toolchain::probe(Path::new(goroot)).map_err(probed)?;
    let path = toolchain.scripts().join(format!("{}.txt", step.script));
    if !path.is_file() {
        let detail = format!("{} comes without the script {}", toolchain.version, step.script);
        return Err(StepError::OutOfReach(detail));
    }
    let script = Script::read(&path).map_err(unread)?;
    let subject = driver.scope().get("proxy").map(str::to_owned);
    let subject =
        subject.ok_or_else(|| StepError::broken("a script needs a module proxy as subject"))?;
    let origin = driver.servers.origin.as_ref();
    let origin = origin.ok_or_else(|| StepError::broken("a script needs the case's origin"))?;
    let Some((name, key)) = origin.cmd_go_sumdb() else {
        let detail = format!("{} comes without the database of its tests", toolchain.version);
        return Err(StepError::OutOfReach(detail));
    };
    // The subject's own answer decides: `/supported` is the endpoint by which cmd/go itself finds
    // out.
    let database = if passes_on(&format!("{subject}/sumdb/{name}/supported"), driver.limit(None)) {
        Database::Subject
    } else {
        Database::Control
    };
    let front = Front::start(&subject, &format!("{}/mod", origin.url()), database)
        .map_err(|e| StepError::broken(format!("the server in front of the subject: {e}")))?;
    let env = driver.scope().expand_all(&step.env)?.into_iter().collect();
    let limit = step.timeout.map_or(LIMIT, |s| Duration::from_secs(s.into()));
    let setting = Setting {
        toolchain,
        proxy: front.url(),
        sumdb: key,
        dir: driver.native("script").into(),
        gocache: driver.environment().facts().go_cache.clone().into(),
        short: false,
        env,
        limits: ScriptLimits { script: limit, ..ScriptLimits::default() },
    };
    let outcome = script.verdict_in(&setting).map_err(unread)?;
    let transcript = driver.store(outcome.transcript.into_bytes())?;
    let failure = match outcome.verdict {
        Verdict::Pass => None,
        Verdict::NotApplicable(reason) => return Err(StepError::OutOfReach(reason.to_string())),
        Verdict::Fail(f) => {
            let command = driver.redactions.text(&f.command);
            let message = driver.redactions.text(&f.message);
            Some(ScriptFailure { line: f.line, command, message })
        }
    };
    Ok(ScriptRun {
        script: script.name().to_owned(),
        proxy: front.url(),
        database: database == Database::Subject,
        go_runs: outcome.go_runs,
        failure,
        transcript,
    })
}

/// Whether the subject says that it passes a checksum database on.
fn passes_on(url: &str, limit: Duration) -> bool {
    let ask = Ask {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        version: HttpVersion::One,
        times: 1,
        credentials: Credentials::default(),
        limit,
        keep: 0,
        h1: false,
    };
    exchange(&ask).is_ok_and(|(seen, _)| seen.status == Some(200))
}

fn probed(error: ToolchainError) -> StepError {
    match error {
        ToolchainError::Start { .. } => StepError::Sdk(error.to_string()),
        ToolchainError::Answer { .. } => StepError::broken(error.to_string()),
    }
}

fn unread(error: ScriptError) -> StepError {
    StepError::broken(format!("the script: {}", error_chain(&error)))
}

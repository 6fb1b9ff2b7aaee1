//! A script of cmd/go's own tests, run against the subject.

use crate::client::{Ask, Credentials, exchange};
use crate::drive::{Driver, Undriven};
use std::path::Path;
use std::time::Duration;
use twinproof_base::error_chain;
use twinproof_model::{HttpVersion, Observation, ScriptFailure, ScriptRun, ScriptStep};
use twinproof_script::{
    Database, Front, Limits, Script, ScriptError, Setting, Toolchain, ToolchainError, Verdict,
};

/// Time limit of a script that names none. Go's slowest take a minute on a quiet machine.
const LIMIT: Duration = Duration::from_secs(900);

impl Driver<'_> {
    pub(super) fn script_step(&mut self, step: &ScriptStep) -> Result<Observation, Undriven> {
        let goroot = self.scope().get("goroot").unwrap_or_default();
        let toolchain = Toolchain::probe(Path::new(goroot)).map_err(probed)?;
        let path = toolchain.scripts().join(format!("{}.txt", step.script));
        if !path.is_file() {
            let detail = format!("{} comes without the script {}", toolchain.version, step.script);
            return Err(Undriven::OutOfReach(detail));
        }
        let script = Script::read(&path).map_err(unread)?;
        let subject = self.scope().get("proxy").map(str::to_owned);
        let subject = subject.ok_or_else(|| broken("a script needs a module proxy as subject"))?;
        let origin = self.servers.origin.as_ref();
        let origin = origin.ok_or_else(|| broken("a script needs the case's origin"))?;
        let Some((name, key)) = origin.cmd_go_sumdb() else {
            let detail = format!("{} comes without the database of its tests", toolchain.version);
            return Err(Undriven::OutOfReach(detail));
        };
        let database = if passes_on(&format!("{subject}/sumdb/{name}/supported"), self.limit(None))
        {
            Database::Subject
        } else {
            Database::Control
        };
        let front = Front::start(&subject, &format!("{}/mod", origin.url()), database)
            .map_err(|e| broken(format!("the server in front of the subject: {e}")))?;
        let mut env = Vec::new();
        for (name, value) in &step.env {
            env.push((name.clone(), self.scope().expand(value)?));
        }
        let limit = step.timeout.map_or(LIMIT, |s| Duration::from_secs(s.into()));
        let setting = Setting {
            toolchain,
            proxy: front.url(),
            sumdb: key,
            dir: self.native("script").into(),
            gocache: self.environment().go_cache().into(),
            short: false,
            env,
            limits: Limits { script: limit, ..Limits::default() },
        };
        let outcome = script.verdict_in(&setting).map_err(unread)?;
        let transcript = self.store(outcome.transcript.into_bytes())?;
        let failure = match outcome.verdict {
            Verdict::Pass => None,
            Verdict::NotApplicable(reason) => return Err(Undriven::OutOfReach(reason.to_string())),
            Verdict::Fail(f) => {
                let texts = self.redacted(&[f.command, f.message]);
                let [command, message] = <[String; 2]>::try_from(texts).unwrap_or_default();
                Some(ScriptFailure { line: f.line, command, message })
            }
        };
        Ok(Observation::Script(ScriptRun {
            script: script.name().to_owned(),
            proxy: front.url(),
            database: database == Database::Subject,
            go_runs: outcome.go_runs,
            failure,
            transcript,
        }))
    }
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

fn broken(why: impl Into<String>) -> Undriven {
    Undriven::Broken(why.into())
}

fn probed(error: ToolchainError) -> Undriven {
    match error {
        ToolchainError::Start { .. } => Undriven::Sdk(error.to_string()),
        ToolchainError::Answer { .. } => broken(error.to_string()),
    }
}

fn unread(error: ScriptError) -> Undriven {
    broken(format!("the script: {}", error_chain(&error)))
}

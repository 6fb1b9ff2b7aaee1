//! Tries a subject once before its cases run.

use std::time::Duration;
use twinproof_environment::Environment;
use twinproof_model::LaunchFailure;
use twinproof_origin::{Origin, Setup};
use twinproof_pipeline::Program as DatabaseProgram;
use twinproof_process::loopback_only;
use twinproof_subject::{Kind, Means, Missing, Subject, Surroundings, Upstream};

/// The remedy where a database server is missing.
const DATABASE: &str = "install mariadb-server (mariadbd) or mysql-server (mysqld)";
/// Time limit for the answer of a subject at an address.
const ANSWER: Duration = Duration::from_secs(20);

/// Launches a subject once before its cases, or sends a request to its address: one that does not
/// work is reported absent once, not failed by each case.
///
/// # Errors
/// With the end of its output, or why there is no answer.
pub fn attempt(server: &Subject, host: &dyn Environment, means: &Means) -> Result<(), Missing> {
    let declaration = &server.declaration;
    let missing = |detail: String, remedy: String| Missing { detail, remedy };
    if declaration.kind == Kind::Masking {
        // A masking pipeline needs databases to launch, which only cases have.
        return match DatabaseProgram::find(None) {
            Ok(_) => Ok(()),
            Err(error) => Err(missing(error.to_string(), DATABASE.to_owned())),
        };
    }
    if let Some(url) = &declaration.url {
        return ask(url, ANSWER).map_err(|error| {
            missing(format!("there is no answer at its address: {error}"), String::new())
        });
    }
    let broken = |error: String| missing(format!("it cannot be launched: {error}"), String::new());
    // Launched with an origin of the harness, in a network of loopback only: the attempt must not
    // reach any other server.
    loopback_only(|| launched_once(server, host, means)).map_err(broken)?
}

/// Makes one request. The cases judge the answer.
fn ask(url: &str, limit: Duration) -> Result<(), ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(limit))
        .build()
        .into();
    agent.get(url).call().map(drop)
}

fn launched_once(server: &Subject, host: &dyn Environment, means: &Means) -> Result<(), Missing> {
    let missing = |detail: String, remedy: String| Missing { detail, remedy };
    let broken = |error: String| missing(format!("it cannot be launched: {error}"), String::new());
    let folder = tempfile::Builder::new().prefix("twinproof-subject-").tempdir();
    let folder = folder.map_err(|e| broken(e.to_string()))?;
    let origin = Origin::start(Setup::default()).map_err(|e| broken(e.to_string()))?;
    let text = |name: &str| folder.path().join(name).display().to_string();
    for name in ["home", "tmp"] {
        std::fs::create_dir(folder.path().join(name)).map_err(|e| broken(e.to_string()))?;
    }
    let go = means.go.as_ref().and_then(|(go, _)| go.parent()?.parent());
    let surroundings = Surroundings {
        work: folder.path().to_owned(),
        env: host.base_env(&text("home"), &text("tmp")),
        upstream: origin.url(),
        origin: Some(Upstream {
            url: origin.url(),
            sumdb_name: origin.sumdb_name().to_owned(),
            sumdb_key: origin.sumdb_key(),
            sumdb_url: origin.sumdb_url(),
            ..Upstream::default()
        }),
        goroot: go.map(|root| root.display().to_string()),
        go_cache: host.facts().go_cache.clone(),
        ..Surroundings::default()
    };
    let launched = server.launch(&surroundings).map_err(|e| broken(e.to_string()))?;
    let (how, log) = match launched.outcome {
        Ok(running) => {
            let limit = Duration::from_secs(server.declaration.ready.seconds.into());
            let Err(error) = ask(&launched.url, limit) else { return Ok(()) };
            (format!("it takes connections and does not answer: {error}"), running.end())
        }
        Err(LaunchFailure::Ended { exit: Some(code) }) => {
            (format!("it ended with exit code {code}"), launched.log)
        }
        Err(LaunchFailure::Ended { exit: None }) => ("it was killed".to_owned(), launched.log),
        Err(LaunchFailure::Late { seconds, last }) => {
            (format!("it was not ready after {seconds} s: {last}"), launched.log)
        }
    };
    let log = String::from_utf8_lossy(&log);
    let last = log.lines().map(str::trim).rfind(|line| !line.is_empty());
    let last =
        last.map_or("; it wrote nothing".to_owned(), |line| format!("; its last line: {line}"));
    let remedy = match means.given.contains_key(&server.declaration.name) {
        true => format!("--subject {}=PATH", server.declaration.name),
        false => String::new(),
    };
    Err(missing(how + &last, remedy))
}

//! The subject: launched, launched again, with a relay in front where the case wants one.

use super::driver::Driver;
use super::error::StepError;
use super::origin;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use twinproof_environment::Put;
use twinproof_origin::Relay;
use twinproof_steps::{Launch, SubjectStep};
use twinproof_subject::{Subject, Surroundings};

pub fn drive(driver: &mut Driver<'_>, step: &SubjectStep) -> Result<Launch, StepError> {
    let subject = driver.subject().ok_or_else(|| {
        StepError::Broken(format!("{} has no subject", driver.environment().name()))
    })?;
    let rules = origin::rules(driver, &step.mutant)?;
    driver.servers.end_subject(step.kill);
    let mut launch = match &subject.declaration.url {
        Some(url) => Launch { url: url.clone(), ..named(subject) },
        None => launch(driver, subject, step)?,
    };
    if launch.failure.is_some() {
        return Ok(launch);
    }
    let mut url = launch.url.clone();
    if step.relay || !rules.is_empty() {
        let relay = Relay::start(&launch.url, rules)
            .map_err(|e| StepError::Broken(format!("the relay in front of the subject: {e}")))?;
        url = relay.url();
        driver.servers.relay = Some(relay);
    }
    let kind = subject.declaration.kind.as_str().to_owned();
    launch.variables.insert("base".to_owned(), path_of(&url).to_owned());
    launch.variables.insert("authority".to_owned(), authority_of(&url).to_owned());
    launch.variables.insert(kind, url);
    if let Some(key) = &subject.declaration.key {
        let name = key.split('+').next().unwrap_or(key);
        launch.variables.insert("sumdb_name".to_owned(), name.to_owned());
        launch.variables.insert("sumdb_key".to_owned(), key.clone());
    }
    Ok(launch)
}

fn launch(
    driver: &mut Driver<'_>,
    subject: &Subject,
    step: &SubjectStep,
) -> Result<Launch, StepError> {
    // A restart keeps the work directory, and with it what the subject stored; any other launch
    // begins with an empty one.
    if !step.restart || driver.servers.folders == 0 {
        driver.servers.folders += 1;
    }
    // A folder per launch, never the old one emptied: a file that Windows still holds open cannot
    // be removed.
    let work = driver.native(&format!("subject-{}", driver.servers.folders));
    let (home, tmp) = (driver.native_in(&work, "home"), driver.native_in(&work, "tmp"));
    for folder in [&home, &tmp] {
        driver.sandbox().put(folder, &Put::Dir { mode: None })?;
    }
    let upstream = match &step.upstream {
        Some(list) => driver.scope().expand(list)?,
        None => driver.servers.upstream.as_ref().map_or("off", |o| o.url.as_str()).to_owned(),
    };
    let set = driver.scope().expand_all(&step.set)?;
    let goroot = driver.scope().get("goroot").filter(|g| !g.is_empty()).map(str::to_owned);
    let surroundings = Surroundings {
        work: PathBuf::from(&work),
        env: driver.environment().base_env(&home, &tmp),
        upstream,
        origin: driver.servers.upstream.clone(),
        goroot,
        go_cache: driver.environment().facts().go_cache.clone(),
        set,
        room: step.room,
        limit: step.timeout.map(|s| Duration::from_secs(s.into())),
    };
    let launched = subject
        .launch(&surroundings)
        .map_err(|e| StepError::Broken(format!("launching the subject: {e}")))?;
    let mut files = BTreeMap::new();
    for (path, text) in launched.files {
        files.insert(path, driver.store(text.into_bytes())?);
    }
    let store = launched.store.display().to_string();
    let mut launch = Launch {
        argv: launched.argv.iter().map(|text| driver.redactions.text(text)).collect(),
        env: driver.redactions.variables(&launched.env),
        files,
        url: launched.url,
        variables: BTreeMap::from([
            ("program".to_owned(), launched.argv.first().cloned().unwrap_or_default()),
            ("store".to_owned(), store),
        ]),
        ..named(subject)
    };
    match launched.outcome {
        Ok(running) => driver.servers.running = Some(running),
        Err(failure) => {
            launch.failure = Some(failure);
            launch.log = Some(driver.store(launched.log)?);
        }
    }
    Ok(launch)
}

fn named(subject: &Subject) -> Launch {
    Launch {
        name: subject.declaration.title.clone(),
        version: subject.version.clone(),
        ..Launch::default()
    }
}

/// The path of an address, without a slash at its end: what every request there begins with.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
}

/// Host and port of an address, as a `Host` field has them.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    // A password in the address is no part of a `Host` field.
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{authority_of, path_of};
    use rstest::rstest;

    #[rstest]
    #[case("http://127.0.0.1:80", "")]
    #[case("http://127.0.0.1:80/", "")]
    #[case("https://h/go/proxy/", "/go/proxy")]
    fn paths_of_addresses(#[case] url: &str, #[case] want: &str) {
        assert_eq!(path_of(url), want);
        assert_eq!(authority_of("https://user:word@h:8080/go"), "h:8080");
    }
}

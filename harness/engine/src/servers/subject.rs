//! The subject: launched, launched again, with a relay in front where the case wants one.

use super::expand::expanded;
use super::seen;
use crate::drive::{Driver, Undriven};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use twinproof_environment::Put;
use twinproof_model::{Launch, Observation, SubjectStep};
use twinproof_origin::Relay;
use twinproof_subject::{Subject, Surroundings};

impl Driver<'_> {
    pub(super) fn subject_step(&mut self, step: &SubjectStep) -> Result<Observation, Undriven> {
        let subject = self.subject().ok_or_else(|| {
            Undriven::Broken(format!("{} has no subject", self.environment().name()))
        })?;
        let rules = expanded(&step.mutant, self.scope())?;
        self.end_subject(step.kill);
        let mut launch = match &subject.declaration.url {
            Some(url) => Launch { url: url.clone(), ..named(subject) },
            None => self.launch(subject, step)?,
        };
        if launch.failure.is_some() {
            return Ok(Observation::Subject(launch));
        }
        let mut url = launch.url.clone();
        if step.relay || !rules.is_empty() {
            let relay = Relay::start(&launch.url, rules)
                .map_err(|e| Undriven::Broken(format!("the relay in front of the subject: {e}")))?;
            url = relay.url();
            self.servers.relay = Some(relay);
        }
        let kind = subject.declaration.kind.as_str().to_owned();
        launch.variables.insert(kind, url);
        if let Some(key) = &subject.declaration.key {
            let name = key.split('+').next().unwrap_or(key);
            launch.variables.insert("sumdb_name".to_owned(), name.to_owned());
            launch.variables.insert("sumdb_key".to_owned(), key.clone());
        }
        Ok(Observation::Subject(launch))
    }

    /// Ends the subject that runs and the relay in front of it.
    fn end_subject(&mut self, kill: bool) {
        if let Some(running) = self.servers.running.take() {
            self.servers.log.extend(if kill { running.kill() } else { running.end() });
        }
        if let Some(relay) = self.servers.relay.take() {
            self.servers.relayed.extend(seen(&relay.requests()));
        }
    }

    fn launch(&mut self, subject: &Subject, step: &SubjectStep) -> Result<Launch, Undriven> {
        if !step.restart || self.servers.folders == 0 {
            self.servers.folders += 1;
        }
        let work = self.native(&format!("subject-{}", self.servers.folders));
        let (home, tmp) = (self.native_in(&work, "home"), self.native_in(&work, "tmp"));
        for folder in [&home, &tmp] {
            self.sandbox().put(folder, &Put::Dir { mode: None })?;
        }
        let upstream = match &step.upstream {
            Some(list) => self.scope().expand(list)?,
            None => self.servers.upstream.as_ref().map_or("off", |o| o.url.as_str()).to_owned(),
        };
        let mut set = BTreeMap::new();
        for (name, value) in &step.set {
            set.insert(name.clone(), self.scope().expand(value)?);
        }
        let goroot = self.scope().get("goroot").filter(|g| !g.is_empty()).map(str::to_owned);
        let surroundings = Surroundings {
            work: PathBuf::from(&work),
            env: self.environment().base_env(&home, &tmp),
            upstream,
            origin: self.servers.upstream.clone(),
            goroot,
            go_cache: self.environment().go_cache().to_owned(),
            set,
            limit: step.timeout.map(|s| Duration::from_secs(s.into())),
        };
        let launched = subject
            .launch(&surroundings)
            .map_err(|e| Undriven::Broken(format!("launching the subject: {e}")))?;
        let mut files = BTreeMap::new();
        for (path, text) in launched.files {
            files.insert(path, self.store(text.into_bytes())?);
        }
        let store = launched.store.display().to_string();
        let mut launch = Launch {
            argv: self.redacted(&launched.argv),
            env: self.redacted_variables(&launched.env),
            files,
            url: launched.url,
            variables: BTreeMap::from([
                ("program".to_owned(), launched.argv.first().cloned().unwrap_or_default()),
                ("store".to_owned(), store),
            ]),
            ..named(subject)
        };
        match launched.outcome {
            Ok(running) => self.servers.running = Some(running),
            Err(failure) => {
                launch.failure = Some(failure);
                launch.log = Some(self.store(launched.log)?);
            }
        }
        Ok(launch)
    }
}

fn named(subject: &Subject) -> Launch {
    Launch {
        name: subject.declaration.title.clone(),
        version: subject.version.clone(),
        ..Launch::default()
    }
}

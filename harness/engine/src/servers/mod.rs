//! The servers of one case: its origin, its subject, the relay in front of it, and what they leave
//! as evidence.

mod expand;
mod origin;
mod script;
mod subject;
mod sumdb;

use crate::drive::{Driver, Undriven};
use std::collections::BTreeMap;
use twinproof_model::{AskedOf, Case, Observation, RunRecord, SeenRequest, Step};
use twinproof_origin::{Origin, Relay, Request};
use twinproof_subject::{Running, Upstream};
use twinproof_sumdb::client::MemoryStore;

/// The servers of a case, and what they have seen so far. Dropping it ends them.
#[derive(Default)]
pub struct Servers {
    origin: Option<Origin>,
    /// What the subject is told of the origin.
    upstream: Option<Upstream>,
    /// Requests that the origin has been made to forget, for the evidence.
    forgotten: Vec<SeenRequest>,
    relay: Option<Relay>,
    /// Requests that relays before this one saw.
    relayed: Vec<SeenRequest>,
    running: Option<Running>,
    /// Folders that launches have had so far.
    folders: usize,
    /// What subjects that have ended wrote.
    log: Vec<u8>,
    /// What the verifying client remembers of each key's database.
    databases: BTreeMap<String, MemoryStore>,
}

impl Driver<'_> {
    /// Drives a step that is about servers.
    pub fn server_step(&mut self, case: &Case, step: &Step) -> Result<Observation, Undriven> {
        match step {
            Step::Origin(s) => self.origin_step(case, s),
            Step::Subject(s) => self.subject_step(s),
            Step::Requests(s) => self.requests_step(s.of),
            Step::Sumdb(s) => self.sumdb_step(s),
            Step::Script(s) => self.script_step(s),
            other => Err(Undriven::Broken(format!("no server has a `{}` step", other.kind()))),
        }
    }

    /// Makes the origin forget what it was asked, but not the evidence; whether there is an origin.
    pub fn forget_requests(&mut self) -> bool {
        let Some(origin) = &self.servers.origin else { return false };
        self.servers.forgotten.extend(seen(&origin.requests()));
        origin.clear();
        true
    }

    /// What the origin was asked since it was made to forget; `None` where there is none.
    pub fn asked_of_origin(&self) -> Option<Vec<SeenRequest>> {
        self.servers.origin.as_ref().map(|o| seen(&o.requests()))
    }

    fn requests_step(&mut self, of: AskedOf) -> Result<Observation, Undriven> {
        let (all, nobody) = match of {
            AskedOf::Origin => (self.asked_of_origin(), "the case has no origin"),
            AskedOf::Subject => {
                let mut all = self.servers.relayed.clone();
                let relay = self.servers.relay.as_ref();
                all.extend(relay.map(|r| seen(&r.requests())).unwrap_or_default());
                (relay.map(|_| all), "there is no relay in front of the subject")
            }
        };
        let error = all.is_none().then(|| nobody.to_owned());
        let requests = self.store(lines(&all.unwrap_or_default())?)?;
        Ok(Observation::Requests { requests, error })
    }

    /// Ends the servers and takes what they leave into the record.
    pub fn end_servers(&mut self, record: &mut RunRecord) -> Result<(), Undriven> {
        let mut servers = std::mem::take(&mut self.servers);
        if let Some(running) = servers.running.take() {
            servers.log.extend(running.kill());
        }
        if let Some(origin) = &servers.origin {
            servers.forgotten.extend(seen(&origin.requests()));
            let blob = self.store(lines(&servers.forgotten)?)?;
            record.logs.insert("origin.requests".to_owned(), blob);
        }
        if let Some(relay) = &servers.relay {
            servers.relayed.extend(seen(&relay.requests()));
        }
        if !servers.relayed.is_empty() {
            let blob = self.store(lines(&servers.relayed)?)?;
            record.logs.insert("subject.requests".to_owned(), blob);
        }
        if !servers.log.is_empty() {
            let log = std::mem::take(&mut servers.log);
            record.logs.insert("subject.log".to_owned(), self.store(log)?);
        }
        Ok(())
    }
}

/// Requests as evidence has them.
fn seen(requests: &[Request]) -> Vec<SeenRequest> {
    requests
        .iter()
        .map(|request| {
            let mut headers: BTreeMap<String, String> = BTreeMap::new();
            for header in &request.headers {
                headers
                    .entry(header.name.clone())
                    .and_modify(|v| *v = format!("{v}, {}", header.value))
                    .or_insert_with(|| header.value.clone());
            }
            SeenRequest {
                method: request.method.clone(),
                target: request.target.clone(),
                headers,
                status: request.status,
                bytes: request.sent,
                micros: request.took.unwrap_or_default(),
                fault: request.rule.map(|index| format!("rule {}", index + 1)),
            }
        })
        .collect()
}

/// A request a line, as JSON.
fn lines(requests: &[SeenRequest]) -> Result<Vec<u8>, Undriven> {
    let mut text = Vec::new();
    for request in requests {
        serde_json::to_writer(&mut text, request)
            .map_err(|e| Undriven::Broken(format!("a request cannot be written down: {e}")))?;
        text.push(b'\n');
    }
    Ok(text)
}

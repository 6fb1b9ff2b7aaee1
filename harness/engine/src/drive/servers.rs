//! The servers of one case: its origin, its subject, the relay in front of it, and the requests that
//! they have received.

use super::case_lab::CaseLab;
use super::error::StepError;
use std::collections::BTreeMap;
use twinproof_origin::{Origin, Relay, Request};
use twinproof_steps::SeenRequest;
use twinproof_subject::{Running, Upstream};
use twinproof_sumdb::client::MemoryStore;

/// The servers of a case, and what they have seen so far. Dropping it ends them.
#[derive(Default)]
pub struct Servers {
    /// The case's lab. It ends first: programs in it use the others.
    pub lab: Option<CaseLab>,
    /// The case's upstream, once it is started.
    pub origin: Option<Origin>,
    /// The origin's addresses and certificates, for the launch of the subject.
    pub upstream: Option<Upstream>,
    /// Requests that the origin has been made to forget, for the evidence.
    pub forgotten: Vec<SeenRequest>,
    /// The relay in front of the subject, where the case declares one.
    pub relay: Option<Relay>,
    /// Requests that relays before this one saw.
    pub relayed: Vec<SeenRequest>,
    /// The subject's process.
    pub running: Option<Running>,
    /// Folders that launches have had so far.
    pub folders: usize,
    /// Output of the case's subjects that have ended.
    pub log: Vec<u8>,
    /// State of the verifying client for each database, by its key: tree heads and tiles.
    pub databases: BTreeMap<String, MemoryStore>,
}

impl Servers {
    /// Clears the origin's list of requests, but not the evidence. Returns whether there is an origin.
    pub fn forget_requests(&mut self) -> bool {
        let Some(origin) = &self.origin else { return false };
        self.forgotten.extend(seen(&origin.requests()));
        origin.clear();
        true
    }

    /// Requests to the origin since the list was cleared; `None` where there is no origin.
    pub fn asked_of_origin(&self) -> Option<Vec<SeenRequest>> {
        self.origin.as_ref().map(|o| seen(&o.requests()))
    }

    /// Requests that relays in front of the subject have received; `None` where there is none now.
    pub fn asked_of_subject(&self) -> Option<Vec<SeenRequest>> {
        let relay = self.relay.as_ref()?;
        let mut all = self.relayed.clone();
        all.extend(seen(&relay.requests()));
        Some(all)
    }

    /// Ends the subject that runs and the relay in front of it.
    pub fn end_subject(&mut self, kill: bool) {
        if let Some(running) = self.running.take() {
            self.log.extend(if kill { running.kill() } else { running.end() });
        }
        if let Some(relay) = self.relay.take() {
            self.relayed.extend(seen(&relay.requests()));
        }
    }

    /// Ends all of them. Returns all requests to the origin from its start, where there was one,
    /// and leaves in `relayed` and `log` the requests and output of the others.
    pub fn end(&mut self) -> Option<Vec<SeenRequest>> {
        self.end_subject(true);
        let origin = self.origin.take()?;
        let mut all = std::mem::take(&mut self.forgotten);
        all.extend(seen(&origin.requests()));
        Some(all)
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
pub fn lines(requests: &[SeenRequest]) -> Result<Vec<u8>, StepError> {
    let mut text = Vec::new();
    for request in requests {
        serde_json::to_writer(&mut text, request)
            .map_err(|e| StepError::Broken(format!("a request cannot be written down: {e}")))?;
        text.push(b'\n');
    }
    Ok(text)
}

//! The host with a subject: an environment of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use twinproof_environment::{Environment, EnvironmentError, Facts, Sandbox};
use twinproof_gomod::goproxy::without_user;
use twinproof_model::Capability;
use twinproof_subject::{Subject, limits_stores};

/// The host, with a subject that cases launch in it.
pub struct Judged {
    host: Arc<dyn Environment>,
    facts: Facts,
}

impl Judged {
    /// The host with that subject.
    #[must_use]
    pub fn new(host: Arc<dyn Environment>, subject: &Subject) -> Self {
        let declaration = &subject.declaration;
        let mut facts = host.facts().clone();
        facts.name = declaration.environment();
        // The subject's declaration decides whether a case can have an origin.
        facts.capabilities.remove(&Capability::Origin);
        facts.capabilities.extend(declaration.capabilities());
        if !declaration.is_read_only() && limits_stores() {
            facts.capabilities.insert(Capability::StoreRoom);
        }
        let about = [
            ("subject", Some(declaration.title.clone())),
            ("version", Some(subject.version.clone())),
            ("program_sha256", subject.sha256.clone()),
            ("network", (!declaration.is_read_only()).then(network)),
            ("url", declaration.url.as_deref().map(without_user)),
        ];
        let about = about.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        facts.fingerprint.facts.extend(about);
        Self { host, facts }
    }
}

/// The network that a subject launched here can reach.
fn network() -> String {
    match twinproof_process::isolation() {
        Ok(()) => "a namespace of its own, with loopback only".to_owned(),
        Err(why) => format!("the machine's, which nothing keeps it from: {why}"),
    }
}

/// A subject as records and results name it: `proxy=goproxy v0.20.0`.
#[must_use]
pub fn named(subject: &Subject) -> String {
    let declaration = &subject.declaration;
    let name = format!("{}={}", declaration.kind.as_str(), declaration.name);
    if declaration.is_read_only() { name } else { format!("{name} {}", subject.version) }
}

impl Environment for Judged {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        self.host.base_env(home, tmp)
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        self.host.open(label)
    }
}

//! The host with a subject: an environment of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinproof_environment::{Absent, Environment, EnvironmentError, Sandbox};
use twinproof_gomod::goproxy::without_user;
use twinproof_model::{Capability, EnvironmentName, Fingerprint};
use twinproof_subject::Subject;

/// The host, with a subject that cases launch in it.
pub struct Judged {
    host: Arc<dyn Environment>,
    name: EnvironmentName,
    capabilities: BTreeSet<Capability>,
    fingerprint: Fingerprint,
    handshake: Vec<String>,
}

impl Judged {
    /// The host with that subject.
    #[must_use]
    pub fn new(host: Arc<dyn Environment>, subject: &Subject) -> Self {
        let declaration = &subject.declaration;
        let mut capabilities = host.capabilities().clone();
        // Whether a case can have an origin is the subject's to say.
        capabilities.remove(&Capability::Origin);
        capabilities.extend(declaration.capabilities());
        let mut fingerprint = host.fingerprint().clone();
        let facts = [
            ("subject", Some(declaration.title.clone())),
            ("version", Some(subject.version.clone())),
            ("program_sha256", subject.sha256.clone()),
            ("network", (!declaration.is_read_only()).then(network)),
            ("url", declaration.url.as_deref().map(without_user)),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                fingerprint.facts.insert(name.to_owned(), value);
            }
        }
        let handshake = host.handshake().to_vec();
        Self { name: declaration.environment(), host, capabilities, fingerprint, handshake }
    }
}

/// What a subject that is launched here can reach.
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
    fn name(&self) -> &EnvironmentName {
        &self.name
    }

    fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn handshake(&self) -> &[String] {
        &self.handshake
    }

    fn goroot(&self, version: &str) -> Result<String, Absent> {
        self.host.goroot(version)
    }

    fn go_cache(&self) -> &str {
        self.host.go_cache()
    }

    fn wine_root(&self) -> Option<&str> {
        self.host.wine_root()
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        self.host.base_env(home, tmp)
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        self.host.open(label)
    }
}

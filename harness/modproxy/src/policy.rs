//! The access policy: which modules clients may ask for, and which are never fetched from
//! upstreams.

use twinproof_gomod::glob::match_prefix_patterns;

use crate::failure::{Failure, Reason};
use crate::fetch_limiter::Client;
use crate::settings::Settings;

/// Pattern lists with cmd/go's meaning, held against module paths.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    allow: String,
    deny: String,
    exclude: String,
    nosumdb: String,
}

/// Whether a request for a module may go to the upstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// To the upstreams, for this client.
    Upstream(Client),
    /// To the store, for this reason.
    Store(&'static str),
}

impl Policy {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            allow: settings.allow.clone(),
            deny: settings.deny.clone(),
            exclude: settings.exclude.clone(),
            nosumdb: settings.nosumdb.clone(),
        }
    }

    /// Whether a client may ask for a module.
    pub(crate) fn check(&self, module: &str, client: Client) -> Result<Reach, Failure> {
        let denied = |why: &str| {
            Failure::new(Reason::Denied, format!("forbidden: {module} {why} of this proxy"))
        };
        // Denied before allowed: a pattern that forbids is written for an exception.
        if match_prefix_patterns(&self.deny, module) {
            return Err(denied("is denied by the rules"));
        }
        if !self.allow.is_empty() && !match_prefix_patterns(&self.allow, module) {
            return Err(denied("is not among the allowed modules"));
        }
        if match_prefix_patterns(&self.exclude, module) {
            return Ok(Reach::Store("it is excluded by the rules of this proxy"));
        }
        Ok(Reach::Upstream(client))
    }

    /// Whether no checksum database may learn of the module.
    pub(crate) fn is_private(&self, module: &str) -> bool {
        match_prefix_patterns(&self.nosumdb, module)
    }
}

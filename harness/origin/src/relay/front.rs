//! The state that all connections of a relay share.

use std::net::SocketAddr;

use crate::record::Log;
use crate::rules::Rules;

/// The target of a relay, its rules and its log.
pub(super) struct Front {
    pub(super) target: SocketAddr,
    /// The target's base path, which the relay's own URL has too. Rules and recorded requests do not
    /// have it, so that they mean the same for every subject.
    pub(super) base: String,
    pub(super) rules: Rules,
    pub(super) log: Log,
}

impl Front {
    /// A target without the base path; one outside of it as it is.
    pub(super) fn below_base<'t>(&self, target: &'t str) -> &'t str {
        match target.strip_prefix(self.base.as_str()) {
            Some(rest) if rest.starts_with('/') => rest,
            _ => target,
        }
    }
}

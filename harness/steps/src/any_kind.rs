//! A kind of step without the type of its payload.

use crate::kind::Kind;
use crate::lint::Lint;
use crate::observation::{Observation, Recorded};
use crate::{Checks, Evidence};
use std::collections::BTreeMap;
use twinproof_model::{Exchange, Exhibit};
use twinproof_toml::node::Node;

/// The same as [`Kind`] without the payload's type. Every kind has it.
pub trait AnyKind {
    fn name(&self) -> Option<&str>;
    fn asserts(&self) -> bool;
    fn needs_sdk(&self) -> bool;
    fn sdk(&self) -> Option<&str>;
    fn retries(&self) -> u32;
    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>);
    /// Whether the observation is of this kind; its checks are pushed if so.
    fn check(&self, seen: &Observation, checks: &mut Checks<'_>) -> bool;
    fn exchange(&self, seen: &Observation, evidence: Evidence<'_>) -> Option<Exchange>;
    fn capture(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String>;
    fn golden(
        &self,
        source: &str,
        seen: &Observation,
        evidence: Evidence<'_>,
    ) -> Result<String, String>;
    fn drift(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String>;
    fn exhibits(&self, seen: &Observation, evidence: Evidence<'_>, millis: u64) -> Vec<Exhibit>;
}

impl<K: Kind> AnyKind for K
where
    K::Seen: Recorded,
{
    fn name(&self) -> Option<&str> {
        Kind::name(self)
    }

    fn asserts(&self) -> bool {
        Kind::asserts(self)
    }

    fn needs_sdk(&self) -> bool {
        Kind::needs_sdk(self)
    }

    fn sdk(&self) -> Option<&str> {
        Kind::sdk(self)
    }

    fn retries(&self) -> u32 {
        Kind::retries(self)
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        Kind::lint(self, body, lint);
    }

    fn check(&self, seen: &Observation, checks: &mut Checks<'_>) -> bool {
        // A record is outside input: what it says a step saw may be of another kind of step. The
        // caller then says so; nothing is checked against it.
        K::Seen::of(seen).map(|seen| Kind::check(self, seen, checks)).is_some()
    }

    fn exchange(&self, seen: &Observation, evidence: Evidence<'_>) -> Option<Exchange> {
        Kind::exchange(self, K::Seen::of(seen)?, evidence)
    }

    fn capture(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        K::Seen::of(seen).map(|seen| Kind::capture(self, seen, evidence)).unwrap_or_default()
    }

    fn golden(
        &self,
        source: &str,
        seen: &Observation,
        evidence: Evidence<'_>,
    ) -> Result<String, String> {
        let seen = K::Seen::of(seen).filter(|_| K::SOURCES.contains(&source));
        let seen = seen.ok_or_else(|| format!("this step has no {source}"))?;
        Kind::golden(self, source, seen, evidence)
    }

    fn drift(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        K::Seen::of(seen).map(|seen| Kind::drift(self, seen, evidence)).unwrap_or_default()
    }

    fn exhibits(&self, seen: &Observation, evidence: Evidence<'_>, millis: u64) -> Vec<Exhibit> {
        let seen = K::Seen::of(seen);
        seen.map(|seen| Kind::exhibits(self, seen, evidence, millis)).unwrap_or_default()
    }
}

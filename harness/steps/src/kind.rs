//! What a kind of step is: the trait that its payload implements, and what is known of it without one.

use crate::lint::Lint;
use crate::{Checks, Evidence, Input, Observation, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use twinproof_toml::node::Node;

/// A variable with its meaning, as documentation and error messages show it.
pub type Variable = (&'static str, &'static str);

/// What the values of a step's `capture` table may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captures {
    /// The kind has no `capture` table, or any text will do.
    Anything,
    /// A regular expression with one group, matched against a line of the standard output.
    LineRegex,
    /// One of these names; a name that ends in `.` stands for all that begin with it.
    Names(&'static [&'static str]),
}

/// The payload of a kind of step.
///
/// A kind says everything about itself here, and nobody else matches on it: the loader, the judge and
/// the report ask through this trait. Each item that is not needed has a default.
pub trait Kind: Clone + PartialEq + Serialize + DeserializeOwned {
    /// What the engine records of it.
    type Seen: Seen;
    /// The inputs that a control may change.
    const INPUTS: &'static [Input] = &[];
    /// The variables that it gives to later steps.
    const GIVES: &'static [Variable] = &[];
    /// What a golden can be of: the word before the colon in `of = "stdout:STEP"`.
    const SOURCES: &'static [&'static str] = &[];
    /// What its `capture` table may name.
    const CAPTURES: Captures = Captures::Anything;

    /// The name given to it.
    fn name(&self) -> Option<&str>;

    /// Whether it asserts more than that a program ended with exit code 0.
    fn asserts(&self) -> bool {
        false
    }

    /// Whether it cannot be driven without a Go SDK.
    fn needs_sdk(&self) -> bool {
        false
    }

    /// The SDK version that it names.
    fn sdk(&self) -> Option<&str> {
        None
    }

    /// How often a failed try is repeated.
    fn retries(&self) -> u32 {
        0
    }

    /// Reports what is wrong with it, beyond the types of its keys and what is checked of every kind.
    /// `body` is its table.
    fn lint(&self, _body: &Node<'_>, _lint: &mut Lint<'_>) {}

    /// Compares its assertions with what was seen.
    fn check(&self, seen: &Self::Seen, checks: &mut Checks<'_>);

    /// The values that later steps get. One that is not there is left out; the step that needs it
    /// then cannot be driven.
    fn capture(&self, _seen: &Self::Seen, _evidence: Evidence<'_>) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The text that a golden of `source`, one of [`Kind::SOURCES`], holds.
    ///
    /// # Errors
    /// When there is no such text: a sentence that says why.
    fn golden(
        &self,
        source: &str,
        _seen: &Self::Seen,
        _evidence: Evidence<'_>,
    ) -> Result<String, String> {
        Err(format!("this step has no {source}"))
    }

    /// The values that stand for the case in a drift table; none of most kinds.
    fn drift(&self, _seen: &Self::Seen, _evidence: Evidence<'_>) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

/// A type that has a variant in [`Observation`]; the list of observations generates it.
pub trait Recorded: Sized {
    /// The observation, where it is of this type.
    fn of(observation: &Observation) -> Option<&Self>;
}

/// What a kind of step records.
pub trait Seen: Recorded {
    /// What a report shows of it, in order.
    fn rows(&self) -> Vec<Row<'_>>;
}

/// What is known of a kind without a step of it.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The kind, as suite files write it.
    pub kind: &'static str,
    /// The inputs that a control may change.
    pub inputs: &'static [Input],
    /// The variables that it gives to later steps.
    pub gives: &'static [Variable],
    /// What a golden can be of.
    pub sources: &'static [&'static str],
    /// What its `capture` table may name.
    pub captures: Captures,
}

impl Info {
    /// What is known of the kind whose payload is `K`.
    #[must_use]
    pub const fn of<K: Kind>(kind: &'static str) -> Self {
        Self {
            kind,
            inputs: K::INPUTS,
            gives: K::GIVES,
            sources: K::SOURCES,
            captures: K::CAPTURES,
        }
    }
}

/// The same as [`Kind`] for whoever does not know the payload's type. Every kind has it.
pub(crate) trait AnyKind {
    fn name(&self) -> Option<&str>;
    fn asserts(&self) -> bool;
    fn needs_sdk(&self) -> bool;
    fn sdk(&self) -> Option<&str>;
    fn retries(&self) -> u32;
    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>);
    /// Whether the observation is of this kind; its checks are pushed if so.
    fn check(&self, seen: &Observation, checks: &mut Checks<'_>) -> bool;
    fn capture(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String>;
    fn golden(
        &self,
        source: &str,
        seen: &Observation,
        evidence: Evidence<'_>,
    ) -> Result<String, String>;
    fn drift(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String>;
}

impl<K: Kind> AnyKind for K {
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
        K::Seen::of(seen).map(|seen| Kind::check(self, seen, checks)).is_some()
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
}

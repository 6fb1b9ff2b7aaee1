//! The trait of a kind of step, which its payload implements.

use crate::info::{Captures, Info, Variable};
use crate::lint::Lint;
use crate::{Checks, Evidence, Input, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use twinproof_model::{Exchange, Exhibit};
use twinproof_toml::node::Node;

/// The payload of a kind of step.
///
/// The trait holds everything that is particular to a kind, and no other code matches on it: the
/// loader, the judge and the report call the trait. Each item that not every kind needs has a
/// default.
pub trait Kind: Clone + PartialEq + Serialize + DeserializeOwned {
    /// The engine's record of it.
    type Seen: Seen;
    /// A step of this kind as a suite file has it, for docs/authoring.md.
    const EXAMPLE: &'static str;
    /// The inputs that a control may change.
    const INPUTS: &'static [Input] = &[];
    /// The variables that it gives to later steps.
    const GIVES: &'static [Variable] = &[];
    /// Names of its texts that a golden can hold: the word before the colon in `of =
    /// "stdout:STEP"`.
    const SOURCES: &'static [&'static str] = &[];
    /// The values that its `capture` table may have.
    const CAPTURES: Captures = Captures::Anything;
    /// Checks after whose failure later steps would only follow from it, without the step's name. A
    /// case goes on after any other failure, so that it shows all that is wrong.
    const ENDS: &'static [&'static str] = &[];

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

    /// Number of times that a failed try is repeated.
    fn retries(&self) -> u32 {
        0
    }

    /// Reports mistakes beyond the types of its keys and the checks of every kind. `body` is its
    /// table.
    fn lint(&self, _body: &Node<'_>, _lint: &mut Lint<'_>) {}

    /// Compares its assertions with the observation.
    fn check(&self, seen: &Self::Seen, checks: &mut Checks<'_>);

    /// The request and the answer, so that a failure can be repeated; nothing of kinds that send no
    /// request.
    fn exchange(&self, _seen: &Self::Seen, _evidence: Evidence<'_>) -> Option<Exchange> {
        None
    }

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

    /// Data for tables and pictures of a report; most kinds have none. `millis` is the step's
    /// duration.
    fn exhibits(&self, _seen: &Self::Seen, _evidence: Evidence<'_>, _millis: u64) -> Vec<Exhibit> {
        Vec::new()
    }
}

/// The record of a step.
pub trait Seen: Sized {
    /// Its rows in a report, in order.
    fn rows(&self) -> Vec<Row<'_>>;
}

/// The static facts of the kind whose payload is `K`.
#[must_use]
pub const fn info_of<K: Kind>(kind: &'static str) -> Info {
    Info {
        kind,
        example: K::EXAMPLE,
        inputs: K::INPUTS,
        gives: K::GIVES,
        sources: K::SOURCES,
        captures: K::CAPTURES,
        ends: K::ENDS,
    }
}

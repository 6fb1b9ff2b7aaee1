//! `history`: a pipeline between two databases, watched while things happen to it.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Input, Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_history::{
    Action, Done, Evidence, Instance, Outcome, Place, PlaceKind, TITLES, Zone, judge,
};
use twinproof_model::{BlobRef, Template, TextMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Copies tables from one database to another by the pipeline that is judged, while actions happen to
/// both, and records the source's binlog, the states of staging, and what all places hold in the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The tables and their classes: a file of the suite.
    pub tables: Template,
    /// The only kind of server that can run the actions; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<DatabaseServer>,
    /// Seed of generated transactions and random times.
    #[serde(default = "one")]
    pub seed: u64,
    /// The actions, in order.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
    /// The properties that are judged, by number.
    pub property: Vec<u8>,
    /// Whether only the final state is compared: for tables of many rows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unwatched: bool,
    /// Seconds that `settle` waits; 8 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u32>,
    /// A condition on the pipeline's last output; the pipeline has to have ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<TextMatch>,
    /// The deliberate defect of Twinproof's own pipeline; for controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<String>,
    /// Statements in staging after all actions, where the pipeline has no defects; for controls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tamper: Vec<String>,
}

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseServer {
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

fn one() -> u64 {
    1
}

/// The record of a pipeline's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistorySight {
    /// The source's transactions, the states of staging, tables, keys: JSON.
    pub evidence: Option<BlobRef>,
    /// The content of each place at the end.
    pub places: Vec<HistoryPlace>,
    /// The actions that were done.
    pub done: Vec<Done>,
    /// Runs of the pipeline.
    pub instances: Vec<Instance>,
    /// How many transactions the source had.
    pub transactions: u64,
    /// How many states of staging were seen.
    pub states: u64,
    /// The server's version, as it reports it.
    pub server: String,
}

/// A place, and its content at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HistoryPlace {
    /// Its name.
    pub name: String,
    /// The zone that it belongs to.
    pub zone: Zone,
    /// The kind of its content.
    pub kind: PlaceKind,
    /// All bytes in it.
    pub bytes: BlobRef,
}

impl HistorySight {
    /// Everything that was recorded, with stored bytes.
    fn evidence(&self, checks: &Checks<'_>) -> Result<Evidence, (Verdict, String)> {
        let none = (Verdict::Inconclusive, "nothing was recorded".to_owned());
        let stored = checks.bytes(self.evidence.as_ref().ok_or(none)?)?;
        let mut evidence: Evidence = serde_json::from_slice(&stored)
            .map_err(|e| (Verdict::Inconclusive, format!("the record cannot be read: {e}")))?;
        for place in &self.places {
            let bytes = checks.bytes(&place.bytes)?;
            let (name, zone, kind) = (place.name.clone(), place.zone, place.kind);
            evidence.places.push(Place { name, zone, kind, bytes });
        }
        // These two are part of the record itself, where a reader of the report sees them; all else
        // is in one blob.
        evidence.done.clone_from(&self.done);
        evidence.instances.clone_from(&self.instances);
        Ok(evidence)
    }
}

impl Kind for HistoryStep {
    type Seen = HistorySight;
    const EXAMPLE: &'static str = r#"{ history = { name = "h", tables = "users.tables", do = [{ generate = 20 }, "start", "settle"], property = [1, 21] } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("defect", "A deliberate defect of Twinproof's own pipeline")
            .checked(lint::filled),
        Input::texts(
            "tamper",
            "Statements in staging after all actions, where a pipeline has no defects",
        ),
        Input::text("tables", "Another file of tables").checked(lint::filled),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        !self.property.is_empty()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::timeout(body, "patience", lint);
        lint::conditions(node::get(body, "says"), lint);
        for (at, number) in node::elements(node::get(body, "property")).iter().zip(&self.property) {
            if !(1..=TITLES.len()).contains(&usize::from(*number)) {
                let message =
                    format!("there is no property {number}; they are 1 to {}", TITLES.len());
                lint.add(lint.draft("unknown-property", &message, at.span()));
            }
        }
    }

    fn check(&self, seen: &HistorySight, checks: &mut Checks<'_>) {
        let evidence = match seen.evidence(checks) {
            Ok(evidence) => evidence,
            Err((verdict, why)) => {
                checks.push("record", verdict, "a record", why, &[]);
                return;
            }
        };
        let stored: Vec<&BlobRef> = seen.evidence.iter().collect();
        for (number, outcome) in judge(&evidence, &self.property) {
            let title = TITLES.get(usize::from(number) - 1).copied().unwrap_or_default();
            let (verdict, actual) = match outcome {
                Outcome::Holds(how) => (Verdict::Pass, how),
                Outcome::Violated(how) => (Verdict::Fail, how),
                Outcome::Unseen(why) => (Verdict::Inconclusive, why),
            };
            checks.push(
                &format!("p{number}"),
                verdict,
                format!("{number}: {title}"),
                actual,
                &stored,
            );
        }
        if let Some(says) = &self.says {
            let halted = seen.instances.iter().rev().find(|i| i.ended.is_some());
            let none = (Verdict::Fail, "no instance ended by itself".to_owned());
            checks.text("says", says, halted.map(|i| i.last.clone()).ok_or(none), &[]);
        }
    }
}

impl Seen for HistorySight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = vec![Row::Line(vec![
            Part::text("watched a pipeline between two servers ("),
            Part::code(&self.server),
            Part::text("): "),
            Part::strong(plural(self.transactions, "transaction", "transactions")),
            Part::text(", "),
            Part::strong(plural(self.states, "state of staging", "states of staging")),
        ])];
        let done = self.done.iter().map(|done| {
            let mut line =
                vec![Part::text(format!("{} ms: ", done.at / 1000)), Part::code(&done.what)];
            if !done.outcome.is_empty() {
                line.extend([Part::text(": "), Part::code(&done.outcome)]);
            }
            Item { line, blob: None }
        });
        rows.push(Row::Folded("what was done".to_owned(), vec![Row::List(done.collect())]));
        for instance in self.instances.iter().filter(|i| i.ended.is_some()) {
            rows.push(Row::Line(vec![
                Part::text(format!("instance {} ended by itself with ", instance.number)),
                Part::code(instance.code.map_or_else(|| "a signal".to_owned(), |c| c.to_string())),
                Part::text(": "),
                Part::code(instance.last.lines().last().unwrap_or_default()),
            ]));
        }
        if let Some(evidence) = &self.evidence {
            rows.push(Row::blob("record", evidence));
        }
        rows.extend(self.places.iter().map(|place| Row::blob(place.name.as_str(), &place.bytes)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::alone::checks;

    #[test]
    fn nothing_holds_of_a_history_that_was_not_recorded() {
        let step = HistoryStep { property: vec![21], ..HistoryStep::default() };
        let found = checks(&step, &HistorySight::default());
        assert_eq!(found.iter().map(|c| c.verdict).collect::<Vec<_>>(), [Verdict::Inconclusive]);
    }
}

//! The evidence that all properties are judged by.

use super::outcome::Outcome;
use crate::cell::{Cell, Row};
use crate::record::Evidence;
use crate::record::{Done, Instance, State};
use crate::replay::{Replay, Version, shown};
use crate::spec::{BEAT, TableSpec};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A sensitive value that is shorter, in bytes, is not looked for: it may be anywhere by chance.
const SHORTEST: usize = 8;

pub(super) struct Court<'e> {
    pub(super) evidence: &'e Evidence,
    pub(super) replay: Replay<'e>,
}

impl<'e> Court<'e> {
    pub(super) fn new(evidence: &'e Evidence) -> Self {
        Self { evidence, replay: Replay::new(evidence) }
    }

    pub(super) fn property(&self, number: u8) -> Outcome {
        match number {
            1 => self.forbidden(),
            2 => self.plain(),
            3 => self.masked_keys(),
            4 => self.flips(),
            5 => self.predicate(),
            6 => self.unmaskable(),
            7 => self.coverage(),
            8 => self.shape(),
            9 => self.statements(),
            10 => self.states(),
            11 => self.equality(),
            12 => self.nonces(),
            13 => self.round_trip(),
            14 => self.binding(),
            15 => self.flipped_bits(),
            16 => self.ceiling(),
            17 => self.rotation(),
            18 => self.replayed(),
            19 => self.domains(),
            20 => self.key_bytes(),
            21 => self.at_rest("nothing happened", |_| true),
            22 => self.prefix(),
            23 => self.whole(),
            24 => self.per_key(),
            25 => self.key_changes(),
            26 => self.again(),
            27 => self.killed(),
            28 => self.restarted(),
            29 => self.fenced(),
            30 => self.hand_over(),
            31 => self.replication_domains(),
            32 => self.purged(),
            33 => self.partial_images(),
            34 => self.rule(),
            35 => self.unique(),
            36 => self.poison(),
            37 => self.lag(),
            38 => self.steady_keys(),
            39 => self.happened(),
            40 => self.as_statements(),
            41 => self.committed(),
            42 => self.both_ways(),
            43 => self.truncated(),
            44 => self.cascades(),
            45 => self.one_key(),
            46 => self.collations(),
            47 => self.verified(),
            48 => self.derived(),
            49 => self.quiet_staging(),
            50 => self.erased(),
            other => Outcome::Unseen(format!("property {other} is not judged")),
        }
    }

    /// The last state of staging.
    pub(super) fn last(&self) -> Option<&'e State> {
        self.evidence.staging.last()
    }

    /// Actions of that kind.
    pub(super) fn done<'s>(&'s self, what: &'s str) -> impl Iterator<Item = &'e Done> + 's {
        let is = move |d: &&Done| d.what == what || d.what.starts_with(&format!("{what} "));
        self.evidence.done.iter().filter(is)
    }

    /// Instances that ended by themselves with another code than 0.
    pub(super) fn halted(&self) -> impl Iterator<Item = &'e Instance> {
        // An instance that a history killed has no exit of its own: `ended` is set only for those
        // that ended by themselves.
        let is = |i: &&Instance| i.ended.is_some() && i.code != Some(0);
        self.evidence.instances.iter().filter(is)
    }

    /// The number of beats that a state of staging shows.
    pub(super) fn beat(rows: &BTreeMap<String, Vec<Row>>) -> Option<u64> {
        rows.get(BEAT)?.first()?.get("n")?.as_text()?.parse().ok()
    }

    /// The number of beats at the source after each of its transactions.
    pub(super) fn beats(&self) -> Vec<u64> {
        let of = |held: &crate::replay::Held| {
            let version = held.get(BEAT)?.values().next()?;
            version.row.get("n")?.as_text()?.parse().ok()
        };
        self.replay.states().iter().map(|held| of(held).unwrap_or(0)).collect()
    }

    /// The states of staging since its first snapshot was complete: the first beat may have come with
    /// it, the second came by the stream.
    pub(super) fn streamed(&self) -> &'e [State] {
        let states = &self.evidence.staging;
        // The snapshot copies the beat as it is, 1; a later one came by the stream.
        let first = states.iter().position(|s| Self::beat(&s.tables).is_some_and(|n| n > 1));
        first.map_or(&[], |first| &states[first..])
    }

    /// The rows of the source at the end that pass, by its own answer, with what staging has of each.
    pub(super) fn pairs(&self) -> Vec<(&'e TableSpec, Arc<Version>, Option<&'e Row>)> {
        let mut all = Vec::new();
        for table in self.replay.tables() {
            let held = self.held(table);
            for kept in self.evidence.kept.get(&table.name).into_iter().flatten() {
                if !table.filters() || kept.passes == Some(true) {
                    let version = Arc::new(self.replay.version(table, &kept.row));
                    let key = self.replay.key(table, &kept.row);
                    all.push((table, version, held.get(&key).copied()));
                }
            }
        }
        all
    }

    /// Staging's last rows of a table, by key.
    pub(super) fn held(&self, table: &TableSpec) -> BTreeMap<Vec<Cell>, &'e Row> {
        let rows = self.last().and_then(|s| s.tables.get(&table.name));
        rows.into_iter().flatten().map(|row| (Replay::staged_key(table, row), row)).collect()
    }

    /// The differences between staging and the source at the end, by the source's own rows and
    /// answers.
    pub(super) fn differences(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        for (table, version, staged) in self.pairs() {
            *wanted.entry(&table.name).or_default() += 1;
            let key = shown(&self.replay.key(table, &version.row));
            match staged {
                None => all.push(format!("{} lacks the row {key}", table.name)),
                Some(staged) => {
                    for (column, misfit) in self.replay.misfits(table, &version, staged) {
                        all.push(format!("{} row {key}: {column} {}", table.name, misfit.words()));
                    }
                }
            }
        }
        for table in self.replay.tables() {
            let wanted = wanted.get(table.name.as_str()).copied().unwrap_or(0);
            let held = self.held(table);
            let kept: std::collections::BTreeSet<Vec<Cell>> = self
                .evidence
                .kept
                .get(&table.name)
                .into_iter()
                .flatten()
                .filter(|k| !table.filters() || k.passes == Some(true))
                .map(|k| self.replay.key(table, &k.row))
                .collect();
            for key in held.keys().filter(|key| !kept.contains(*key)) {
                all.push(format!(
                    "{} has the row {}, of {wanted} that pass",
                    table.name,
                    shown(key)
                ));
            }
        }
        all
    }

    /// Holds where staging is the masked and filtered source at the end, and something happened.
    pub(super) fn at_rest(&self, unseen: &str, seen: impl Fn(&Self) -> bool) -> Outcome {
        if !seen(self) || self.evidence.source.is_empty() {
            return Outcome::Unseen(unseen.to_owned());
        }
        let rows = self.pairs().len();
        match self.differences().into_iter().next() {
            Some(difference) => Outcome::Violated(difference),
            None => Outcome::Holds(format!("{rows} rows, each as it should be")),
        }
    }

    /// Holds where the pipeline ended by itself and shows nothing that the source did from a
    /// transaction on.
    pub(super) fn stops_before(&self, index: usize, what: &str) -> Outcome {
        let Some(halted) = self.halted().last() else {
            return Outcome::Violated(format!("{what}, and the pipeline went on"));
        };
        if halted.last.trim().is_empty() {
            return Outcome::Violated(format!("{what}, and the pipeline ended without a word"));
        }
        let before = self.beats().get(index).copied().unwrap_or(0);
        let late = self.streamed().iter().find(|s| Self::beat(&s.tables) > Some(before));
        if late.is_some() {
            return Outcome::Violated(format!("{what}, and staging shows what came after"));
        }
        Outcome::Holds(format!("{what}, and the pipeline ended with {}", halted.code.unwrap_or(0)))
    }

    /// The places of transactions that are so.
    pub(super) fn places(&self, is: impl Fn(&crate::record::Transaction) -> bool) -> Vec<usize> {
        let all = self.evidence.source.iter().enumerate();
        all.filter(|(_, t)| is(t)).map(|(i, _)| i).collect()
    }

    /// The sensitive values of rows of the source.
    pub(super) fn sensitive<'r>(
        &self,
        rows: impl Iterator<Item = (&'r str, &'r Row)>,
    ) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for (name, row) in rows {
            let Some(table) = self.evidence.spec.find(name) else { continue };
            for (column, cell) in row {
                let masked = self.evidence.spec.mask(table, column).is_some()
                    || !table.columns.contains_key(column);
                if let Some(bytes) = cell.bytes().filter(|_| masked) {
                    all.extend(words(bytes));
                }
            }
        }
        all
    }

    /// Every row that the source ever had.
    pub(super) fn images(&self) -> impl Iterator<Item = (&'e str, &'e Row)> {
        self.evidence.source.iter().flat_map(|t| &t.changes).flat_map(|change| {
            let images = change.before.iter().chain(&change.after);
            images.map(|row| (change.table.as_str(), row))
        })
    }
}

/// The byte strings that a search for a value looks for: the value, or the strings of a document.
fn words(bytes: &[u8]) -> Vec<Vec<u8>> {
    // Of a JSON document the strings are looked for one by one: a pipeline may write its members in
    // another order.
    let document = bytes.first() == Some(&b'{');
    let parts: Vec<Vec<u8>> = match document {
        true => bytes.split(|b| *b == b'"').map(<[u8]>::to_vec).collect(),
        false => vec![bytes.to_vec()],
    };
    parts.into_iter().filter(|part| part.len() >= SHORTEST).collect()
}

//! Order and completeness: 22 to 32, 37 and 41.

use super::court::Court;
use super::outcome::Outcome;
use crate::cell::Cell;
use crate::record::State;
use crate::replay::{Held, Replay, shown};
use std::collections::BTreeMap;

/// The most that staging may lag behind, in microseconds.
const LAG: u64 = 2_000_000;

/// A state of staging that is none of the source's.
struct Stray<'s> {
    state: &'s State,
    /// The difference from the nearest state of the source.
    how: String,
    /// Whether it has a transaction in part.
    torn: bool,
}

impl Court<'_> {
    /// The first state of staging that is none of the source's, in their order; how many were looked at.
    fn stray(&self) -> (usize, Option<Stray<'_>>) {
        let states = self.replay.states();
        let streamed = self.streamed();
        let mut from = 0;
        for (n, state) in streamed.iter().enumerate() {
            let is = |held: &Held| self.replay.difference(held, &state.tables).is_none();
            // From the last match on: going back to an earlier state of the source would be a
            // violation of its own.
            match (from..states.len()).find(|i| is(&states[*i])) {
                Some(at) => from = at,
                None => {
                    // The nearest state makes the message readable; the verdict does not depend on
                    // it.
                    let near =
                        (from..states.len()).min_by_key(|i| self.distance(&states[*i], state));
                    let near = near.unwrap_or(from);
                    let back = (0..from).any(|i| is(&states[i]));
                    let how = match back {
                        true => "it is one that was left behind".to_owned(),
                        false => {
                            self.replay.difference(&states[near], &state.tables).unwrap_or_default()
                        }
                    };
                    // Rows of two neighbouring states side by side are a transaction that was seen
                    // in part.
                    let torn = !back && (from..states.len() - 1).any(|i| self.between(i, state));
                    return (n, Some(Stray { state, how, torn }));
                }
            }
        }
        (streamed.len(), None)
    }

    /// Number of rows in which a state of staging differs from a state of the source.
    fn distance(&self, held: &Held, state: &State) -> usize {
        let mut wrong = 0;
        for table in self.replay.tables() {
            let rows = held.get(&table.name);
            let staged = state.tables.get(&table.name);
            let passing = rows.into_iter().flat_map(BTreeMap::values).filter(|v| v.passes).count();
            let fit = staged.into_iter().flatten().filter(|row| {
                let version = rows.and_then(|r| r.get(&Replay::staged_key(table, row)));
                version.is_some_and(|v| v.passes && self.replay.is(table, v, row))
            });
            let fit = fit.count();
            // Missing rows, and rows too many.
            wrong += passing - fit.min(passing) + staged.map_or(0, Vec::len) - fit;
        }
        wrong
    }

    /// Whether each row of a state of staging is as before or as after one transaction.
    fn between(&self, index: usize, state: &State) -> bool {
        let (before, after) = (&self.replay.states()[index], &self.replay.states()[index + 1]);
        self.replay.tables().all(|table| {
            let rows = |held: &'_ Held| held.get(&table.name).cloned().unwrap_or_default();
            let (before, after) = (rows(before), rows(after));
            let staged: BTreeMap<Vec<Cell>, _> = state
                .tables
                .get(&table.name)
                .into_iter()
                .flatten()
                .map(|row| (Replay::staged_key(table, row), row))
                .collect();
            let keys = before.keys().chain(after.keys()).chain(staged.keys());
            keys.into_iter().all(|key| {
                [&before, &after].into_iter().any(|held| {
                    match (held.get(key).filter(|v| v.passes), staged.get(key)) {
                        (None, None) => true,
                        (Some(version), Some(row)) => self.replay.is(table, version, row),
                        _ => false,
                    }
                })
            })
        })
    }

    /// Number of wrong rows, and of all rows, over all states since the first snapshot. Each state
    /// is compared with the nearest state of the source among those of about the same beat, from
    /// the previous match on. Masked values are left out, because every pipeline writes tokens of
    /// its own.
    pub(super) fn wrong_rows(&self, filters: bool) -> (u64, u64) {
        let (states, beats) = (self.replay.states(), self.beats());
        let (mut wrong, mut rows, mut from) = (0, 0, 0);
        for state in self.streamed() {
            let beat = Self::beat(&state.tables).unwrap_or(0);
            // One beat to either side: it is written apart from the other changes, and may be seen
            // earlier or later.
            let first = beats.partition_point(|n| n + 1 < beat).max(from);
            let last = beats.partition_point(|n| *n <= beat + 1).max(first + 1).min(states.len());
            let off = |i: usize| self.off(&states[i], state, filters);
            let Some((at, least)) = (first..last).map(|i| (i, off(i))).min_by_key(|(_, n)| *n)
            else {
                continue;
            };
            from = at;
            wrong += least as u64;
            rows += state.tables.values().map(Vec::len).sum::<usize>() as u64;
        }
        (wrong.min(rows), rows)
    }

    /// Number of rows of a state of staging that are missing, superfluous, or differ from a state
    /// of the source in a column that is not masked.
    fn off(&self, held: &Held, state: &State, filters: bool) -> usize {
        let mut wrong = 0;
        for table in self.replay.tables() {
            let rows = held.get(&table.name);
            let staged = state.tables.get(&table.name);
            let due = |v: &crate::replay::Version| v.passes || !filters;
            let expected = rows.into_iter().flat_map(BTreeMap::values).filter(|v| due(v)).count();
            // Masked columns differ between any two pipelines; the public ones must be equal in
            // all.
            let public = || table.columns.iter().filter(|(_, c)| *c == crate::spec::PUBLIC);
            let fit = staged.into_iter().flatten().filter(|row| {
                let version = rows.and_then(|r| r.get(&Replay::staged_key(table, row)));
                version.is_some_and(|v| {
                    due(v) && public().all(|(column, _)| v.row.get(column) == row.get(column))
                })
            });
            let fit = fit.count();
            wrong += expected - fit.min(expected) + staged.map_or(0, Vec::len) - fit;
        }
        wrong
    }

    pub(super) fn prefix(&self) -> Outcome {
        let (seen, stray) = self.stray();
        match stray {
            Some(stray) => Outcome::Violated(format!(
                "after {} ms staging is no state of the source: {}",
                stray.state.at / 1000,
                stray.how
            )),
            // Two states prove no order.
            None if seen < 3 => Outcome::Unseen(format!("staging was seen in {seen} states only")),
            None => Outcome::Holds(format!(
                "{seen} states of staging, each one of {} of the source, in order",
                self.replay.states().len()
            )),
        }
    }

    pub(super) fn whole(&self) -> Outcome {
        let many = self.places(|t| t.changes.len() > 1).len();
        let (seen, stray) = self.stray();
        match stray {
            Some(stray) if stray.torn => Outcome::Violated(format!(
                "after {} ms staging has a transaction in part: {}",
                stray.state.at / 1000,
                stray.how
            )),
            _ if many == 0 || seen < 3 => {
                Outcome::Unseen("no transaction of several rows was seen".to_owned())
            }
            _ => Outcome::Holds(format!(
                "{many} transactions of several rows, none in part in {seen} states"
            )),
        }
    }

    pub(super) fn per_key(&self) -> Outcome {
        let mut checked = 0;
        for table in self.replay.tables() {
            let mut at: BTreeMap<Vec<Cell>, usize> = BTreeMap::new();
            for state in self.streamed() {
                let rows = state.tables.get(&table.name).into_iter().flatten();
                for row in rows {
                    let key = Replay::staged_key(table, row);
                    let from = at.get(&key).copied().unwrap_or(0);
                    let states = self.replay.states();
                    let is = |i: &usize| {
                        let version = states[*i].get(&table.name).and_then(|r| r.get(&key));
                        version.is_some_and(|v| self.replay.is(table, v, row))
                    };
                    checked += 1;
                    match (from..states.len()).find(is) {
                        Some(found) => _ = at.insert(key, found),
                        // Only a version from before is a step back; one that never was is found by
                        // property 22.
                        None if (0..from).any(|i| is(&i)) => {
                            return Outcome::Violated(format!(
                                "after {} ms row {} of {} is back at an older version",
                                state.at / 1000,
                                shown(&key),
                                table.name
                            ));
                        }
                        None => {}
                    }
                }
            }
        }
        let updated =
            self.places(|t| t.changes.iter().any(|c| c.before.is_some() && c.after.is_some()));
        if checked == 0 || updated.is_empty() {
            return Outcome::Unseen("no row changed".to_owned());
        }
        Outcome::Holds(format!(
            "{checked} rows in {} states, none went back",
            self.streamed().len()
        ))
    }

    pub(super) fn key_changes(&self) -> Outcome {
        let mut moved = 0;
        for change in self.evidence.source.iter().flat_map(|t| &t.changes) {
            let Some(table) = self.evidence.spec.find(&change.table) else { continue };
            if let (Some(before), Some(after)) = (&change.before, &change.after) {
                let changed = self.replay.key(table, before) != self.replay.key(table, after);
                moved += usize::from(changed && table.passes(before) && table.passes(after));
            }
        }
        match self.at_rest("no row's key changed", |_| moved > 0) {
            Outcome::Holds(how) => Outcome::Holds(format!("{moved} keys changed; {how}")),
            other => other,
        }
    }

    /// Rows of staging stay as they are when transactions come again: by a position that is set back,
    /// or by a source that sends them twice. A pipeline that ends instead changes nothing either.
    pub(super) fn again(&self) -> Outcome {
        // The position is set back by a statement in staging.
        let is = |d: &&crate::Done| d.what.contains("position") && d.what.contains("UPDATE");
        let sent = self.done("relayed").filter(|d| d.outcome.starts_with("repeat: "));
        let sent = sent.count() > 0 && !self.evidence.source.is_empty();
        let again = match self.done("staging").find(is) {
            None if sent => self.done("relay").find(|d| d.what == "relay repeat"),
            rewound => rewound,
        };
        let Some(again) = again else {
            return Outcome::Unseen("nothing was delivered again".to_owned());
        };
        let states = self.evidence.staging.iter();
        let Some(before) = states.clone().rfind(|s| s.at <= again.at) else {
            return Outcome::Unseen("staging was not seen".to_owned());
        };
        for state in states.filter(|s| s.at > again.at) {
            // The beat goes on while nothing else changes.
            for table in self.replay.tables().filter(|t| t.name != crate::spec::BEAT) {
                let rows = |s: &State| s.tables.get(&table.name).cloned().unwrap_or_default();
                if rows(state) != rows(before) {
                    return Outcome::Violated(format!(
                        "after {} ms {} changed, though the source did not",
                        state.at / 1000,
                        table.name
                    ));
                }
            }
        }
        let how = match self.halted().last() {
            Some(halted) => format!("the pipeline ended with {}", halted.code.unwrap_or(0)),
            None => "it went on".to_owned(),
        };
        Outcome::Holds(format!("staging did not change, and {how}"))
    }

    /// Every masked key in staging is the one that a row of the source has, whichever instance made it.
    pub(super) fn steady_keys(&self) -> Outcome {
        let mut known: std::collections::BTreeSet<(&str, Vec<Cell>)> = Default::default();
        for (name, row) in self.images() {
            let Some(table) = self.evidence.spec.find(name) else { continue };
            if table.key.iter().any(|c| self.evidence.spec.mask(table, c).is_some()) {
                known.insert((name, self.replay.key(table, row)));
            }
        }
        let starts = self.evidence.instances.len();
        if known.len() < 2 || starts < 2 {
            return Outcome::Unseen("there were not two masked keys and two starts".to_owned());
        }
        let masked: Vec<_> = self
            .replay
            .tables()
            .filter(|t| known.iter().any(|(name, _)| *name == t.name))
            .collect();
        for state in &self.evidence.staging {
            for table in &masked {
                for row in state.tables.get(&table.name).into_iter().flatten() {
                    let key = Replay::staged_key(table, row);
                    if !known.contains(&(table.name.as_str(), key.clone())) {
                        return Outcome::Violated(format!(
                            "after {} ms {} has the key {}, which no row of the source has",
                            state.at / 1000,
                            table.name,
                            shown(&key)
                        ));
                    }
                }
            }
        }
        match self.at_rest("", |_| true) {
            Outcome::Holds(how) => Outcome::Holds(format!(
                "{} masked keys over {starts} starts, each row's always the same; {how}",
                known.len()
            )),
            other => other,
        }
    }

    pub(super) fn killed(&self) -> Outcome {
        let held = self.done("held").filter(|d| d.outcome != "late").count();
        let kills = self.done("kill").count() + self.done("kills").count();
        match self.at_rest("nothing was killed at the point that is meant", |_| {
            held > 0 && kills > 0 || self.done("kills").count() > 0
        }) {
            Outcome::Holds(how) => Outcome::Holds(format!("{kills} kills; {how}")),
            other => other,
        }
    }

    pub(super) fn restarted(&self) -> Outcome {
        let stop = self.done("stop").next().map(|d| d.until);
        let start = stop.and_then(|stop| self.done("start").find(|d| d.at >= stop));
        // A restart proves nothing when nothing happened while it was down.
        let between = start.is_some_and(|start| {
            let mut actions = self.done("source").chain(self.done("generate"));
            actions.any(|d| d.at >= stop.unwrap_or(0) && d.until <= start.at)
        });
        // A connection that broke is begun again without a stop.
        let broken = self.done("cut").count() > 0
            || self.done("relayed").any(|d| d.outcome.starts_with("halve"));
        self.at_rest("nothing happened between a stop and a start", |_| between || broken)
    }

    pub(super) fn fenced(&self) -> Outcome {
        let twin = self.done("twin").count() > 0 && self.done("held").any(|d| d.outcome != "late");
        match self.at_rest("no instance was replaced while it wrote", |_| twin) {
            Outcome::Holds(how) => match self.evidence.instances.first() {
                Some(first) if first.ended.is_some() => {
                    Outcome::Holds(format!("the first instance ended; {how}"))
                }
                _ => Outcome::Violated("the instance that was replaced went on".to_owned()),
            },
            other => other,
        }
    }

    pub(super) fn hand_over(&self) -> Outcome {
        let start = self.done("start").next().map_or(u64::MAX, |d| d.at);
        let first = self.streamed().first().map_or(u64::MAX, |s| s.at);
        let busy = self.done("busy").any(|d| d.at <= first) && first > start;
        self.at_rest("nothing changed during the snapshot", |_| busy)
    }

    pub(super) fn replication_domains(&self) -> Outcome {
        let domains: std::collections::BTreeSet<u32> =
            self.evidence.source.iter().map(|t| t.domain).collect();
        self.at_rest("there was one domain only", |_| domains.len() > 1)
    }

    pub(super) fn purged(&self) -> Outcome {
        if !self.done("admin").any(|d| d.what.contains("PURGE")) {
            return Outcome::Unseen("nothing was purged".to_owned());
        }
        match self.halted().last() {
            Some(halted) if !halted.last.trim().is_empty() => Outcome::Holds(format!(
                "the pipeline ended with {}: {}",
                halted.code.unwrap_or(0),
                first_line(&halted.last)
            )),
            _ => Outcome::Violated("the binlog was purged, and the pipeline went on".to_owned()),
        }
    }

    pub(super) fn lag(&self) -> Outcome {
        let mut times: Vec<u64> = self.latencies();
        times.sort_unstable();
        let Some(worst) = times.last() else {
            return Outcome::Unseen("no beat was seen".to_owned());
        };
        // A settle that ran out of time is a beat that never came.
        let late = self.done("settle").filter(|d| d.outcome == "late").count();
        if *worst > LAG || late > 0 {
            return Outcome::Violated(format!(
                "staging was {} ms behind, {late} beats did not come",
                worst / 1000
            ));
        }
        Outcome::Holds(format!("{} beats, the slowest after {} ms", times.len(), worst / 1000))
    }

    /// Microseconds from each beat's commit at the source until it was seen in staging.
    pub(super) fn latencies(&self) -> Vec<u64> {
        let beats = self.done("beat");
        let seen = |n: u64| {
            self.evidence.staging.iter().find(|s| Self::beat(&s.tables) >= Some(n)).map(|s| s.at)
        };
        beats.filter_map(|d| Some(seen(d.outcome.parse().ok()?)?.saturating_sub(d.until))).collect()
    }

    pub(super) fn committed(&self) -> Outcome {
        // Rows of what was rolled back have `never` in a column that stays as it is.
        let mut tried = 0;
        for done in self.evidence.done.iter().filter(|d| d.what.contains("ROLLBACK")) {
            tried += usize::from(done.what.contains("never"));
        }
        if tried == 0 {
            return Outcome::Unseen("nothing was rolled back".to_owned());
        }
        for state in &self.evidence.staging {
            for (table, rows) in &state.tables {
                let is = |cell: &Cell| cell.as_text().is_some_and(|t| t.contains("never"));
                if rows.iter().any(|row| row.values().any(is)) {
                    return Outcome::Violated(format!(
                        "after {} ms {table} has a row that was rolled back",
                        state.at / 1000
                    ));
                }
            }
        }
        Outcome::Holds(format!(
            "{tried} transactions were rolled back, none of their rows was seen"
        ))
    }
}

pub(super) fn first_line(text: &str) -> String {
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    last.chars().take(200).collect()
}

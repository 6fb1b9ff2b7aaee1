//! Properties about shapes and rules, and events that must halt the pipeline: 8, 33 to 36, 39, 40,
//! 42 to 44, 47, 49.

use super::court::Court;
use super::outcome::Outcome;
use crate::cell::Cell;
use crate::class::Mask;
use crate::replay::truncated;
use std::collections::BTreeMap;

impl Court<'_> {
    pub(super) fn shape(&self) -> Outcome {
        let changes = |text: &str| {
            // Words, not a parser: the statements are the suite's own.
            let words: Vec<&str> = text.split([' ', '`', '.', ',']).collect();
            let verb = words
                .first()
                .is_some_and(|w| matches!(w.to_uppercase().as_str(), "ALTER" | "RENAME"));
            verb && self.replay.tables().any(|t| words.contains(&t.name.as_str()))
        };
        let places = self.places(|t| t.statement.as_deref().is_some_and(changes));
        let Some(first) = places.first() else {
            return Outcome::Unseen("no shape was changed".to_owned());
        };
        match self.stops_before(*first, "a shape was changed") {
            // Plain values may have crossed before the pipeline stopped.
            Outcome::Holds(how) => match self.plain() {
                Outcome::Violated(how) => Outcome::Violated(how),
                _ => Outcome::Holds(how),
            },
            other => other,
        }
    }

    pub(super) fn partial_images(&self) -> Outcome {
        match self.places(|t| t.changes.iter().any(|c| c.partial)).first() {
            Some(first) => self.stops_before(*first, "an image was not full"),
            None => Outcome::Unseen("every image was full".to_owned()),
        }
    }

    /// When the stream was corrupted on its way, the pipeline must end before the corrupt part,
    /// with staging in the state that the source had there.
    fn broken_stream(&self) -> Option<Outcome> {
        let of = |d: &&crate::Done| !d.outcome.starts_with("repeat: ");
        let how = self.done("relayed").find(of)?;
        let ordered = self.done("relay").find(|d| d.what != "relay repeat")?;
        // Beats count transactions on the source's side, which the relay's faults cannot change.
        let beats = self.done("beat").filter(|d| d.until <= ordered.at).count() as u64;
        let at = self.beats().iter().position(|n| *n >= beats)?;
        let what = format!("the stream was broken ({})", how.outcome);
        let staged = self
            .last()
            .and_then(|s| self.replay.difference(self.replay.states().get(at)?, &s.tables));
        Some(match staged {
            Some(how) => Outcome::Violated(format!("{what}, and staging was changed: {how}")),
            None => self.stops_before(at, &what),
        })
    }

    pub(super) fn as_statements(&self) -> Outcome {
        if let Some(outcome) = self.broken_stream() {
            return outcome;
        }
        let rows = |text: &str| {
            let verb = text.trim_start().split(' ').next().unwrap_or_default().to_uppercase();
            matches!(verb.as_str(), "INSERT" | "UPDATE" | "DELETE" | "REPLACE")
        };
        match self.places(|t| t.statement.as_deref().is_some_and(rows)).first() {
            Some(first) => self.stops_before(*first, "a change of rows was logged as a statement"),
            None => Outcome::Unseen("every change was logged as rows".to_owned()),
        }
    }

    pub(super) fn rule(&self) -> Outcome {
        let Some(changed) = self.done("policy").last() else {
            return Outcome::Unseen("no rule was changed".to_owned());
        };
        if self.differences().is_empty() {
            return Outcome::Holds("all rows are as the new rule has them".to_owned());
        }
        let beat = |s: &crate::State| Self::beat(&s.tables);
        let before = self.evidence.staging.iter().rfind(|s| s.at <= changed.at).and_then(beat);
        let after = self.last().and_then(beat);
        // Taking the snapshots again accepts the new rule.
        let renewed = self.done("run").any(|d| {
            d.at >= changed.at && d.what.contains("resnapshot") && d.outcome.starts_with('0')
        });
        match self.halted().last() {
            Some(_) if before == after && !renewed => Outcome::Holds(
                "the pipeline ended, and nothing was applied under two rules".to_owned(),
            ),
            _ => {
                let how = self.differences().into_iter().next().unwrap_or_default();
                Outcome::Violated(format!("rows of two rules are side by side: {how}"))
            }
        }
    }

    pub(super) fn unique(&self) -> Outcome {
        let swapped = self.places(|t| {
            let moves = t.changes.iter().filter(|c| c.before.is_some() && c.after.is_some());
            let mut values: BTreeMap<(&str, &Cell), usize> = BTreeMap::new();
            for change in moves {
                for row in change.before.iter().chain(&change.after) {
                    // Only this column has a unique index in the suite's tables.
                    for (column, cell) in row.iter().filter(|(c, _)| *c == "mail") {
                        *values.entry((column, cell)).or_default() += 1;
                    }
                }
            }
            values.values().filter(|n| **n > 1).count() > 1
        });
        match self.at_rest("no unique value changed hands", |_| !swapped.is_empty()) {
            Outcome::Holds(how) => Outcome::Holds(format!("{} swaps; {how}", swapped.len())),
            other => other,
        }
    }

    pub(super) fn poison(&self) -> Outcome {
        let poisoned = self.places(|t| {
            t.changes.iter().any(|change| {
                let table = self.evidence.spec.find(&change.table);
                let row = change.after.as_ref();
                row.zip(table).is_some_and(|(row, table)| {
                    table.passes(row)
                        && row.iter().any(|(column, cell)| {
                            let mask = self.evidence.spec.mask(table, column);
                            let digits = cell
                                .bytes()
                                .unwrap_or_default()
                                .iter()
                                .filter(|b| b.is_ascii_digit());
                            cell.bytes().is_some()
                                // The floor of FF1 is a million values, six digits.
                                && digits.count() < 6
                                && matches!(mask, Some((_, Mask::Format(_))))
                        })
                })
            })
        });
        match poisoned.first() {
            Some(first) => self.stops_before(*first, "a row could not be masked"),
            None => Outcome::Unseen("every row can be masked".to_owned()),
        }
    }

    pub(super) fn happened(&self) -> Outcome {
        let changes = self.evidence.source.iter().flat_map(|t| &t.changes).count();
        let canaries = self.sensitive(self.images()).len();
        let passes = |name: &str, row| self.evidence.spec.find(name).is_some_and(|t| t.passes(row));
        let flips = self.evidence.source.iter().flat_map(|t| &t.changes).filter(|c| {
            c.before
                .as_ref()
                .zip(c.after.as_ref())
                .is_some_and(|(b, a)| passes(&c.table, b) != passes(&c.table, a))
        });
        let (flips, states) = (flips.count(), self.evidence.staging.len());
        let how = format!(
            "{changes} changes, {flips} flips, {canaries} canaries, {states} states of staging"
        );
        // A history in which little happened would have every property.
        if changes >= 20 && flips > 0 && canaries > 0 && states > 2 {
            Outcome::Holds(how)
        } else {
            Outcome::Violated(format!("too little happened: {how}"))
        }
    }

    pub(super) fn both_ways(&self) -> Outcome {
        // Rows 1 and 2 hold the same values: one by the snapshot, the other by the stream.
        let mut compared = 0;
        for table in self.replay.tables() {
            let held = self.held(table);
            let row = |id: &str| held.get(&vec![Cell::text(id)]);
            let (Some(one), Some(other)) = (row("1"), row("2")) else { continue };
            for column in table.columns.keys().filter(|c| *c != "id") {
                compared += 1;
                if one.get(column) != other.get(column) {
                    return Outcome::Violated(format!(
                        "{}.{column}: {} by the snapshot, {} by the stream",
                        table.name,
                        one.get(column).map(Cell::shown).unwrap_or_default(),
                        other.get(column).map(Cell::shown).unwrap_or_default()
                    ));
                }
            }
        }
        // Ten columns, so that a table without most types does not count.
        match self.at_rest("no rows 1 and 2 were there", |_| compared >= 10) {
            Outcome::Holds(_) => Outcome::Holds(format!("{compared} cells are the same both ways")),
            other => other,
        }
    }

    pub(super) fn truncated(&self) -> Outcome {
        let places = self.places(|t| t.statement.as_deref().and_then(truncated).is_some());
        let Some(first) = places.first() else {
            return Outcome::Unseen("no table was truncated".to_owned());
        };
        match self.differences().into_iter().next() {
            None => Outcome::Holds("staging has what came after, and nothing else".to_owned()),
            Some(_) if self.halted().next().is_some() => {
                self.stops_before(*first, "a table was truncated")
            }
            Some(how) => Outcome::Violated(how),
        }
    }

    pub(super) fn cascades(&self) -> Outcome {
        let deleted = self.places(|t| t.changes.iter().any(|c| c.after.is_none()));
        self.at_rest("no row was deleted", |_| !deleted.is_empty())
    }

    pub(super) fn verified(&self) -> Outcome {
        let mut said = 0;
        let differs = self.differences();
        for done in self.done("run").filter(|d| d.what.contains("verify")) {
            said += 1;
            let last = self.done("run").filter(|d| d.what.contains("verify")).last();
            let is_last = last.is_some_and(|last| last.at == done.at);
            // Before staging was tampered with, it was as it should be.
            let wanted = if is_last && !differs.is_empty() { "1" } else { "0" };
            if done.outcome.split(' ').next() != Some(wanted) {
                return Outcome::Violated(format!(
                    "verify ended with {}, and staging {}",
                    done.outcome,
                    differs.first().map_or("is as it should be", String::as_str)
                ));
            }
        }
        if said < 2 || differs.is_empty() {
            return Outcome::Unseen(
                "staging was not compared before and after it was changed".to_owned(),
            );
        }
        Outcome::Holds(format!("it said so, once with {} differences", differs.len()))
    }

    pub(super) fn quiet_staging(&self) -> Outcome {
        let aside = self.evidence.spec.table.iter().filter(|t| t.aside);
        for table in aside {
            let rows = self.evidence.staging.iter().filter_map(|s| s.tables.get(&table.name));
            if rows.into_iter().any(|rows| !rows.is_empty()) {
                return Outcome::Violated(format!("a trigger of staging wrote to {}", table.name));
            }
        }
        let zero = self.images().any(|(_, row)| row.get("id") == Some(&Cell::text("0")));
        let trigger =
            self.evidence.spec.table.iter().any(|t| t.also.iter().any(|s| s.contains("TRIGGER")));
        match (zero, trigger, self.halted().next()) {
            (_, true, Some(halted)) => Outcome::Holds(format!(
                "staging has a trigger, and the pipeline ended with {}",
                halted.code.unwrap_or(0)
            )),
            (_, true, None) => {
                Outcome::Violated("staging has a trigger, and the pipeline went on".to_owned())
            }
            (true, ..) => self.at_rest("", |_| true),
            _ => Outcome::Unseen("staging has nothing to do by itself".to_owned()),
        }
    }
}

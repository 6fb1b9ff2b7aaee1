//! Properties about leaks into staging: 1 to 10, 20, 48 and 50.

use super::court::Court;
use super::outcome::Outcome;
use crate::canary::Searcher;
use crate::cell::Cell;
use crate::class::Mask;
use crate::record::{Place, PlaceKind, Zone};
use crate::replay::{Replay, shown};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The marker in texts of statements that must not reach staging.
const MARKED: &str = "sqltext-";

impl Court<'_> {
    pub(super) fn forbidden(&self) -> Outcome {
        let states = &self.evidence.staging;
        let mut rows = 0;
        for state in states {
            for table in self.replay.tables().filter(|t| t.filters()) {
                for row in state.tables.get(&table.name).into_iter().flatten() {
                    rows += 1;
                    let parent = self.replay.without_parent(table, row, &state.tables);
                    if parent.is_some() || !table.passes(row) {
                        let key = shown(&Replay::staged_key(table, row));
                        let ms = state.at / 1000;
                        let why = parent.map_or_else(String::new, |parent| {
                            format!(": the row of {parent} that it names is not there")
                        });
                        return Outcome::Violated(format!(
                            "after {ms} ms {} has the forbidden row {key}{why}",
                            table.name
                        ));
                    }
                }
            }
        }
        let forbidden = self
            .images()
            .filter(|(table, row)| self.evidence.spec.find(table).is_some_and(|t| !t.passes(row)));
        match (rows, forbidden.count()) {
            (0, _) | (_, 0) => Outcome::Unseen("no row passed, or none was forbidden".to_owned()),
            (rows, forbidden) => Outcome::Holds(format!(
                "{rows} rows in {} states; the source had {forbidden} forbidden images",
                states.len()
            )),
        }
    }

    /// Every cell that was ever in staging, once, as a place.
    fn staged_bytes(&self) -> Place {
        let states = self.evidence.staging.iter();
        let cells = states.flat_map(|s| s.tables.values().flatten()).flat_map(|row| row.values());
        let cells: std::collections::BTreeSet<&[u8]> = cells.filter_map(Cell::bytes).collect();
        let bytes = cells.into_iter().collect::<Vec<_>>().join(&b'\n');
        Place {
            name: "rows of staging".to_owned(),
            zone: Zone::Staging,
            kind: PlaceKind::Rows,
            bytes,
        }
    }

    /// Looks for values in places.
    fn absent(&self, canaries: Vec<Vec<u8>>, of: impl Fn(&Place) -> bool) -> Outcome {
        let searcher = Searcher::new(canaries);
        if searcher.count() == 0 {
            return Outcome::Unseen("there is no value to look for".to_owned());
        }
        let rows = self.staged_bytes();
        let places = self.evidence.places.iter().chain([&rows]);
        let places = places.filter(|p| p.zone == Zone::Staging && of(p));
        let (mut bytes, mut names) = (0, Vec::new());
        for place in places {
            if let Some(hit) = searcher.search(place).into_iter().next() {
                return Outcome::Violated(format!(
                    "{} has {:?} ({}) at byte {}",
                    hit.place, hit.canary, hit.form, hit.offset
                ));
            }
            bytes += place.bytes.len();
            names.push(place.name.as_str());
        }
        if bytes == 0 {
            return Outcome::Unseen("the places are empty".to_owned());
        }
        Outcome::Holds(format!(
            "{} values, each in 13 forms and in compressed pieces, in {bytes} bytes of {}",
            searcher.count(),
            names.join(", ")
        ))
    }

    pub(super) fn plain(&self) -> Outcome {
        self.absent(self.sensitive(self.images()), |_| true)
    }

    pub(super) fn states(&self) -> Outcome {
        let is = |p: &Place| matches!(p.kind, PlaceKind::State | PlaceKind::File);
        self.absent(self.sensitive(self.images()), is)
    }

    pub(super) fn statements(&self) -> Outcome {
        // A marked word stands in the comments of statements.
        let words = self.evidence.done.iter().flat_map(|d| d.what.split([' ', '*', '/', '\'']));
        let marked: Vec<Vec<u8>> =
            words.filter(|w| w.starts_with(MARKED)).map(|w| w.as_bytes().to_vec()).collect();
        self.absent(marked, |_| true)
    }

    pub(super) fn key_bytes(&self) -> Outcome {
        // As text and as bytes: a ring is written in base64, and a program holds what it stands
        // for.
        let secrets = self.evidence.keys.secrets.values();
        let both = secrets.flat_map(|text| {
            let bytes = BASE64_STANDARD.decode(text).unwrap_or_default();
            [text.as_bytes().to_vec(), bytes]
        });
        self.absent(both.collect(), |_| true)
    }

    pub(super) fn erased(&self) -> Outcome {
        let kept: Vec<Vec<u8>> =
            self.sensitive(self.evidence.kept.iter().flat_map(|(table, rows)| {
                rows.iter().map(move |kept| (table.as_str(), &kept.row))
            }));
        let deleted =
            self.evidence.source.iter().flat_map(|t| &t.changes).filter(|c| c.after.is_none());
        let rows = deleted.filter_map(|c| Some((c.table.as_str(), c.before.as_ref()?)));
        let mut gone = self.sensitive(rows);
        // A value that another row still has may stay: two people may have the same name.
        gone.retain(|value| !kept.contains(value));
        if let Outcome::Violated(how) = self.at_rest("", |_| true) {
            return Outcome::Violated(how);
        }
        self.absent(gone, |_| true)
    }

    pub(super) fn masked_keys(&self) -> Outcome {
        let masked = |table: &crate::TableSpec| {
            table.key.iter().any(|c| self.evidence.spec.mask(table, c).is_some())
        };
        let mut gone = 0;
        for table in self.replay.tables().filter(|t| masked(t)) {
            let changes = self.evidence.source.iter().flat_map(|t| &t.changes);
            for change in changes.filter(|c| c.table == table.name) {
                let Some(before) = &change.before else { continue };
                let key = self.replay.key(table, before);
                let there = self.replay.states().last().and_then(|s| s.get(&table.name));
                gone += usize::from(change.after.is_none());
                if self.held(table).contains_key(&key)
                    && !there.is_some_and(|r| r.contains_key(&key))
                {
                    return Outcome::Violated(format!(
                        "{} keeps the row {}",
                        table.name,
                        shown(&key)
                    ));
                }
            }
        }
        if gone == 0 {
            return Outcome::Unseen("no row with a masked key went".to_owned());
        }
        self.at_rest("", |_| true)
    }

    pub(super) fn flips(&self) -> Outcome {
        let mut flips = [0, 0];
        for change in self.evidence.source.iter().flat_map(|t| &t.changes) {
            let Some(table) = self.evidence.spec.find(&change.table) else { continue };
            let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
            match (table.passes(before), table.passes(after)) {
                (true, false) => flips[0] += 1,
                (false, true) => flips[1] += 1,
                _ => {}
            }
        }
        let seen = flips.iter().all(|n| *n > 0);
        match self.at_rest("no row changed between passing and not, both ways", |_| seen) {
            Outcome::Holds(how) => Outcome::Holds(format!(
                "{} rows ceased to pass, {} began; {how}",
                flips[0], flips[1]
            )),
            other => other,
        }
    }

    pub(super) fn predicate(&self) -> Outcome {
        let mut kinds = std::collections::BTreeSet::new();
        let own = |t: &&crate::TableSpec| t.predicate.is_some() && t.follows.is_empty();
        for table in self.replay.tables().filter(own) {
            let held = self.held(table);
            for kept in self.evidence.kept.get(&table.name).into_iter().flatten() {
                let key = self.replay.key(table, &kept.row);
                let value = kept.row.get("user_type").map(Cell::shown).unwrap_or_default();
                let passes = kept.passes == Some(true);
                if table.passes(&kept.row) != passes {
                    return Outcome::Unseen(format!(
                        "the suite decides {value} otherwise than the source"
                    ));
                }
                if held.contains_key(&key) != passes {
                    let says = if passes { "passes" } else { "does not pass" };
                    return Outcome::Violated(format!(
                        "the source says that {value} {says}, staging has it otherwise (row {})",
                        shown(&key)
                    ));
                }
                kinds.insert(value);
            }
        }
        // With fewer values than that a predicate that only compares bytes would pass.
        if kinds.len() < 6 {
            return Outcome::Unseen(format!("only {} values were decided", kinds.len()));
        }
        Outcome::Holds(format!(
            "{} values: {}",
            kinds.len(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        ))
    }

    pub(super) fn unmaskable(&self) -> Outcome {
        let mut unfit = Vec::new();
        for (name, row) in self.images() {
            let Some(table) = self.evidence.spec.find(name) else { continue };
            for (column, cell) in row {
                let format =
                    matches!(self.evidence.spec.mask(table, column), Some((_, Mask::Format(_))));
                let digits = cell.bytes().unwrap_or_default().iter().filter(|b| b.is_ascii_digit());
                if format && cell.bytes().is_some() && digits.count() < 6 {
                    unfit.push((table, column, cell));
                }
            }
        }
        if unfit.is_empty() {
            return Outcome::Unseen("every value can be masked".to_owned());
        }
        for state in &self.evidence.staging {
            for (table, column, cell) in &unfit {
                let rows = state.tables.get(&table.name).into_iter().flatten();
                if rows.into_iter().any(|row| row.get(*column) == Some(cell)) {
                    return Outcome::Violated(format!(
                        "{}.{column} has a value in plain",
                        table.name
                    ));
                }
            }
        }
        Outcome::Holds(format!("{} values that cannot be masked are nowhere in plain", unfit.len()))
    }

    /// Number of sensitive cells that were masked, and of all, over all states; the first that was
    /// not masked.
    pub(super) fn masked_cells(&self) -> (u64, u64, Option<String>) {
        let mut plain: std::collections::BTreeSet<(&str, &str, &Cell)> =
            std::collections::BTreeSet::new();
        for (table, row) in self.images() {
            plain.extend(row.iter().map(|(column, cell)| (table, column.as_str(), cell)));
        }
        let (mut masked, mut all) = (0_u64, 0_u64);
        let mut first = None;
        for state in &self.evidence.staging {
            for table in self.replay.tables() {
                for (column, class) in &table.columns {
                    if class == crate::spec::PUBLIC {
                        continue;
                    }
                    for row in state.tables.get(&table.name).into_iter().flatten() {
                        let Some(is) = row.get(column).filter(|c| c.bytes().is_some()) else {
                            continue;
                        };
                        let is_plain = plain.contains(&(table.name.as_str(), column.as_str(), is));
                        all += 1;
                        masked += u64::from(!is_plain);
                        if is_plain && first.is_none() {
                            let key = shown(&Replay::staged_key(table, row));
                            first = Some(format!(
                                "{}.{column} of row {key} is {}",
                                table.name,
                                is.shown()
                            ));
                        }
                    }
                }
            }
        }
        (masked, all, first)
    }

    pub(super) fn coverage(&self) -> Outcome {
        let (masked, all, first) = self.masked_cells();
        let share = format!("{masked} of {all} sensitive cells are masked");
        match first {
            _ if all == 0 => Outcome::Unseen("no sensitive cell was emitted".to_owned()),
            Some(first) => Outcome::Violated(format!("{share}: {first}")),
            None => Outcome::Holds(share),
        }
    }

    pub(super) fn derived(&self) -> Outcome {
        let derived =
            |t: &&crate::TableSpec| t.source.contains(" AS (") || t.source.contains(" JSON");
        if self.replay.tables().all(|t| !derived(&t)) {
            return Outcome::Unseen("no column is a copy of another".to_owned());
        }
        match self.plain() {
            Outcome::Holds(how) => match self.at_rest("", |_| true) {
                Outcome::Holds(_) => Outcome::Holds(how),
                other => other,
            },
            other => other,
        }
    }
}

//! The source's states, from its transactions in their order, and the expected rows of staging in
//! each.

use crate::cell::{Cell, Row};
use crate::mask::{At, Misfit, append, fits, keyed};
use crate::record::{Evidence, Transaction};
use crate::spec::{Follow, TableSpec};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// A version of a row.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) row: Row,
    /// Whether it passes.
    pub(crate) passes: bool,
    /// The key that its randomised tokens are bound to.
    bound: Vec<u8>,
}

/// A state: table → key as staging holds it → version.
pub(crate) type Held = BTreeMap<String, BTreeMap<Vec<Cell>, Arc<Version>>>;

/// A history's states, and a memory of comparisons.
pub(crate) struct Replay<'e> {
    pub(crate) evidence: &'e Evidence,
    states: OnceCell<Vec<Held>>,
    compared: RefCell<HashMap<(usize, u64), bool>>,
}

impl<'e> Replay<'e> {
    pub(crate) fn new(evidence: &'e Evidence) -> Self {
        Self { evidence, states: OnceCell::new(), compared: RefCell::default() }
    }

    /// The state before the first transaction, and after each. Made when it is first asked for: of a
    /// history of many rows only the end is judged.
    pub(crate) fn states(&self) -> &[Held] {
        self.states.get_or_init(|| {
            let mut now = Held::new();
            let mut prepared: Vec<&Transaction> = Vec::new();
            let mut states = vec![now.clone()];
            for transaction in &self.evidence.source {
                let text = transaction.statement.as_deref().unwrap_or_default().trim();
                if transaction.prepared {
                    // XA: the rows stand in the binlog before it is decided whether they count.
                    prepared.push(transaction);
                } else if text.starts_with("XA COMMIT") {
                    if let Some(transaction) = prepared.pop() {
                        self.apply(transaction, &mut now);
                    }
                } else if text.starts_with("XA ROLLBACK") {
                    prepared.pop();
                } else {
                    self.apply(transaction, &mut now);
                }
                states.push(now.clone());
            }
            states
        })
    }

    fn apply(&self, transaction: &Transaction, now: &mut Held) {
        if let Some(table) = truncated(transaction.statement.as_deref().unwrap_or_default()) {
            now.remove(&table);
        }
        for change in &transaction.changes {
            let Some(table) = self.evidence.spec.find(&change.table) else { continue };
            let rows = now.entry(change.table.clone()).or_default();
            if let Some(before) = &change.before {
                // Removed under its old key first: an update may change the key.
                rows.remove(&self.key(table, before));
            }
            if let Some(after) = &change.after {
                rows.insert(self.key(table, after), Arc::new(self.version(table, after)));
            }
        }
        if self.tables().any(|table| !table.follows.is_empty()) {
            self.close(now);
        }
    }

    /// Decides which rows pass that follow others. Each round decides one level more.
    fn close(&self, now: &mut Held) {
        loop {
            let mut changed = Vec::new();
            for table in self.tables().filter(|table| !table.follows.is_empty()) {
                for (key, version) in now.get(&table.name).into_iter().flatten() {
                    let passes = table.passes(&version.row)
                        && table.follows.iter().all(|follow| self.has_parent(now, follow, version));
                    if passes != version.passes {
                        let row = version.row.clone();
                        let version = Version { row, passes, bound: version.bound.clone() };
                        changed.push((&table.name, key.clone(), Arc::new(version)));
                    }
                }
            }
            if changed.is_empty() {
                return;
            }
            for (table, key, version) in changed {
                if let Some(rows) = now.get_mut(table) {
                    rows.insert(key, version);
                }
            }
        }
    }

    /// Whether the row that a row names passes; a row that names none needs none.
    fn has_parent(&self, now: &Held, follow: &Follow, version: &Version) -> bool {
        let Evidence { spec, keys, .. } = self.evidence;
        let Some(parent) = spec.find(&follow.table) else { return false };
        let named: Vec<&Cell> =
            follow.by.iter().map(|c| version.row.get(c).unwrap_or(&Cell::NULL)).collect();
        if named.iter().any(|cell| cell.bytes().is_none()) {
            return true;
        }
        let masked = parent.key.iter().zip(named);
        let key: Vec<Cell> = masked
            .map(|(column, cell)| keyed(spec, keys, spec.mask(parent, column), cell))
            .collect();
        let held = now.get(&parent.name).and_then(|rows| rows.get(&key));
        held.is_some_and(|parent| parent.passes)
    }

    /// The table of which a state of staging lacks the row that a row of it names.
    pub(crate) fn without_parent(
        &self,
        table: &TableSpec,
        row: &Row,
        staged: &BTreeMap<String, Vec<Row>>,
    ) -> Option<&'e str> {
        let spec = &self.evidence.spec;
        let named = |row: &Row, columns: &[String]| -> Vec<Cell> {
            columns.iter().map(|c| row.get(c).cloned().unwrap_or_default()).collect()
        };
        table.follows.iter().find_map(|follow| {
            let (parent, named_by) = (spec.find(&follow.table)?, named(row, &follow.by));
            let there = staged.get(&parent.name).into_iter().flatten();
            let lacks = named_by.iter().all(|cell| cell.bytes().is_some())
                && !there.into_iter().any(|row| named(row, &parent.key) == named_by);
            lacks.then_some(parent.name.as_str())
        })
    }

    /// The key of a row as staging holds it.
    pub(crate) fn key(&self, table: &TableSpec, row: &Row) -> Vec<Cell> {
        let Evidence { spec, keys, .. } = self.evidence;
        let cell = |column: &String| {
            let cell = row.get(column).unwrap_or(&Cell::NULL);
            keyed(spec, keys, spec.mask(table, column), cell)
        };
        table.key.iter().map(cell).collect()
    }

    pub(crate) fn version(&self, table: &TableSpec, row: &Row) -> Version {
        let mut bound = Vec::new();
        for cell in self.key(table, row) {
            append(cell.bytes().unwrap_or_default(), &mut bound);
        }
        Version { row: row.clone(), passes: table.passes(row), bound }
    }

    /// The key of a row of staging.
    pub(crate) fn staged_key(table: &TableSpec, row: &Row) -> Vec<Cell> {
        table.key.iter().map(|c| row.get(c).cloned().unwrap_or_default()).collect()
    }

    /// The faults of each cell of a row of staging.
    pub(crate) fn misfits(
        &self,
        table: &TableSpec,
        version: &Version,
        staged: &Row,
    ) -> Vec<(String, Misfit)> {
        let mut wrong = Vec::new();
        for column in table.columns.keys() {
            let plain = version.row.get(column).unwrap_or(&Cell::NULL);
            let is = staged.get(column).unwrap_or(&Cell::NULL);
            if let Err(misfit) = self.cell(table, column, version, plain, is) {
                wrong.push((column.clone(), misfit));
            }
        }
        wrong
    }

    fn cell(
        &self,
        table: &TableSpec,
        column: &str,
        version: &Version,
        plain: &Cell,
        is: &Cell,
    ) -> Result<(), Misfit> {
        let Evidence { spec, keys, db, .. } = self.evidence;
        let Some((class, mask)) = spec.mask(table, column) else {
            let shown = || Misfit::Differs(format!("it is {}, not {}", is.shown(), plain.shown()));
            return (plain == is).then_some(()).ok_or_else(shown);
        };
        let name = format!("{db}.{}", table.name);
        let (row, bound) = (&version.row, version.bound.as_slice());
        let at = At { spec, keys, table: &name, column, row, bound };
        fits(at, class, mask, plain, is)
    }

    /// Whether a row of staging is a version's masked row.
    pub(crate) fn is(&self, table: &TableSpec, version: &Arc<Version>, staged: &Row) -> bool {
        let mut hasher = DefaultHasher::new();
        staged.hash(&mut hasher);
        // By the version's address: versions are shared between states, and compared thousands of
        // times.
        let place = (Arc::as_ptr(version) as usize, hasher.finish());
        if let Some(known) = self.compared.borrow().get(&place) {
            return *known;
        }
        let is = self.misfits(table, version, staged).is_empty();
        self.compared.borrow_mut().insert(place, is);
        is
    }

    /// The tables that are copied.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'e TableSpec> {
        self.evidence.spec.table.iter().filter(|table| !table.aside)
    }

    /// The first way in which rows of staging are not those of a state; none where they are.
    pub(crate) fn difference(
        &self,
        state: &Held,
        staged: &BTreeMap<String, Vec<Row>>,
    ) -> Option<String> {
        let (none, nothing) = (BTreeMap::new(), Vec::new());
        for table in self.tables() {
            let rows = state.get(&table.name).unwrap_or(&none);
            let staged = staged.get(&table.name).unwrap_or(&nothing);
            let passing = rows.values().filter(|v| v.passes).count();
            for row in staged {
                let key = Self::staged_key(table, row);
                match rows.get(&key) {
                    None => {
                        return Some(format!(
                            "{} has a row {} that is gone",
                            table.name,
                            shown(&key)
                        ));
                    }
                    Some(version) if !version.passes => {
                        return Some(format!(
                            "{} has the forbidden row {}",
                            table.name,
                            shown(&key)
                        ));
                    }
                    Some(version) if !self.is(table, version, row) => {
                        let wrong = self.misfits(table, version, row);
                        let wrong = wrong.first().map(|(c, m)| format!("{c} {}", m.words()));
                        let wrong = wrong.unwrap_or_default();
                        return Some(format!("{} row {}: {wrong}", table.name, shown(&key)));
                    }
                    Some(_) => {}
                }
            }
            if staged.len() != passing {
                return Some(format!("{} has {} rows of {passing}", table.name, staged.len()));
            }
        }
        None
    }
}

/// A key for messages.
pub(crate) fn shown(key: &[Cell]) -> String {
    key.iter().map(Cell::shown).collect::<Vec<_>>().join(", ")
}

/// The table that a statement empties.
pub(crate) fn truncated(statement: &str) -> Option<String> {
    let words: Vec<&str> =
        statement.split([' ', '`', ';', '.']).filter(|w| !w.is_empty()).collect();
    let [first, rest @ ..] = &words[..] else { return None };
    first.eq_ignore_ascii_case("truncate").then(|| rest.last().map(|w| (*w).to_owned()))?
}

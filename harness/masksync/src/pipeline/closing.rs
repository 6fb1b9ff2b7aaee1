//! Keeps foreign keys of staging closed: a row whose parent is not in staging is left out, is
//! deleted with its parent, and is inserted when the parent comes back.
//!
//! A parent passes if staging has it, within the transaction that is written: that is the filtered
//! state of the source at that position. So children are decided when a batch is written, parents
//! first. Children of a parent that comes back are no longer in the stream; [`super::past`] reads
//! them from the source as they were at the position that is about to be committed. Staging then
//! shows parent and children in one step, as a state that the source had.

use super::engine::Prepared;
use super::past::{Named, Past};
use super::ties::{FOUND, Tuple, all_children, children, present, ranked, tuple};
use crate::binlog::{Flavour, GtidSet};
use crate::defect::{Defect, has};
use crate::flow::{Came, Effect};
use crate::server::Failed;
use crate::sink::{Batch, Commit, MysqlSink, Op, Progress, Row, Sink, SinkError, position};
use crate::value::Cell;
use std::borrow::Cow;

/// Parents whose children are read at once.
const PARENTS: usize = 200;
/// Parents that come back in one transaction; their keys are held in memory.
const RETURNS: usize = 200_000;

/// Writes batches whose tables follow one another.
pub(super) struct Closing {
    sink: MysqlSink,
    tables: Vec<Prepared>,
    past: Past,
    flavour: Flavour,
    /// Keys at the source of parents that came since the last commit, by table.
    came: Vec<Vec<Row>>,
}

type Effects<'e> = Cow<'e, [Effect<Row, Row>]>;

impl Closing {
    /// Writes through a sink; `tables` are its own copies.
    pub(super) fn new(
        sink: MysqlSink,
        tables: Vec<Prepared>,
        past: Past,
        flavour: Flavour,
    ) -> Self {
        let came = vec![Vec::new(); tables.len()];
        Self { sink, tables, past, flavour, came }
    }

    fn op(&mut self, op: &Op) -> Result<(), SinkError> {
        match op {
            Op::Begin { .. } => Ok(()),
            // Of tables that follow none and that none follows.
            Op::Repaired { .. } => self.sink.op(op),
            Op::Truncate { table } => {
                for (child, by) in self.ties(*table) {
                    self.leave(child, |closing| {
                        let session = closing.sink.session()?;
                        all_children(session, &closing.tables[child], &by)
                    })?;
                }
                self.sink.op(op)
            }
            Op::Rows { table, effects, replay, unchecked } => {
                self.rows(*table, effects, *replay, *unchecked)
            }
        }
    }

    /// Followers of a table, each with the columns it follows by.
    fn ties(&self, parent: usize) -> Vec<(usize, Vec<usize>)> {
        let of = |child: &usize| {
            let ties = self.tables[*child].follows.iter().filter(|tie| tie.parent == parent);
            ties.map(|tie| (*child, tie.by.clone())).collect::<Vec<_>>()
        };
        self.tables[parent].followers.iter().flat_map(of).collect()
    }

    fn rows(
        &mut self,
        table: usize,
        effects: &[Effect<Row, Row>],
        replay: bool,
        unchecked: bool,
    ) -> Result<(), SinkError> {
        let effects = self.with_parents(table, effects, unchecked)?;
        let ties = self.ties(table);
        if !ties.is_empty() {
            self.remember(table, &effects)?;
        }
        self.sink.rows(table, &effects, replay)?;
        let left: Vec<&Effect<Row, Row>> =
            effects.iter().filter(|e| e.existed && (e.gone || e.row.is_none())).collect();
        if has(Defect::KeepChildren) {
            return Ok(());
        }
        for (child, by) in ties {
            for part in left.chunks(PARENTS) {
                self.leave(child, |closing| {
                    let parent = &closing.tables[table];
                    let key = |e: &&Effect<Row, Row>| -> Row { e.key.clone() };
                    let keys: Vec<Row> = part.iter().map(key).collect();
                    let tuples: Vec<Tuple<'_>> =
                        keys.iter().map(|key| tuple(parent, &parent.target.key, key)).collect();
                    let session = closing.sink.session()?;
                    children(session, &closing.tables, (child, &by), (table, &tuples))
                })?;
            }
        }
        Ok(())
    }

    /// The effects, without rows whose parent is not in staging.
    fn with_parents<'e>(
        &mut self,
        table: usize,
        effects: &'e [Effect<Row, Row>],
        unchecked: bool,
    ) -> Result<Effects<'e>, SinkError> {
        let mut kept = Cow::Borrowed(effects);
        if has(Defect::IgnoreParents) {
            return Ok(kept);
        }
        let mut left_out = false;
        for tie in self.tables[table].follows.clone() {
            let (child, parent) = (&self.tables[table], &self.tables[tie.parent]);
            let mut naming = Vec::new();
            for (i, effect) in kept.iter().enumerate() {
                let Some(row) = &effect.row else { continue };
                let cells: Row = tie.by.iter().map(|by| row[*by].clone()).collect();
                if !cells.iter().any(Cell::is_null) {
                    naming.push((i, cells));
                }
            }
            let tuples: Vec<Tuple<'_>> =
                naming.iter().map(|(_, cells)| tuple(child, &tie.by, cells)).collect();
            let there = present(self.sink.session()?, parent, &parent.target.name, &tuples)?;
            drop(tuples);
            for ((i, _), _) in naming.iter().zip(there).filter(|(_, there)| !there) {
                kept.to_mut()[*i].row = None;
                left_out = true;
            }
        }
        let name = self.tables[table].plan.source.to_string();
        if left_out
            && unchecked
            && let Some(progress) = self.sink.progress(&name).filter(|progress| !progress.orphans)
        {
            // The parent may come later, as an insert like any other.
            let progress = Progress { orphans: true, ..progress.clone() };
            self.sink.set_progress(&name, progress)?;
        }
        Ok(kept)
    }

    /// Remembers the parents that come, and whose children may be at the source.
    fn remember(&mut self, table: usize, effects: &[Effect<Row, Row>]) -> Result<(), SinkError> {
        let orphans = self.tables[table].followers.iter().any(|child| {
            let name = &*self.tables[*child].plan.source;
            self.sink.progress(name).is_some_and(|progress| progress.orphans)
        });
        let may = |came: &&Came<Row>| !came.fresh || orphans;
        let comers: Vec<(&Effect<Row, Row>, &Came<Row>)> = effects
            .iter()
            .filter(|e| e.row.is_some())
            .filter_map(|e| Some((e, e.came.as_ref().filter(may)?)))
            .collect();
        let parent = &self.tables[table];
        let tuples: Vec<Tuple<'_>> =
            comers.iter().map(|(e, _)| tuple(parent, &parent.target.key, &e.key)).collect();
        let there = present(self.sink.session()?, parent, &parent.target.name, &tuples)?;
        let new = comers.iter().zip(there).filter(|((e, _), there)| !there || e.gone);
        let keys: Vec<Row> = new.map(|((_, came), _)| came.key.clone()).collect();
        self.came[table].extend(keys);
        if self.came[table].len() > RETURNS {
            return Err(SinkError::Differs {
                table: self.tables[table].plan.source.to_string(),
                what: format!("more than {RETURNS} of its rows come back in one transaction"),
            });
        }
        Ok(())
    }

    /// Takes rows from staging as long as some are found.
    fn leave(
        &mut self,
        table: usize,
        find: impl Fn(&mut Self) -> Result<Vec<Row>, Failed>,
    ) -> Result<(), SinkError> {
        let mut before: Option<Row> = None;
        loop {
            let keys = find(self)?;
            if keys.is_empty() {
                return Ok(());
            }
            if keys.first() == before.as_ref() {
                return Err(SinkError::Differs {
                    table: self.tables[table].target.name.clone(),
                    what: "a row that is to go stays".to_owned(),
                });
            }
            before = keys.first().cloned();
            let last = keys.len() < FOUND;
            let effects: Vec<_> = keys.into_iter().map(Effect::leave).collect();
            self.rows(table, &effects, false, false)?;
            if last {
                return Ok(());
            }
        }
    }

    /// Brings the children of parents that came, as they were at the position.
    fn bring_back(&mut self, commit: &Commit) -> Result<(), SinkError> {
        let at = position(self.flavour, &commit.position)?;
        for table in ranked(&self.tables, (0..self.tables.len()).collect()) {
            let keys = std::mem::take(&mut self.came[table]);
            if has(Defect::KeepAway) {
                continue;
            }
            for (child, by) in self.ties(table) {
                for part in keys.chunks(PARENTS) {
                    let named = Named::new((&self.tables[child], &by), (&self.tables[table], part));
                    self.bring(child, &named, &at)?;
                }
            }
        }
        Ok(())
    }

    fn bring(&mut self, table: usize, named: &Named<'_>, at: &GtidSet) -> Result<(), SinkError> {
        let mut after = None;
        loop {
            let child = &mut self.tables[table];
            let page = self.past.page(child, named, after, at)?;
            let followed = !child.followers.is_empty();
            let mut effects = Vec::with_capacity(page.rows.len());
            for row in &page.rows {
                let masked = child.plan.mask(row).map_err(|e| Failed {
                    doing: format!("bringing rows of {} back", child.plan.source),
                    why: e.to_string(),
                    code: None,
                    unreachable: false,
                })?;
                let cells: Row = masked.cells.into_iter().map(Cell::into_owned).collect();
                let of = |cells: &[Cell<'static>]| -> Row {
                    child.target.key.iter().map(|k| cells[*k].clone()).collect()
                };
                let came = followed.then(|| Came { key: of(row), fresh: false });
                effects.push(Effect { came, ..Effect::insert(of(&cells), cells) });
            }
            let child = &self.tables[table];
            let tuples: Vec<Tuple<'_>> =
                effects.iter().map(|e| tuple(child, &child.target.key, &e.key)).collect();
            // A row that is there is as it was at the position: another parent let it pass, or this
            // transaction brought it.
            let there = present(self.sink.session()?, child, &child.target.name, &tuples)?;
            drop(tuples);
            let mut there = there.into_iter();
            effects.retain(|_| there.next() == Some(false));
            let replay = child.high.as_ref().is_some_and(|high| !at.contains_all(high));
            self.rows(table, &effects, replay, false)?;
            match page.after {
                Some(key) => after = Some(key),
                None => return Ok(()),
            }
        }
    }
}

impl Sink for Closing {
    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        batch.ops.iter().try_for_each(|op| self.op(op))?;
        if let Some(commit) = &batch.commit {
            self.bring_back(commit)?;
        }
        self.sink.write(&Batch { commit: batch.commit.clone(), ..Batch::default() })
    }
}

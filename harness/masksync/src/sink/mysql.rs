//! MySQL or MariaDB as staging: rows, position and epoch in one transaction.
//!
//! Rows that change are taken away and put back, never "upserted": `ON DUPLICATE KEY UPDATE` and
//! `REPLACE` find rows by any unique key, and would change other rows.

use super::batch::{Batch, Commit, Op, Row, Target};
use super::insert::Inserts;
use super::mac::PositionMac;
use super::state::{Progress, StateStore};
use super::statement::Statement;
use super::{Sink, SinkError};
use crate::defect::{Defect, has};
use crate::flow::Effect;
use crate::server::{Connector, Failed, Role, Session, literal, name};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Defects under which rows are written without checks, so that only their effect is seen.
const BLIND: [Defect; 4] =
    [Defect::AfterOnly, Defect::SwapBatches, Defect::StaleUpdate, Defect::AppliesAgain];

/// Writes to staging.
pub struct MysqlSink {
    session: Session,
    inserts: Inserts,
    /// Absent where rows are written without a position.
    place: Option<Place>,
    targets: Arc<Vec<Target>>,
    open: bool,
    /// Versions that rows had before, for a build with defects.
    before: std::collections::HashMap<String, Row>,
}

/// The table row for positions, and the identity of the writer.
struct Place {
    state: StateStore,
    epoch: u64,
    tables: BTreeMap<String, Progress>,
    mac: PositionMac,
}

impl MysqlSink {
    /// Connects, to write as an instance of that epoch beside that state of the tables.
    ///
    /// # Errors
    /// When staging is out of reach, or no key authenticates positions.
    pub fn new(
        connector: &Connector,
        state: StateStore,
        epoch: u64,
        tables: &BTreeMap<String, Progress>,
        targets: Arc<Vec<Target>>,
    ) -> Result<Self, Failed> {
        let session = connector.connect(Role::Write)?;
        let place = Some(Place { mac: state.mac(tables)?, state, epoch, tables: tables.clone() });
        Ok(Self::of(session, place, targets))
    }

    /// A sink of one table that writes rows and no position, for snapshots.
    #[must_use]
    pub fn without_position(session: Session, target: Target) -> Self {
        Self::of(session, None, Arc::new(vec![target]))
    }

    fn of(session: Session, place: Option<Place>, targets: Arc<Vec<Target>>) -> Self {
        let (inserts, before) = Default::default();
        Self { session, inserts, place, targets, open: false, before }
    }

    /// Commits rows that were written without a position.
    ///
    /// # Errors
    /// When they are not committed.
    pub fn commit_rows(&mut self) -> Result<(), Failed> {
        self.open = false;
        self.session.run("committing in staging", "COMMIT")
    }

    fn run(&mut self, doing: &str, sql: &str) -> Result<u64, Failed> {
        self.session.run(doing, sql)?;
        Ok(self.session.conn.affected_rows())
    }

    /// The connection, within the transaction that is written.
    ///
    /// # Errors
    /// When no transaction begins.
    pub fn session(&mut self) -> Result<&mut Session, Failed> {
        self.begin()?;
        Ok(&mut self.session)
    }

    fn begin(&mut self) -> Result<(), Failed> {
        if !self.open {
            self.run("writing to staging", "START TRANSACTION")?;
            self.open = true;
        }
        Ok(())
    }

    /// The state of a table, `schema.table` at the source.
    #[must_use]
    pub fn progress(&self, table: &str) -> Option<&Progress> {
        self.place.as_ref()?.tables.get(table)
    }

    /// Changes the state of a table, which stands beside the next positions.
    ///
    /// # Errors
    /// When it is not written.
    pub fn set_progress(&mut self, table: &str, progress: Progress) -> Result<(), Failed> {
        self.begin()?;
        let Some(at) = &mut self.place else { return Ok(()) };
        at.tables.insert(table.to_owned(), progress);
        at.mac = at.state.mac(&at.tables)?;
        let sql = at.state.progress(at.epoch, &at.tables);
        self.session.run("writing the state of the tables in staging", &sql)
    }

    /// Writes rows that were read again, and takes them from the queue.
    fn repaired(
        &mut self,
        table: Option<&(usize, String)>,
        effects: &[Effect<Row, Row>],
        high: &str,
        done: &[u64],
    ) -> Result<(), SinkError> {
        if let Some((index, name)) = table
            && let Some(progress) = self.progress(name).cloned()
        {
            self.set_progress(name, Progress { high: Some(high.to_owned()), ..progress })?;
            self.rows(*index, effects, true)?;
        }
        let Some(at) = &self.place else { return Ok(()) };
        let sql = at.state.repaired(done);
        Ok(self.session.run("taking rows from the queue of repairs", &sql)?)
    }

    /// Writes rows into the transaction.
    ///
    /// # Errors
    /// When they are not written; the transaction is of no more use then.
    pub fn rows(
        &mut self,
        table: usize,
        effects: &[Effect<Row, Row>],
        replay: bool,
    ) -> Result<(), SinkError> {
        self.begin()?;
        let targets = Arc::clone(&self.targets);
        let Some(target) = targets.get(table) else { return Ok(()) };
        let is_gone = |e: &&Effect<Row, Row>| target.cascades && e.gone;
        let (gone, others): (Vec<_>, Vec<_>) = effects
            .iter()
            .filter(|e| e.existed && !(has(Defect::Upsert) && e.row.is_some()))
            // MySQL from 9.6 on writes rows that go with their parent to its binlog.
            .filter(|e| !(has(Defect::NoCascade) && e.gone && !target.cascades))
            .partition(is_gone);
        if !gone.is_empty() {
            // Staging's foreign keys must act on the rows that the source's foreign keys acted on.
            let checks = if has(Defect::NoCascade) { 0 } else { 1 };
            let checks = format!("SET SESSION foreign_key_checks = {checks}");
            self.run("writing to staging", &checks)?;
            let deleted = self.delete(target, &gone);
            self.run("writing to staging", "SET SESSION foreign_key_checks = 0")?;
            deleted?;
        }
        let deleted = self.delete(target, &others)?;
        let lenient = replay
            || target.lenient
            || !gone.is_empty()
            || has(Defect::Upsert)
            || BLIND.iter().any(|defect| has(*defect));
        // Staging lacks a row that the source changes: it was written by somebody else, or the
        // snapshot was wrong. Going on would hide it.
        if !lenient && deleted != others.len() as u64 {
            return Err(SinkError::Differs {
                table: target.name.clone(),
                what: format!("{} of {} changed rows are there", deleted, others.len()),
            });
        }
        let rows: Vec<&Row> = effects.iter().filter_map(|e| e.row.as_ref()).collect();
        self.insert(target, &rows, replay)
    }

    /// Writes the version before once more, and then the newest, for a build with defects.
    fn stale(&mut self, table: usize, effects: &[Effect<Row, Row>]) -> Result<(), SinkError> {
        let targets = Arc::clone(&self.targets);
        let Some(target) = targets.get(table) else { return Ok(()) };
        for effect in effects {
            let mut called = target.name.clone();
            effect.key.iter().for_each(|cell| {
                literal(cell, &crate::value::Charset::Binary, &mut called);
            });
            let Some(row) = &effect.row else { continue };
            if let Some(old) = self.before.insert(called, row.clone()) {
                for row in [&old, row] {
                    self.run("committing in staging", "COMMIT")?;
                    std::thread::sleep(std::time::Duration::from_millis(30));
                    self.run("writing to staging", "START TRANSACTION")?;
                    self.insert(target, &[row], true)?;
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, target: &Target, effects: &[&Effect<Row, Row>]) -> Result<u64, Failed> {
        let names: Vec<String> = target.key.iter().map(|k| name(&target.columns[*k].0)).collect();
        let head = format!("DELETE FROM {} WHERE ({}) IN (", target.name, names.join(", "));
        let doing = format!("deleting from {}", target.name);
        let mut deleted = 0;
        let mut sql = Statement::new(head, ")");
        for effect in effects {
            let places = target.key.iter().zip(&effect.key);
            sql.tuple(places.map(|(k, cell)| (cell, &target.columns[*k].1)));
            if sql.is_full() {
                deleted += self.run(&doing, sql.text())?;
                sql.clear();
            }
        }
        if !sql.is_empty() {
            deleted += self.run(&doing, sql.text())?;
        }
        Ok(deleted)
    }

    fn insert(&mut self, target: &Target, rows: &[&Row], replay: bool) -> Result<(), SinkError> {
        let names: Vec<String> =
            target.written.iter().map(|c| name(&target.columns[*c].0)).collect();
        // In a replay the row of another key may still have a unique value that it loses later in
        // the replay, where it is written whole again; only then it may be taken away for this one.
        let blind = BLIND.iter().any(|defect| has(*defect));
        let verb = match (replay || blind, has(Defect::Upsert)) {
            (_, true) => "INSERT IGNORE",
            (true, _) => "REPLACE",
            (false, _) => "INSERT",
        };
        let head = format!("{verb} INTO {} ({}) VALUES ", target.name, names.join(", "));
        let doing = format!("inserting into {}", target.name);
        self.inserts
            .run(&mut self.session, &doing, &head, (target, rows))
            .map_err(|e| of_rows(e, target))
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), SinkError> {
        let doing = "writing the position in staging";
        let Some(at) = &self.place else { return Ok(self.commit_rows()?) };
        let file = match &commit.file {
            Some((file, place)) => {
                let file = twinproof_base::hex::encode(file.as_bytes());
                format!(", file = x'{file}', place = {place}")
            }
            None => String::new(),
        };
        // A number that always changes, so that the row counts as changed.
        let sql = format!(
            "UPDATE {} SET position = '{}', mac = '{}'{file} WHERE pipeline = {} AND epoch = {}",
            at.state.table(),
            commit.position,
            at.mac.of(&commit.position),
            at.state.called(),
            at.epoch
        );
        let sql = match has(Defect::NoFence) {
            true => sql.replace(&format!("AND epoch = {}", at.epoch), ""),
            false => sql,
        };
        if has(Defect::RowsFirst) {
            // The position waits in a transaction of its own, which a kill undoes.
            self.run("committing in staging", "COMMIT")?;
            self.run("writing to staging", "START TRANSACTION")?;
        }
        // The UPDATE finds no row when another instance has raised the epoch. It also reports 0
        // where nothing changed, which the second look tells apart.
        if self.run(doing, &sql)? != 1 && !self.is_mine()? && !has(Defect::NoFence) {
            return Err(SinkError::Fenced);
        }
        self.run("committing in staging", "COMMIT")?;
        self.open = false;
        Ok(())
    }

    /// Whether no other instance has taken over; the state's row is locked meanwhile.
    fn is_mine(&mut self) -> Result<bool, Failed> {
        let Some(at) = &self.place else { return Ok(true) };
        let sql = format!(
            "SELECT CAST(epoch AS CHAR) FROM {} WHERE pipeline = {} FOR UPDATE",
            at.state.table(),
            at.state.called()
        );
        let epoch = self.session.text("reading the epoch in staging", &sql)?;
        Ok(epoch.and_then(|e| e.parse().ok()) == Some(at.epoch))
    }

    /// Does one step of a batch within the transaction.
    ///
    /// # Errors
    /// When it is not done; the transaction is of no more use then.
    pub fn op(&mut self, op: &Op) -> Result<(), SinkError> {
        self.begin()?;
        match op {
            Op::Begin { .. } => {}
            Op::Rows { table, effects, replay, .. } => {
                self.rows(*table, effects, *replay)?;
                if has(Defect::CommitEach) {
                    self.run("committing in staging", "COMMIT")?;
                    std::thread::sleep(std::time::Duration::from_millis(30));
                    self.run("writing to staging", "START TRANSACTION")?;
                }
                if has(Defect::StaleUpdate) {
                    self.stale(*table, effects)?;
                }
            }
            Op::Repaired { table, effects, high, done } => {
                self.repaired(table.as_ref(), effects, high, done)?;
            }
            Op::Truncate { table } => {
                if let Some(target) = self.targets.get(*table) {
                    // TRUNCATE commits implicitly, and the position must be committed together
                    // with the rows.
                    let sql = format!("DELETE FROM {}", target.name);
                    self.run("truncating a table in staging", &sql)?;
                }
            }
        }
        Ok(())
    }

    fn steps(&mut self, batch: &Batch) -> Result<(), SinkError> {
        self.begin()?;
        if has(Defect::PositionFirst)
            && let Some(commit) = &batch.commit
        {
            self.commit(commit)?;
            self.run("writing to staging", "START TRANSACTION")?;
            self.open = true;
        }
        for op in &batch.ops {
            self.op(op)?;
        }
        match &batch.commit {
            Some(commit) => self.commit(commit),
            None => Ok(()),
        }
    }
}

impl Sink for MysqlSink {
    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let written = self.steps(batch);
        if written.is_err() && self.open {
            // A broken connection is rolled back by the server.
            let _ = self.session.run("rolling back in staging", "ROLLBACK");
            self.open = false;
        }
        written
    }
}

/// A row that is there already, where none should be, is no fault of the server's.
fn of_rows(failed: Failed, target: &Target) -> SinkError {
    match failed.code {
        // ER_DUP_ENTRY.
        Some(1062) => SinkError::Differs {
            table: target.name.clone(),
            what: "a new row's key, or another unique value of it, is there already".to_owned(),
        },
        _ => SinkError::Failed(failed),
    }
}

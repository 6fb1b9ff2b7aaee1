//! Snapshots of tables, written to staging while production goes on.

use super::engine::{Asking, Prepared};
use super::halt::Halt;
use super::metrics::Metrics;
use super::names::dotted;
use super::setting::Setting;
use super::stop::Stop;
use crate::flow::Effect;
use crate::mask::Keys;
use crate::server::{Role, Session};
use crate::sink::{Batch, MysqlSink, Op, Row, Sink, Target};
use crate::source::{Chunk, Snapshot};
use crate::value::Cell;
use std::sync::Arc;

/// Rows of one table that are read at once.
const PARTS: usize = 2;

/// Copies all rows of a table that pass. What is in staging's table goes first.
pub(super) fn copy(
    setting: &Setting,
    keys: &Keys,
    table: &Prepared,
    target: &Target,
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let mut staging = setting.staging.connect(Role::Write)?;
    staging.run("emptying a table in staging", &format!("TRUNCATE {}", target.name))?;
    let mut source = setting.source.connect(Role::Ask)?;
    let whole = Snapshot::new(&table.policy, &table.source, &table.target.key);
    let parts = whole.parts(&mut source, PARTS)?;
    std::thread::scope(|scope| {
        let workers: Vec<_> = parts
            .into_iter()
            .map(|mut part| {
                scope.spawn(move || -> Result<(), Halt> {
                    let mut source = setting.source.connect(Role::Ask)?;
                    let staging = setting.staging.connect(Role::Write)?;
                    let mut writer = Writer::new(staging, target.clone());
                    let mut plan = plan(table, keys)?;
                    while let Some(chunk) = part.next_chunk(&mut source)? {
                        if stop.is_set() {
                            return Err(Halt::Mend {
                                what: "the snapshot was stopped; it begins anew".to_owned(),
                                fix: None,
                            });
                        }
                        metrics.heard();
                        metrics.snapshot_rows.inc_by(chunk.rows.len() as u64);
                        let rows = masked(&mut plan, chunk, &dotted(&table.policy.source))?;
                        writer.write(rows)?;
                    }
                    Ok(())
                })
            })
            .collect();
        // All are waited for, whatever one says.
        let results: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        results.into_iter().try_for_each(joined)
    })
}

/// A thread's result; one that panicked gives an error.
pub(super) fn joined<T>(result: std::thread::Result<Result<T, Halt>>) -> Result<T, Halt> {
    // A panic must not be taken for the end of the rows.
    result.unwrap_or_else(|_| {
        Err(Halt::Mend { what: "a thread of the pipeline broke".to_owned(), fix: None })
    })
}

/// A plan of one's own: maskers are not shared between threads.
pub(super) fn plan(table: &Prepared, keys: &Keys) -> Result<crate::flow::TablePlan, Halt> {
    let columns = table.plan.columns.clone();
    crate::flow::TablePlan::new(
        Arc::clone(&table.plan.source),
        columns,
        table.plan.key.clone(),
        keys,
    )
    .map_err(|e| Halt::Mend { what: e.to_string(), fix: None })
}

/// The masked rows of a chunk that pass.
pub(super) fn masked(
    plan: &mut crate::flow::TablePlan,
    chunk: Chunk,
    table: &str,
) -> Result<Vec<Row>, Halt> {
    let passing = chunk.rows.iter().zip(&chunk.passes).filter(|(_, passes)| **passes);
    passing
        .map(|(row, _)| match plan.mask(row) {
            Ok(row) => Ok(row.cells.into_iter().map(Cell::into_owned).collect()),
            Err(e) => Err(Halt::Event {
                at: format!("snapshot of {table}"),
                why: e.to_string(),
                fix: None,
            }),
        })
        .collect()
}

/// Writes rows of one table, each lot in a transaction of its own, without a position.
struct Writer {
    sink: MysqlSink,
}

impl Writer {
    fn new(session: Session, target: Target) -> Self {
        Self { sink: MysqlSink::without_position(session, target) }
    }

    fn write(&mut self, rows: Vec<Row>) -> Result<(), Halt> {
        let effect = |row| Effect { key: Row::new(), existed: false, gone: false, row: Some(row) };
        let effects = rows.into_iter().map(effect).collect();
        let ops = vec![Op::Rows { table: 0, effects, replay: false }];
        self.sink.write(&Batch { ops, ..Batch::default() })?;
        self.sink.commit_rows()?;
        Ok(())
    }
}

/// The connection for predicates, for what reads without an engine.
pub(super) fn asking(setting: &Setting) -> Asking {
    Asking { connector: setting.source.clone(), session: None }
}

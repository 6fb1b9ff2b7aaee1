//! Snapshots of tables, written to staging while production goes on.

use super::engine::Prepared;
use super::halt::Halt;
use super::metrics::Metrics;
use super::setting::Setting;
use super::stop::Stop;
use super::ties::{present, tuple};
use crate::mask::Keys;
use crate::policy::dotted;
use crate::server::{Role, Session};
use crate::sink::{Filling, Row};
use crate::source::{Chunk, Snapshot};
use crate::value::Cell;

/// Rows of one table that are read at once.
const PARTS: usize = 2;

/// Copies all rows of a table that pass, and whose parents are in staging. `group` has the indices
/// of the tables that are filled together; the table is the nth of it.
pub(super) fn copy(
    setting: &Setting,
    keys: &Keys,
    tables: &[Prepared],
    (group, nth): (&[usize], usize),
    filling: &dyn Filling,
    metrics: &Metrics,
    stop: &Stop,
) -> Result<(), Halt> {
    let table = &tables[group[nth]];
    let mut source = setting.source.connect(Role::Ask)?;
    let whole = Snapshot::new(&table.policy, &table.source, &table.target.key);
    let parts = whole.parts(&mut source, PARTS)?;
    std::thread::scope(|scope| {
        let workers: Vec<_> = parts
            .into_iter()
            .map(|mut part| {
                scope.spawn(move || -> Result<(), Halt> {
                    let mut source = setting.source.connect(Role::Ask)?;
                    let mut writer = filling.writer(nth)?;
                    let mut plan = table.plan(keys)?;
                    while let Some(chunk) = part.next_chunk(&mut source)? {
                        if stop.is_set() {
                            return Err(Halt::Mend {
                                what: "the snapshot was stopped; it begins anew".to_owned(),
                                fix: None,
                            });
                        }
                        metrics.heard();
                        metrics.snapshot_rows.inc_by(chunk.rows.len() as u64);
                        let mut rows = masked(&mut plan, chunk, &dotted(&table.policy.source))?;
                        for tie in &table.follows {
                            let parent = &tables[tie.parent];
                            // A parent that is not filled with it is in its place.
                            let held = match group.iter().position(|i| *i == tie.parent) {
                                Some(nth) => filling.name(nth),
                                None => &parent.target.name,
                            };
                            let parent = (parent, held);
                            with_parent(writer.session()?, table, &tie.by, parent, &mut rows)?;
                        }
                        writer.write(rows)?;
                    }
                    Ok(())
                })
            })
            .collect();
        // All threads are joined, also after an error.
        let results: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        results.into_iter().try_for_each(joined)
    })
}

/// Leaves the rows out whose parent is not in staging.
fn with_parent(
    session: &mut Session,
    table: &Prepared,
    by: &[usize],
    (parent, held): (&Prepared, &str),
    rows: &mut Vec<Row>,
) -> Result<(), Halt> {
    let naming = |row: &Row| -> Row { by.iter().map(|i| row[*i].clone()).collect() };
    let names: Vec<Row> = rows.iter().map(naming).collect();
    let is_named = |cells: &&Row| !cells.iter().any(Cell::is_null);
    let tuples: Vec<_> =
        names.iter().filter(is_named).map(|cells| tuple(table, by, cells)).collect();
    let mut there = present(session, parent, held, &tuples)?.into_iter();
    let mut names = names.iter();
    rows.retain(|_| !names.next().is_some_and(|n| is_named(&n)) || there.next() == Some(true));
    Ok(())
}

/// A thread's result; one that panicked gives an error.
pub(super) fn joined<T>(result: std::thread::Result<Result<T, Halt>>) -> Result<T, Halt> {
    // A panic must not be taken for the end of the rows.
    result.unwrap_or_else(|_| {
        Err(Halt::Mend { what: "a thread of the pipeline broke".to_owned(), fix: None })
    })
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

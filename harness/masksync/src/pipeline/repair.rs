//! Copies rows again that `verify` found wrong, between two transactions of the stream.
//!
//! A row is read from the source as it is now, which may be later than the stream's position. So the
//! changes of its table up to now are replayed afterwards, as they are after a snapshot: they replace
//! rows that are there.

use super::engine::{Engine, Prepared};
use super::halt::Halt;
use super::setting::Setting;
use crate::flow::Effect;
use crate::policy::dotted;
use crate::server::{Role, Session, is_one_of};
use crate::sink::{Op, Repair, Row, position};
use crate::source::{Snapshot, executed};
use crate::value::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The queue is looked at this often.
const PAUSE: Duration = Duration::from_secs(1);

/// The queue of rows to copy again.
pub(super) struct Repairs<'s> {
    setting: &'s Setting,
    staging: Session,
    looked: Option<Instant>,
    /// The last row that was taken: rows stay in the queue until they are written.
    after: u64,
}

impl<'s> Repairs<'s> {
    /// The queue of a pipeline; `staging` is a connection of its own.
    pub(super) fn new(setting: &'s Setting, staging: Session) -> Self {
        Self { setting, staging, looked: None, after: 0 }
    }

    /// The steps that copy the rows which wait, if it is time to look. The engine must be between two
    /// transactions, and its earlier changes must be written before these steps.
    ///
    /// # Errors
    /// When a server does not answer, or a row cannot be masked.
    pub(super) fn due(&mut self, engine: &mut Engine) -> Result<Vec<Op>, Halt> {
        if self.looked.is_some_and(|looked| looked.elapsed() < PAUSE) {
            return Ok(Vec::new());
        }
        let waiting = self.setting.state.repairs(&mut self.staging, self.after)?;
        // Behind these more may wait. Numbers may come out of order, so that all are looked at again
        // after the last.
        self.after = waiting.last().map_or(0, |repair| repair.id);
        self.looked = waiting.is_empty().then(Instant::now);
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut source = self.setting.source.connect(Role::Ask)?;
        let mut by_table: BTreeMap<String, Vec<Repair>> = BTreeMap::new();
        for repair in waiting {
            by_table.entry(repair.table.clone()).or_default().push(repair);
        }
        let mut ops = Vec::new();
        for (called, repairs) in by_table {
            let done = repairs.iter().map(|repair| repair.id).collect();
            let unread = repairs.iter().filter(|repair| repair.key.is_none()).count();
            if unread > 0 {
                tracing::warn!(
                    table = called,
                    rows = unread,
                    "repairs that cannot be read are dropped"
                );
            }
            let keys: Vec<Row> = repairs.into_iter().filter_map(|repair| repair.key).collect();
            let place = engine.tables.iter().position(|t| dotted(&t.policy.source) == called);
            let Some(table) = place.filter(|i| is_repairable(&engine.tables[*i])) else {
                tracing::warn!(
                    table = called,
                    rows = keys.len(),
                    "repairs of no such table are dropped"
                );
                ops.push(Op::Repaired {
                    table: None,
                    effects: Vec::new(),
                    high: String::new(),
                    done,
                });
                continue;
            };
            let effects = effects(&mut engine.tables[table], &mut source, &keys)?;
            // Asked after the rows were read: no transaction outside of it can be in them.
            let high = executed(&mut source)?.to_string();
            engine.tables[table].high = Some(position(source.flavour, &high)?);
            tracing::info!(table = called, rows = keys.len(), "rows are copied again");
            ops.push(Op::Repaired { table: Some((table, called)), effects, high, done });
        }
        Ok(ops)
    }
}

/// Whether rows of a table can be copied one by one. Where rows follow others, more than the row
/// itself may be wrong.
pub(super) fn is_repairable(table: &Prepared) -> bool {
    table.follows.is_empty() && table.followers.is_empty()
}

/// The rows of those keys as they should be in staging.
fn effects(
    table: &mut Prepared,
    source: &mut Session,
    keys: &[Row],
) -> Result<Vec<Effect<Row, Row>>, Halt> {
    let (policy, shape, places) =
        (table.policy.clone(), table.source.clone(), table.target.key.clone());
    let keys: Vec<&Row> = keys.iter().filter(|key| key.len() == places.len()).collect();
    let mut effects: BTreeMap<Vec<u8>, Effect<Row, Row>> = BTreeMap::new();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let plan = &mut table.plan;
    let unmasked = |error: crate::flow::Unmasked| Halt::Event {
        at: format!("copying rows of {} again", dotted(&policy.source)),
        why: error.to_string(),
        fix: None,
    };
    for key in &keys {
        // A row that the source has not any more is taken away, by its key alone.
        let mut row = vec![Cell::Null; plan.columns.len()];
        for (k, cell) in places.iter().zip(key.iter()) {
            row[*k] = cell.clone();
        }
        let (cells, called) = plan.key(&row).map_err(unmasked)?;
        let cells = cells.into_iter().map(Cell::into_owned).collect();
        effects.insert(called, Effect::leave(cells));
    }
    let columns: Vec<&str> = places.iter().map(|k| &*table.target.columns[*k].0).collect();
    let charsets = || places.iter().map(|k| plan.charset(*k));
    let condition = is_one_of(&columns, keys.iter().map(|key| key.iter().zip(charsets())));
    let mut rows = Snapshot::new(&policy, &shape, &places).only(&condition, None);
    while let Some(chunk) = rows.next_chunk(source)? {
        for (row, _) in chunk.rows.iter().zip(&chunk.passes).filter(|(_, passes)| **passes) {
            let masked = plan.mask(row).map_err(unmasked)?;
            let cells: Row = masked.cells.into_iter().map(Cell::into_owned).collect();
            let key: Row = places.iter().map(|k| cells[*k].clone()).collect();
            effects.insert(masked.key, Effect { existed: true, ..Effect::insert(key, cells) });
        }
    }
    Ok(effects.into_values().collect())
}

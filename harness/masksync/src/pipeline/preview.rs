//! Preview: the first rows of each table, masked, without writing anything.

use super::examine::{Examined, examine};
use super::halt::Halt;
use super::setting::Setting;
use super::ties::closed;
use crate::keys::Unbounded;
use crate::policy::dotted;
use crate::server::Role;
use crate::source::Snapshot;
use crate::value::{Cell, Charset};
use std::sync::Arc;

/// The first rows of a table, before and after masking. It has production values: it is for the
/// terminal of a person who may see them, not for a log.
#[derive(Debug)]
pub struct Preview {
    /// `schema.table` at the source.
    pub table: String,
    /// The columns' names and classes.
    pub columns: Vec<(String, String)>,
    /// The rows before and after masking; a row that does not pass has no form after it.
    pub rows: Vec<(Vec<String>, Option<Vec<String>>)>,
}

/// Reads and masks the first rows of each table.
///
/// # Errors
/// When the policy does not fit, a server does not answer, or a row cannot be masked.
pub fn preview(setting: &Setting, rows: usize) -> Result<Vec<Preview>, Halt> {
    // Nothing is written, so uses of keys are not counted.
    let keys = setting.keys_with(Arc::new(Unbounded));
    let mut source = setting.source.connect(Role::Ask)?;
    let mut staging = setting.staging.open(&setting.state)?;
    let examined = examine(&setting.policy, &keys, &mut source, &mut *staging)?;
    let Examined { tables, .. } = examined;
    let mut previews = Vec::new();
    for (place, table) in tables.iter().enumerate() {
        let name = dotted(&table.policy.source);
        let mut plan = table.plan(&keys)?;
        let key = &table.target.key;
        let snapshot = Snapshot::new(&table.policy, &table.source, key).first(rows);
        let mut snapshot = snapshot.closed(closed(&tables, place));
        let chunk = snapshot.next_chunk(&mut source)?;
        let mut shown = Vec::new();
        for (row, passes) in chunk.iter().flat_map(|c| c.rows.iter().zip(c.staged())) {
            let charset = |i: usize| plan.charset(i).clone();
            let before = row.iter().enumerate().map(|(i, c)| show(c, &charset(i))).collect();
            let after = if passes {
                let masked = plan.mask(row).map_err(|e| Halt::Event {
                    at: format!("preview of {name}"),
                    why: e.to_string(),
                    fix: None,
                })?;
                let cells = masked.cells.iter().enumerate();
                Some(cells.map(|(i, c)| show(c, plan.charset(i))).collect())
            } else {
                None
            };
            shown.push((before, after));
        }
        let columns = plan.columns.iter();
        let columns = columns.map(|c| (c.name.to_string(), c.named.class.to_string())).collect();
        previews.push(Preview { table: name, columns, rows: shown });
    }
    Ok(previews)
}

fn show(cell: &Cell<'_>, charset: &Charset) -> String {
    let mut bytes = Vec::new();
    match cell.canonical(charset, &mut bytes) {
        Ok(false) => "NULL".to_owned(),
        Ok(true) => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => format!("x'{}'", twinproof_base::hex::encode(error.as_bytes())),
        },
        Err(_) => "(not readable here)".to_owned(),
    }
}

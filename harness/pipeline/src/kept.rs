//! What is kept of servers and folders at the end of a history, for the record.

use crate::Error;
use crate::watch::rows;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use twinproof_history::{Kept, Row, Spec, TableSpec};

/// Most bytes that are looked at in a folder.
pub(crate) const FOLDER: usize = 32 << 20;

/// The rows of a table at the source, with its own answer to whether each passes.
pub(crate) fn kept_rows(
    conn: &mut Conn,
    db: &str,
    spec: &Spec,
    table: &TableSpec,
) -> Result<Vec<Kept>, Error> {
    let predicate = condition(db, spec, table, "t");
    // The server itself judges its rows: our own reading of a predicate would share our mistakes.
    let sql = format!("SELECT t.*, ({predicate}) AS passes_ FROM `{db}`.`{}` AS t", table.name);
    let kept = |mut row: Row| {
        let passes = row.remove("passes_").unwrap_or_default();
        let passes = passes.as_text().map(|text| text == "1");
        Kept { row, passes: passes.filter(|_| table.filters()) }
    };
    Ok(rows(conn, &sql)?.into_iter().map(kept).collect())
}

/// The condition that a row of a table passes, with the rows that it follows.
fn condition(db: &str, spec: &Spec, table: &TableSpec, called: &str) -> String {
    let mut all = vec![format!("({})", table.predicate.as_deref().unwrap_or("1"))];
    for follow in &table.follows {
        let Some(parent) = spec.find(&follow.table) else { continue };
        let within = format!("{called}_{}", parent.name);
        let nulls: Vec<String> =
            follow.by.iter().map(|by| format!("{called}.`{by}` IS NULL")).collect();
        let on: Vec<String> = parent
            .key
            .iter()
            .zip(&follow.by)
            .map(|(key, by)| format!("{within}.`{key}` = {called}.`{by}`"))
            .collect();
        all.push(format!(
            "({} OR EXISTS (SELECT 1 FROM `{db}`.`{}` AS {within} WHERE {} AND {}))",
            nulls.join(" OR "),
            parent.name,
            on.join(" AND "),
            condition(db, spec, parent, &within)
        ));
    }
    all.join(" AND ")
}

/// All bytes of all rows of a schema.
pub(crate) fn schema(conn: &mut Conn, name: &str) -> Result<Vec<u8>, Error> {
    let tables: Vec<String> = conn.query(format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}' ORDER BY table_name"
    ))?;
    let mut bytes = Vec::new();
    for table in tables {
        bytes.extend(format!("{table}\n").into_bytes());
        for row in rows(conn, &format!("SELECT * FROM `{name}`.`{table}`"))? {
            for (column, cell) in row {
                bytes.extend(format!("{column}: ").into_bytes());
                bytes.extend(cell.0.unwrap_or_default());
                bytes.push(b'\n');
            }
        }
    }
    Ok(bytes)
}

/// The collation of each column of texts, by `TABLE.COLUMN`.
pub(crate) fn collations(conn: &mut Conn, db: &str) -> Result<BTreeMap<String, String>, Error> {
    let all: Vec<(String, String, Option<String>)> = conn.query(format!(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns WHERE table_schema = '{db}'"
    ))?;
    let named = all
        .into_iter()
        .filter_map(|(table, column, collation)| Some((format!("{table}.{column}"), collation?)));
    Ok(named.collect())
}

/// All bytes of the files of a folder, each after its name.
pub(crate) fn folder(
    path: &Path,
    bytes: &mut Vec<u8>,
    is: &dyn Fn(&str) -> bool,
) -> Result<(), Error> {
    let Ok(entries) = std::fs::read_dir(path) else { return Ok(()) };
    let mut all: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.sort();
    for entry in all {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() {
            folder(&entry, bytes, is)?;
        } else if is(&name) {
            bytes.extend(format!("{name}\n").into_bytes());
            // A file that is removed meanwhile is skipped.
            bytes.extend(std::fs::read(&entry).unwrap_or_default());
            bytes.push(b'\n');
            if bytes.len() > FOLDER {
                return Err(Error::Broken(format!(
                    "{} has more than {FOLDER} bytes",
                    path.display()
                )));
            }
        }
    }
    Ok(())
}

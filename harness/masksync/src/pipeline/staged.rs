//! Rows of staging, as cells.

use crate::server::{Column, Failed, Session, cell, without_values};
use crate::sink::Row;
use crate::value::Cell;
use mysql::prelude::Queryable as _;

/// Reads rows, whose columns are these; a column that staging has not is NULL.
pub(super) fn read(
    session: &mut Session,
    doing: &str,
    sql: &str,
    columns: &[Option<&Column>],
) -> Result<Vec<Row>, Failed> {
    let rows: Vec<mysql::Row> =
        session.conn.exec(sql, ()).map_err(|e| without_values(doing, &e))?;
    let mut read = Vec::with_capacity(rows.len());
    for row in rows {
        let cells = columns.iter().zip(row.unwrap()).map(|(column, value)| match column {
            Some(column) => cell(column, value),
            None => Ok(Cell::Null),
        });
        let cells: Result<Row, _> = cells.collect();
        read.push(cells.map_err(|e| Failed {
            doing: doing.to_owned(),
            why: e.to_string(),
            code: None,
            unreachable: false,
        })?);
    }
    Ok(read)
}

/// The same cells with texts in UTF-8, whatever character set staging's columns have.
pub(super) fn portable(row: Row, columns: &[Option<&Column>]) -> Row {
    let charset = |column: &Option<&Column>| {
        column.and_then(|c| c.column.as_ref()).map(|c| c.charset.clone())
    };
    let cells = row.into_iter().zip(columns).map(|(cell, column)| {
        let mut text = Vec::new();
        match (&cell, charset(column)) {
            (Cell::Text(_), Some(charset)) if cell.canonical(&charset, &mut text).is_ok() => {
                String::from_utf8(text).map_or(cell, Cell::Utf8)
            }
            _ => cell,
        }
    });
    cells.collect()
}

//! The rows of a table as they are, chunk by chunk in the order of its key, without any lock.
//!
//! Each chunk is a query of its own, so the source keeps no old version of a row for long. The
//! binlog corrects rows that change meanwhile: it is read from a position before the first chunk,
//! and up to one after the last its changes replace rows that are there.

use crate::policy::TablePolicy;
use crate::server::{
    Column, Failed, Session, Table, cell, literal, name, quoted_name, without_values,
};
use crate::value::{Cell, Charset};
use mysql::prelude::Queryable as _;

/// Rows that are read at a time.
// Each chunk is a statement of its own, so the source keeps no old row versions for longer than one
// of them.
const ROWS: usize = 5000;

/// Rows of a table, and whether each passes.
pub struct Chunk {
    /// The rows, in the order of the table's columns.
    pub rows: Vec<Vec<Cell<'static>>>,
    /// Whether each passes by its own predicate.
    pub passes: Vec<bool>,
    /// Whether the rows pass that each follows.
    pub closed: Vec<bool>,
}

impl Chunk {
    /// Whether each row is to be in staging.
    pub fn staged(&self) -> impl Iterator<Item = bool> {
        self.passes.iter().zip(&self.closed).map(|(passes, closed)| *passes && *closed)
    }
}

/// Reads a table.
pub struct Snapshot<'s> {
    policy: &'s TablePolicy,
    table: &'s Table,
    /// The places of the key's columns.
    key: &'s [usize],
    after: Option<Vec<Cell<'static>>>,
    /// A further condition on the rows.
    only: Option<String>,
    /// The condition that the rows pass that a row follows.
    closed: String,
    /// The last key to read, for a key of one integer.
    until: Option<i128>,
    limit: usize,
    done: bool,
}

impl<'s> Snapshot<'s> {
    /// Reads all of a table.
    #[must_use]
    pub fn new(policy: &'s TablePolicy, table: &'s Table, key: &'s [usize]) -> Self {
        let closed = "1".to_owned();
        Self {
            policy,
            table,
            key,
            after: None,
            only: None,
            closed,
            until: None,
            limit: ROWS,
            done: false,
        }
    }

    /// The rows of which a condition holds, beyond a key.
    #[must_use]
    pub fn only(self, condition: &str, after: Option<Vec<Cell<'static>>>) -> Self {
        Self { only: Some(condition.to_owned()), after, ..self }
    }

    /// Has this condition answered of each row, too: see [`Chunk::closed`].
    #[must_use]
    pub fn closed(self, condition: String) -> Self {
        Self { closed: condition, ..self }
    }

    /// The last key that was read, where more rows may follow.
    #[must_use]
    pub fn rest(self) -> Option<Vec<Cell<'static>>> {
        self.after.filter(|_| !self.done)
    }

    /// The first rows only.
    #[must_use]
    pub fn first(self, rows: usize) -> Self {
        Self { limit: rows, ..self }
    }

    /// The table in parts that can be read at once, where its key is one integer.
    ///
    /// # Errors
    /// When the source does not say how far its keys reach.
    pub fn parts(self, session: &mut Session, count: usize) -> Result<Vec<Self>, Failed> {
        let [key] = self.key else { return Ok(vec![self]) };
        let column = &self.table.columns[*key];
        let integer = column.column.as_ref().is_some_and(|c| c.kind == crate::value::Kind::Integer);
        if !integer || count < 2 {
            return Ok(vec![self]);
        }
        let (key_name, table) = (name(&column.name), quoted_name(&self.policy.source));
        let sql = format!(
            "SELECT CAST(MIN({key_name}) AS CHAR), CAST(MAX({key_name}) AS CHAR) FROM {table}"
        );
        let rows = session.texts(&format!("reading {table}"), &sql)?;
        // i128, because the difference of two BIGINTs does not fit into 64 bits.
        let bound = |i: usize| rows.first().and_then(|row| row[i].parse::<i128>().ok());
        let (Some(min), Some(max)) = (bound(0), bound(1)) else { return Ok(vec![self]) };
        let count = count as i128;
        if max - min < count * ROWS as i128 {
            return Ok(vec![self]);
        }
        let edge = |i: i128| min - 1 + (max - min + 1) * i / count;
        let unsigned = column.written.contains("unsigned");
        let integer = |n: i128| {
            if unsigned {
                u64::try_from(n).map(Cell::UInt).ok()
            } else {
                i64::try_from(n).map(Cell::Int).ok()
            }
        };
        let part = |i: i128| Self {
            after: (i > 0).then(|| integer(edge(i)).map(|cell| vec![cell])).flatten(),
            until: (i + 1 < count).then(|| edge(i + 1)),
            ..Self::new(self.policy, self.table, self.key)
        };
        Ok((0..count).map(part).collect())
    }

    /// The next rows; `None` when there are no more.
    ///
    /// # Errors
    /// When the source gives none, or one that is not of its column's type.
    pub fn next_chunk(&mut self, session: &mut Session) -> Result<Option<Chunk>, Failed> {
        if self.done {
            return Ok(None);
        }
        let table = quoted_name(&self.policy.source);
        let doing = format!("reading {table}");
        let rows: Vec<mysql::Row> =
            session.conn.exec(self.sql(&table), ()).map_err(|e| without_values(&doing, &e))?;
        // A chunk that is not full was the last one. A limit of another size is that of a preview,
        // which reads one chunk.
        self.done = rows.len() < self.limit || self.limit != ROWS;
        let count = self.table.columns.len();
        let mut chunk = Chunk {
            rows: Vec::with_capacity(rows.len()),
            passes: Vec::with_capacity(rows.len()),
            closed: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            let mut values = row.unwrap();
            let (closed, passes) = (values.pop(), values.pop());
            let converted = |(column, value): (&Column, _)| cell(column, value);
            let cells = self.table.columns.iter().zip(values).map(converted);
            let cells: Vec<Cell<'static>> = cells.collect::<Result<_, _>>().map_err(|e| {
                Failed { doing: doing.clone(), why: e.to_string(), code: None, unreachable: false }
            })?;
            debug_assert_eq!(cells.len(), count);
            chunk.rows.push(cells);
            chunk.passes.push(passes.is_some_and(is_true));
            chunk.closed.push(closed.is_some_and(is_true));
        }
        self.after = chunk
            .rows
            .last()
            .map(|row| self.key.iter().filter_map(|k| row.get(*k).cloned()).collect());
        Ok((!chunk.rows.is_empty()).then_some(chunk))
    }

    fn sql(&self, table: &str) -> String {
        let names: Vec<String> = self.table.columns.iter().map(|c| name(&c.name)).collect();
        let predicate = self.policy.predicate.as_ref().map_or("1", |p| p.text());
        let keys: Vec<&Column> = self.key.iter().map(|k| &self.table.columns[*k]).collect();
        let mut conditions: Vec<String> = self.only.iter().cloned().collect();
        if let Some(after) = &self.after {
            conditions.push(beyond(&keys, after));
        }
        if let (Some(until), [key]) = (self.until, &keys[..]) {
            conditions.push(format!("{} <= {until}", name(&key.name)));
        }
        let place = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let order: Vec<String> = keys.iter().map(|k| name(&k.name)).collect();
        format!(
            "SELECT {}, ({predicate}), ({}) FROM {table}{place} ORDER BY {} LIMIT {}",
            names.join(", "),
            self.closed,
            order.join(", "),
            self.limit
        )
    }
}

/// Keys beyond one and up to another, as the server orders them, in a form that its indexes serve.
#[must_use]
pub fn between(keys: &[&Column], after: Option<&[Cell<'_>]>, last: Option<&[Cell<'_>]>) -> String {
    let mut all: Vec<String> = after.map(|after| beyond(keys, after)).into_iter().collect();
    if let Some(last) = last {
        all.push(format!("NOT ({})", beyond(keys, last)));
        if let (Some(key), Some(cell)) = (keys.first(), last.first()) {
            // Implied by the other, and the only one that ends a scan of the index.
            let mut value = String::new();
            literal(cell, &charset(key), &mut value);
            all.push(format!("{} <= {value}", name(&key.name)));
        }
    }
    if all.is_empty() { "1".to_owned() } else { all.join(" AND ") }
}

fn charset(key: &Column) -> Charset {
    key.column.as_ref().map_or(Charset::Binary, |c| c.charset.clone())
}

/// Keys beyond one, as the server orders them, in a form that its indexes serve.
fn beyond(keys: &[&Column], after: &[Cell<'_>]) -> String {
    let mut parts = Vec::new();
    let mut equal = String::new();
    for (key, cell) in keys.iter().zip(after) {
        let mut value = String::new();
        literal(cell, &charset(key), &mut value);
        let column = name(&key.name);
        parts.push(format!("({equal}{column} > {value})"));
        equal.push_str(&format!("{column} = {value} AND "));
    }
    let first = keys.first().zip(after.first()).map(|(key, cell)| {
        let mut value = String::new();
        literal(cell, &charset(key), &mut value);
        format!("{} >= {value}", name(&key.name))
    });
    // The first condition repeats what the others imply: MySQL's optimizer uses an index for it,
    // and not for the alternatives.
    format!("{} AND ({})", first.unwrap_or_default(), parts.join(" OR "))
}

/// Whether a condition's value is true.
fn is_true(value: mysql::Value) -> bool {
    match value {
        mysql::Value::Int(n) => n != 0,
        mysql::Value::UInt(n) => n != 0,
        mysql::Value::Float(n) => n != 0.0,
        mysql::Value::Double(n) => n != 0.0,
        mysql::Value::Bytes(text) => std::str::from_utf8(&text)
            .ok()
            .and_then(|t| t.parse::<f64>().ok())
            .is_some_and(|n| n != 0.0),
        _ => false,
    }
}

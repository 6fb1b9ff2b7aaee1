//! Inserts of many rows: blocks of rows by prepared statements, which the server parses once, and the
//! rest as text.

use super::batch::{Row, Target};
use super::statement::{BYTES, Statement};
use crate::server::{Failed, Session, without_values};
use crate::value::{Cell, Charset};
use mysql::Value;
use mysql::prelude::Queryable as _;
use std::collections::HashMap;
use std::sync::mpsc::sync_channel;

/// Rows of a prepared statement, larger blocks first.
// A server holds some hundred bytes for each value of a prepared statement.
const BLOCKS: [usize; 2] = [256, 32];
/// Values of a prepared statement.
const VALUES: usize = 4096;
/// Prepared statements of a connection.
const PREPARED: usize = 64;

/// The prepared statements of a connection, by their text up to the rows, and number of rows.
#[derive(Default)]
pub(super) struct Inserts {
    prepared: HashMap<(String, usize), mysql::Statement>,
}

/// A statement that inserts rows.
enum Insert {
    /// So many rows, and their values.
    Block(usize, Vec<Value>),
    Text(String),
}

impl Inserts {
    /// Inserts rows; `head` is the statement up to the rows.
    ///
    /// # Errors
    /// When the server does not take them.
    pub(super) fn run(
        &mut self,
        session: &mut Session,
        doing: &str,
        head: &str,
        (target, rows): (&Target, &[&Row]),
    ) -> Result<(), Failed> {
        let mut statements = Statements { head, target, rows };
        if rows.len() <= BLOCKS[0] {
            return statements.try_for_each(|insert| self.one(session, doing, head, insert));
        }
        // The next statement is made while the server executes one.
        std::thread::scope(|scope| {
            let (sender, made) = sync_channel(1);
            scope.spawn(move || statements.map(|insert| sender.send(insert)).all(|s| s.is_ok()));
            made.into_iter().try_for_each(|insert| self.one(session, doing, head, insert))
        })
    }

    fn one(
        &mut self,
        session: &mut Session,
        doing: &str,
        head: &str,
        insert: Insert,
    ) -> Result<(), Failed> {
        let (rows, values) = match insert {
            Insert::Text(sql) => return session.run(doing, &sql),
            Insert::Block(rows, values) => (rows, values),
        };
        let failed = |e: mysql::Error| without_values(doing, &e);
        let key = (head.to_owned(), rows);
        if !self.prepared.contains_key(&key) {
            // Tables by the hundred would fill the server's memory with statements; the ones prepared
            // again and again cost no more than text.
            if self.prepared.len() >= PREPARED {
                for (_, statement) in self.prepared.drain() {
                    session.conn.close(statement).map_err(failed)?;
                }
            }
            let marks = vec!["?"; values.len() / rows].join(",");
            let tuples = vec![format!("({marks})"); rows].join(",");
            let statement = session.conn.prep(format!("{head}{tuples}")).map_err(failed)?;
            self.prepared.insert(key.clone(), statement);
        }
        // Put there above.
        let Some(statement) = self.prepared.get(&key) else { return Ok(()) };
        session.conn.exec_drop(statement, values).map_err(failed)
    }
}

/// The statements that insert rows, in their order.
struct Statements<'r> {
    head: &'r str,
    target: &'r Target,
    rows: &'r [&'r Row],
}

impl Iterator for Statements<'_> {
    type Item = Insert;

    fn next(&mut self) -> Option<Insert> {
        let columns = self.target.written.len();
        let blocks = BLOCKS.into_iter().filter(|rows| rows * columns <= VALUES);
        for (count, block) in blocks.filter_map(|n| Some((n, self.rows.get(..n)?))) {
            if let Some(values) = values(self.target, block) {
                self.rows = &self.rows[count..];
                return Some(Insert::Block(count, values));
            }
        }
        let mut sql = Statement::new(self.head.to_owned(), "");
        while !sql.is_full()
            && let Some((row, rest)) = self.rows.split_first()
        {
            let Target { written, columns, .. } = self.target;
            sql.tuple(written.iter().map(|c| (&row[*c], &columns[*c].1)));
            self.rows = rest;
        }
        (!sql.is_empty()).then(|| Insert::Text(sql.into_text()))
    }
}

/// The values of rows; `None` where a value is exact as a literal only, or they are too long.
fn values(target: &Target, rows: &[&Row]) -> Option<Vec<Value>> {
    let (mut values, mut length) = (Vec::with_capacity(rows.len() * target.written.len()), 0);
    for row in rows {
        for c in &target.written {
            let value = value(&row[*c], &target.columns[*c].1)?;
            length += if let Value::Bytes(bytes) = &value { bytes.len() } else { 8 };
            values.push(value);
        }
        if length > BYTES {
            return None;
        }
    }
    Some(values)
}

/// A cell as a value of a prepared statement, whose texts are UTF-8.
fn value(cell: &Cell<'_>, charset: &Charset) -> Option<Value> {
    Some(match cell {
        Cell::Null => Value::NULL,
        Cell::Int(n) => Value::Int(*n),
        Cell::UInt(n) => Value::UInt(*n),
        Cell::Double(n) => Value::Double(*n),
        Cell::Decimal(text) | Cell::Moment(text) | Cell::Utf8(text) => {
            Value::Bytes(text.as_bytes().to_vec())
        }
        Cell::Text(bytes) if matches!(charset, Charset::Utf8 | Charset::Ascii) => {
            std::str::from_utf8(bytes).ok()?;
            Value::Bytes(bytes.to_vec())
        }
        Cell::Json(bytes) => Value::Bytes(bytes.to_vec()),
        // Bytes would be taken for text, and another character set for UTF-8.
        Cell::Float(_) | Cell::Text(_) | Cell::Bytes(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn target() -> Target {
        Target {
            name: "`s`.`t`".to_owned(),
            place: ("s".to_owned(), "t".to_owned()),
            columns: vec![("id".into(), Charset::Binary), ("text".into(), Charset::Utf8)],
            written: vec![0, 1],
            key: vec![0],
            lenient: false,
            cascades: false,
        }
    }

    fn sizes(rows: &[Row]) -> Vec<String> {
        let rows: Vec<&Row> = rows.iter().collect();
        let statements = Statements { head: "INSERT ", target: &target(), rows: &rows };
        let size = |insert| match insert {
            Insert::Block(rows, values) => {
                assert_eq!(values.len(), rows * 2);
                format!("block {rows}")
            }
            Insert::Text(sql) => format!("text {}", sql.matches('(').count()),
        };
        statements.map(size).collect()
    }

    #[rstest]
    #[case(0, "")]
    #[case(1, "text 1")]
    #[case(31, "text 31")]
    #[case(32, "block 32")]
    #[case(300, "block 256, block 32, text 12")]
    fn rows_go_in_blocks_and_the_rest_as_text(#[case] rows: i64, #[case] expected: &str) {
        let row = |id| vec![Cell::Int(id), Cell::Text(b"a"[..].into())];
        let rows: Vec<Row> = (0..rows).map(row).collect();
        assert_eq!(sizes(&rows).join(", "), expected);
    }

    #[test]
    fn rows_that_are_long_or_exact_as_literals_only_are_no_block() {
        let row = |text: &[u8]| vec![Cell::Int(1), Cell::Text(text.to_owned().into())];
        let long = vec![b'a'; 20_000];
        let rows: Vec<Row> = (0..40).map(|_| row(&long)).collect();
        assert_eq!(sizes(&rows), ["text 27", "text 13"]);
        let mut rows: Vec<Row> = (0..40).map(|_| row(b"a")).collect();
        rows[3] = row(b"\xff");
        assert_eq!(sizes(&rows), ["text 40"]);
        rows[3] = vec![Cell::Int(1), Cell::Bytes(b"a"[..].into())];
        assert_eq!(sizes(&rows), ["text 40"]);
    }
}

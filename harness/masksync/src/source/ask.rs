//! Asks the source for the value of a predicate.
//!
//! The values stand in a derived table whose columns are the real table's (a part without rows gives
//! them), so they have its types and collations, and literals beside them are converted as they
//! would be in the table.

use crate::policy::TablePolicy;
use crate::predicate::{Ask, AskError, Truth};
use crate::server::{Connector, Role, Session, literal, name, quoted_name};
use crate::value::{Cell, Charset};
use std::fmt::Write as _;

/// Evaluates predicates at a server.
pub trait AskTable: Send {
    /// Evaluates the table's predicate for each tuple of the predicate's columns, which have these
    /// names and character sets, in order.
    ///
    /// # Errors
    /// When the predicate cannot be evaluated.
    fn ask(
        &mut self,
        table: &TablePolicy,
        columns: &[(String, Charset)],
        tuples: &[Vec<Cell<'_>>],
    ) -> Result<Vec<Truth>, AskError>;
}

/// The predicate of a table, bound to its evaluator.
pub struct OfTable<'t> {
    /// The evaluator.
    pub ask: &'t mut dyn AskTable,
    /// The table.
    pub table: &'t TablePolicy,
    /// The predicate's columns, with their character sets.
    pub columns: &'t [(String, Charset)],
}

impl Ask for OfTable<'_> {
    fn ask(&mut self, tuples: &[Vec<Cell<'_>>]) -> Result<Vec<Truth>, AskError> {
        self.ask.ask(self.table, self.columns, tuples)
    }
}

/// Asks the source, over one connection that is made when it is first needed.
pub struct SourceAsk {
    connector: Connector,
    session: Option<Session>,
}

impl SourceAsk {
    /// Asks a source.
    #[must_use]
    pub fn new(connector: Connector) -> Self {
        Self { connector, session: None }
    }
}

impl AskTable for SourceAsk {
    fn ask(
        &mut self,
        table: &TablePolicy,
        columns: &[(String, Charset)],
        tuples: &[Vec<Cell<'_>>],
    ) -> Result<Vec<Truth>, AskError> {
        let Some(sql) = query(table, columns, tuples) else {
            return Ok(vec![Truth::True; tuples.len()]);
        };
        // A connection that was left alone for long may be gone: it is made anew once.
        for again in [true, false] {
            if self.session.is_none() {
                let session = self.connector.connect(Role::Ask);
                self.session = Some(session.map_err(|e| AskError(e.to_string()))?);
            }
            let Some(session) = self.session.as_mut() else { continue };
            match session.texts("asking", &sql) {
                Ok(rows) => return rows.iter().map(|row| truth(&row[1])).collect(),
                Err(failed) if failed.unreachable && again => self.session = None,
                Err(failed) => return Err(AskError(failed.to_string())),
            }
        }
        Err(AskError("it is out of reach".to_owned()))
    }
}

fn query(
    table: &TablePolicy,
    columns: &[(String, Charset)],
    tuples: &[Vec<Cell<'_>>],
) -> Option<String> {
    let predicate = table.predicate.as_ref()?;
    let names: Vec<String> = columns.iter().map(|(column, _)| name(column)).collect();
    let tuples =
        tuples.iter().map(|tuple| tuple.iter().zip(columns.iter().map(|(_, charset)| charset)));
    Some(format!(
        "SELECT ord_, ({}) FROM {} ORDER BY ord_",
        predicate.text(),
        asked(&names, &quoted_name(&table.source), tuples)
    ))
}

/// The derived table `asked_`: a tuple a row, its number in `ord_`, then its values in `columns`, which
/// have the types and collations that `table` gives them.
pub(crate) fn asked<'c, T>(
    columns: &[String],
    table: &str,
    tuples: impl IntoIterator<Item = T>,
) -> String
where
    T: IntoIterator<Item = (&'c Cell<'c>, &'c Charset)>,
{
    let mut sql = format!("((SELECT 0 AS ord_, {} FROM {table} LIMIT 0)", columns.join(", "));
    for (i, tuple) in tuples.into_iter().enumerate() {
        let _ = write!(sql, " UNION ALL SELECT {i}");
        for (cell, charset) in tuple {
            sql.push_str(", ");
            literal(cell, charset, &mut sql);
        }
    }
    sql.push_str(") AS asked_");
    sql
}

/// Reads a server's answer; the empty text stands for NULL.
fn truth(answer: &str) -> Result<Truth, AskError> {
    match answer {
        "" => Ok(Truth::Null),
        "0" => Ok(Truth::False),
        number if number.parse::<f64>().is_ok_and(|n| n != 0.0) => Ok(Truth::True),
        // Any number but zero is true in SQL, also 0.5.
        number if number.parse::<f64>().is_ok() => Ok(Truth::False),
        _ => Err(AskError("the predicate is no condition".to_owned())),
    }
}

//! A table's definition, as the server describes it.

use super::connect::Session;
use super::literal::quoted_name;
use super::redact::Failed;
use crate::value::{Charset, ColumnType, Kind};
use std::sync::Arc;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, as far as values are concerned; `None` where this program does not know it.
    pub column: Option<ColumnType>,
    /// Its type as the server writes it.
    pub written: String,
    /// Its collation; empty where it has none.
    pub collation: String,
    /// The most characters or bytes that it holds; `None` where that does not matter.
    pub length: Option<u64>,
    /// Number of digits of a second's fraction.
    pub fraction: u8,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the server computes it.
    pub generated: bool,
    /// Whether it is AUTO_INCREMENT.
    pub counts: bool,
    /// Its comment.
    pub comment: String,
}

/// A foreign key of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Schema and table that it refers to.
    pub parent: (String, String),
    /// Columns, and those that they refer to.
    pub columns: Vec<(String, String)>,
    /// The action on the row when its parent is deleted: `CASCADE`, `SET NULL`, `RESTRICT`, …
    pub on_delete: String,
    /// The action on the row when the parent's key changes.
    pub on_update: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its unique keys, the primary one first, as the names of their columns. Those with a column
    /// that may be NULL or is indexed in part are left out.
    pub keys: Vec<Vec<String>>,
    /// Its foreign keys.
    pub parents: Vec<ForeignKey>,
    /// Its triggers.
    pub triggers: Vec<String>,
    /// Its storage engine.
    pub engine: String,
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Reads a table; `None` where there is none, or none that this user may see.
///
/// # Errors
/// When the server does not say.
pub fn read_table(
    session: &mut Session,
    schema: &str,
    name: &str,
) -> Result<Option<Table>, Failed> {
    let doing = format!("reading what table {schema}.{name} looks like");
    let of = format!("TABLE_SCHEMA = {} AND TABLE_NAME = {}", text(schema), text(name));
    // A generated invisible primary key is shown here only where a variable says so.
    let _ =
        // MariaDB and older servers have no such variable: the error is theirs alone.
        session.run(&doing, "SET SESSION show_gipk_in_create_table_and_information_schema = ON");
    let rows = session.texts(
        &doing,
        &format!(
            "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, \
             CHARACTER_MAXIMUM_LENGTH, DATETIME_PRECISION, IS_NULLABLE, \
             COALESCE(GENERATION_EXPRESSION, ''), EXTRA, COLUMN_COMMENT \
             FROM information_schema.COLUMNS WHERE {of} ORDER BY ORDINAL_POSITION"
        ),
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    let columns: Vec<Column> = rows.iter().map(|row| column(row)).collect();
    let engine = session
        .text(&doing, &format!("SELECT ENGINE FROM information_schema.TABLES WHERE {of}"))?;
    // The primary key first: it is taken where the policy names none.
    let rows = session.texts(
        &doing,
        &format!(
            "SELECT INDEX_NAME, COALESCE(COLUMN_NAME, ''), COALESCE(SUB_PART, ''), NULLABLE \
             FROM information_schema.STATISTICS WHERE {of} AND NON_UNIQUE = 0 \
             ORDER BY INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX"
        ),
    )?;
    let mut keys: Vec<(String, Vec<String>, bool)> = Vec::new();
    for row in rows {
        // A prefix does not tell rows apart, and NULL is equal to no NULL.
        let usable = !row[1].is_empty() && row[2].is_empty() && row[3] != "YES";
        match keys.last_mut().filter(|(index, ..)| *index == row[0]) {
            Some((_, columns, all)) => {
                columns.push(row[1].clone());
                *all &= usable;
            }
            None => keys.push((row[0].clone(), vec![row[1].clone()], usable)),
        }
    }
    let keys = keys.into_iter().filter(|(.., all)| *all).map(|(_, columns, _)| columns).collect();
    let triggers = session.texts(
        &doing,
        &format!(
            "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE \
             EVENT_OBJECT_SCHEMA = {} AND EVENT_OBJECT_TABLE = {}",
            text(schema),
            text(name)
        ),
    )?;
    // Catalogues show foreign keys only to users with more rights than SELECT; this shows them to all.
    session.run(&doing, "SET SESSION sql_quote_show_create = 1")?;
    let place = quoted_name(&(schema.to_owned(), name.to_owned()));
    let created = session.texts(&doing, &format!("SHOW CREATE TABLE {place}"))?;
    let created = created.first().and_then(|row| row.get(1)).map_or("", String::as_str);
    let parents = created.lines().filter_map(|line| foreign_key(line, schema)).collect();
    Ok(Some(Table {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns,
        keys,
        parents,
        triggers: triggers.into_iter().flatten().collect(),
        engine: engine.unwrap_or_default(),
    }))
}

/// A foreign key as `SHOW CREATE TABLE` writes it on a line of its own; the parent's schema is left
/// out where it is the table's.
fn foreign_key(line: &str, schema: &str) -> Option<ForeignKey> {
    let rest = line.trim_start().strip_prefix("CONSTRAINT ")?;
    let (name, rest) = quoted(rest)?;
    let (from, rest) = quoted_list(rest.strip_prefix(" FOREIGN KEY ")?)?;
    let (first, rest) = quoted(rest.strip_prefix(" REFERENCES ")?)?;
    let (parent, rest) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (table, rest) = quoted(rest)?;
            ((first, table), rest)
        }
        None => ((schema.to_owned(), first), rest),
    };
    let (to, rest) = quoted_list(rest.strip_prefix(' ')?)?;
    let rule = |event: &str| {
        let rule = rest.split(&format!(" ON {event} ")).nth(1).unwrap_or_default();
        let known = ["CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION"];
        let rule = known.into_iter().find(|known| rule.starts_with(known));
        // A rule that the definition leaves out is RESTRICT in InnoDB, as NO ACTION is.
        rule.unwrap_or("RESTRICT").to_owned()
    };
    Some(ForeignKey {
        name,
        parent,
        columns: from.into_iter().zip(to).collect(),
        on_delete: rule("DELETE"),
        on_update: rule("UPDATE"),
    })
}

/// A name between backticks, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('`')?;
    let mut name = String::new();
    loop {
        let end = rest.find('`')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('`') {
            // A doubled backtick is one of the name.
            Some(more) => {
                name.push('`');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

/// Names between backticks in parentheses, and what follows.
fn quoted_list(text: &str) -> Option<(Vec<String>, &str)> {
    let mut rest = text.strip_prefix('(')?;
    let mut names = Vec::new();
    loop {
        let (name, after) = quoted(rest)?;
        names.push(name);
        match after.strip_prefix(", ").or_else(|| after.strip_prefix(',')) {
            Some(more) => rest = more,
            None => return Some((names, after.strip_prefix(')')?)),
        }
    }
}

fn column(row: &[String]) -> Column {
    let kind = match row[1].as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit" => {
            Some(Kind::Integer)
        }
        "float" | "double" => Some(Kind::Float),
        "decimal" => Some(Kind::Decimal),
        "date" | "time" | "datetime" | "timestamp" => Some(Kind::Moment),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Some(Kind::Text),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "geometry"
        | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geomcollection" | "geometrycollection" | "vector" => Some(Kind::Bytes),
        "enum" | "set" => Some(Kind::Label),
        "json" => Some(Kind::Json),
        _ => None,
    };
    let charset = if row[3].is_empty() { Charset::Binary } else { Charset::named(&row[3]) };
    // Compressed columns of MariaDB are stored in a way of their own.
    let known = !row[2].contains("COMPRESSED");
    Column {
        name: row[0].as_str().into(),
        column: kind.filter(|_| known).map(|kind| ColumnType { kind, charset }),
        written: row[2].clone(),
        collation: row[4].clone(),
        length: row[5].parse().ok(),
        fraction: row[6].parse().unwrap_or_default(),
        nullable: row[7] == "YES",
        generated: !row[8].is_empty(),
        counts: row[9].contains("auto_increment"),
        comment: row[10].clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_keys_are_read_as_servers_write_them() {
        let line = "  CONSTRAINT `a``b` FOREIGN KEY (`x`, `y`) REFERENCES `other`.`p` (`u`, `v`) \
                    ON DELETE SET NULL ON UPDATE CASCADE,";
        let read = foreign_key(line, "shop").unwrap();
        assert_eq!(read.name, "a`b");
        assert_eq!(read.parent, ("other".to_owned(), "p".to_owned()));
        let pairs = [("x", "u"), ("y", "v")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(read.columns, pairs);
        assert_eq!((read.on_delete.as_str(), read.on_update.as_str()), ("SET NULL", "CASCADE"));
        let line = "  CONSTRAINT `c` FOREIGN KEY (`x`) REFERENCES `p` (`u`)";
        let read = foreign_key(line, "shop").unwrap();
        assert_eq!(read.parent, ("shop".to_owned(), "p".to_owned()));
        assert_eq!(read.on_delete, "RESTRICT");
        for line in ["  KEY `x` (`x`),", "  CONSTRAINT `c` CHECK (`x` > 1)", "  CONSTRAINT `c"] {
            assert!(foreign_key(line, "shop").is_none(), "{line}");
        }
    }
}

//! What a table looks like, as the server describes it.

use super::connect::Session;
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
    /// How many characters or bytes it holds; `None` where that is no matter.
    pub length: Option<u64>,
    /// How many digits of a second it holds.
    pub fraction: u8,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether the server computes it.
    pub generated: bool,
    /// Whether it counts up by itself.
    pub counts: bool,
    /// What people wrote about it.
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
    /// What becomes of the row when the parent's goes: `CASCADE`, `SET NULL`, `RESTRICT`, …
    pub on_delete: String,
    /// What becomes of it when the parent's key changes.
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
    let rows = session.texts(
        &doing,
        &format!(
            "SELECT k.CONSTRAINT_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, \
             k.COLUMN_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE \
             FROM information_schema.KEY_COLUMN_USAGE k \
             JOIN information_schema.REFERENTIAL_CONSTRAINTS r \
             ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.TABLE_NAME = k.TABLE_NAME \
             AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME \
             WHERE k.TABLE_SCHEMA = {} AND k.TABLE_NAME = {} \
             AND k.REFERENCED_TABLE_NAME IS NOT NULL \
             ORDER BY k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
            text(schema),
            text(name)
        ),
    )?;
    let mut parents: Vec<ForeignKey> = Vec::new();
    for row in rows {
        let pair = (row[3].clone(), row[4].clone());
        match parents.last_mut().filter(|fk| fk.name == row[0]) {
            Some(fk) => fk.columns.push(pair),
            None => parents.push(ForeignKey {
                name: row[0].clone(),
                parent: (row[1].clone(), row[2].clone()),
                columns: vec![pair],
                on_delete: row[5].clone(),
                on_update: row[6].clone(),
            }),
        }
    }
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

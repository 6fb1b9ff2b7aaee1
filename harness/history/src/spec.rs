//! The tables of a case, and the class of each column. A file of the suite, in TOML.

use crate::class::Mask;
use crate::predicate::Predicate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The class of columns that stay as they are.
pub const PUBLIC: &str = "public";
/// The table whose row counts how far staging is.
pub const BEAT: &str = "beat";

/// Tables and classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The tenant that keys and bindings are for.
    #[serde(default)]
    pub tenant: String,
    /// Classes by name.
    #[serde(default)]
    pub class: BTreeMap<String, Class>,
    /// The tables.
    pub table: Vec<TableSpec>,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The mask of its cells.
    pub mask: Mask,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// Its name, at both ends.
    pub name: String,
    /// Its definition at the source, without `CREATE TABLE NAME`.
    pub source: String,
    /// Its definition in staging.
    pub staging: String,
    /// Further statements in staging, once the table is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The columns of its key.
    pub key: Vec<String>,
    /// The condition that rows must meet to be copied; all are copied when it is absent.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// Tables whose rows its own need to pass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Follow>,
    /// Class of each column.
    pub columns: BTreeMap<String, String>,
    /// Whether the policy leaves it out: the pipeline does not copy it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
}

/// A table that another follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Its name.
    pub table: String,
    /// The columns that name a row of it, in the order of its key.
    pub by: Vec<String>,
}

impl Spec {
    /// Reads a file; the table that counts how far staging is comes with every one.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut spec: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        for table in &spec.table {
            if table.key.is_empty() {
                return Err(format!("table {} has no key", table.name));
            }
            for (column, class) in &table.columns {
                if class != PUBLIC && !spec.class.contains_key(class) {
                    return Err(format!("{}.{column}: there is no class `{class}`", table.name));
                }
            }
            if let Some(text) = &table.predicate {
                Predicate::parse(text)?;
            }
            for follow in &table.follows {
                let parent = spec.table.iter().find(|t| t.name == follow.table);
                if parent.is_none_or(|parent| parent.key.len() != follow.by.len()) {
                    return Err(format!("{} cannot follow {}", table.name, follow.table));
                }
            }
        }
        let shape = "(id INT PRIMARY KEY, n INT NOT NULL)".to_owned();
        let columns = ["id", "n"].map(|c| (c.to_owned(), PUBLIC.to_owned()));
        // Every history has this table: a number that is counted up, by which it is seen how far
        // staging is.
        spec.table.push(TableSpec {
            name: BEAT.to_owned(),
            source: shape.clone(),
            staging: shape,
            key: vec!["id".to_owned()],
            columns: columns.into(),
            ..TableSpec::default()
        });
        Ok(spec)
    }

    /// The table of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&TableSpec> {
        self.table.iter().find(|table| table.name == name)
    }

    /// The mask of a column; none of one that stays as it is, or has no class.
    #[must_use]
    pub fn mask(&self, table: &TableSpec, column: &str) -> Option<(&str, &Mask)> {
        let (name, class) = self.class.get_key_value(table.columns.get(column)?)?;
        Some((name, &class.mask))
    }
}

impl TableSpec {
    /// Whether some rows do not pass.
    #[must_use]
    pub fn filters(&self) -> bool {
        self.predicate.is_some() || !self.follows.is_empty()
    }

    /// The predicate. Rows of a table that follows another pass only where their parent does, too.
    #[must_use]
    pub fn passes(&self, row: &crate::Row) -> bool {
        let read = self.predicate.as_deref().map(Predicate::parse);
        read.is_none_or(|read| read.is_ok_and(|p| p.holds(row) == Some(true)))
    }
}

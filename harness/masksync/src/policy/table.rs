//! A policy's entry for one table.

use crate::mask::Named;
use crate::predicate::Predicate;
use std::collections::BTreeMap;

/// A table of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct TablePolicy {
    /// Schema and name at the source.
    pub source: (String, String),
    /// Schema and name in staging.
    pub staging: (String, String),
    /// The columns that rows are found by; the primary key's where none are named.
    pub key: Vec<String>,
    /// The condition that rows must meet to be copied; all are copied when it is absent.
    pub predicate: Option<Predicate>,
    /// The rows of other tables that a row needs to pass.
    pub follows: Vec<Follow>,
    /// The mask of each column.
    pub columns: BTreeMap<String, Named>,
}

/// A parent table: only rows whose parent passes are copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// The parent's schema and name at the source.
    pub parent: (String, String),
    /// The columns that name the parent row, in the order of its key.
    pub by: Vec<String>,
}

/// `schema.table`, as messages name a table.
pub(crate) fn dotted((schema, name): &(String, String)) -> String {
    format!("{schema}.{name}")
}

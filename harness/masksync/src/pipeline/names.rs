//! Names as messages have them.

/// `schema.table`.
pub(super) fn dotted((schema, name): &(String, String)) -> String {
    format!("{schema}.{name}")
}

//! The change behind a filter that follows from a change of a row.

use crate::predicate::Truth;

/// The change to make in staging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Insert the row.
    Insert,
    /// Update the row; where its key changes, delete the old row and insert the new one.
    Update,
    /// Delete the row.
    Delete,
    /// Nothing: staging neither has the row nor gets it.
    Nothing,
}

/// The change in staging, from the predicate's value for the row before and after; `None` where
/// there was or is no row.
#[must_use]
pub fn change(before: Option<Truth>, after: Option<Truth>) -> Change {
    let passes = |truth: Option<Truth>| truth.is_some_and(Truth::passes);
    match (passes(before), passes(after)) {
        (false, true) => Change::Insert,
        (true, true) => Change::Update,
        (true, false) => Change::Delete,
        (false, false) => Change::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, Some(Truth::True), Change::Insert)]
    #[case(None, Some(Truth::False), Change::Nothing)]
    #[case(None, Some(Truth::Null), Change::Nothing)]
    #[case(Some(Truth::True), None, Change::Delete)]
    #[case(Some(Truth::False), None, Change::Nothing)]
    #[case(Some(Truth::True), Some(Truth::True), Change::Update)]
    #[case(Some(Truth::True), Some(Truth::False), Change::Delete)]
    #[case(Some(Truth::True), Some(Truth::Null), Change::Delete)]
    #[case(Some(Truth::Null), Some(Truth::True), Change::Insert)]
    #[case(Some(Truth::False), Some(Truth::Null), Change::Nothing)]
    fn a_class_change_inserts_or_deletes(
        #[case] before: Option<Truth>,
        #[case] after: Option<Truth>,
        #[case] expected: Change,
    ) {
        assert_eq!(change(before, after), expected);
    }
}

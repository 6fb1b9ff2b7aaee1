//! Values that a policy names.

use super::transformer::FixedValue;
use crate::value::Cell;

/// The cell of a named value.
pub(super) fn cell(value: &FixedValue) -> Cell<'static> {
    match value {
        FixedValue::Integer(n) => Cell::Int(*n),
        FixedValue::Float(n) => Cell::Double(*n),
        FixedValue::Text(text) => Cell::Utf8(text.clone()),
    }
}

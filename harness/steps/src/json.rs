//! Conditions on JSON: values at pointers, compared without regard to the order of members, to white
//! space, or to members that the assertion does not name.

use crate::Scope;
use serde_json::Value;
use twinproof_model::TextTable;
use twinproof_model::variables::VariableError;

/// Takes a condition: the expected text, whether it holds, and the observed text.
type Hold<'h> = dyn FnMut(String, bool, &dyn Fn() -> String) + 'h;

/// Every condition on JSON of the table.
///
/// # Errors
/// When a variable of a condition is unknown.
pub(crate) fn hold(
    table: &TextTable,
    seen: &Value,
    scope: &Scope,
    hold: &mut Hold<'_>,
) -> Result<(), VariableError> {
    let shown = |pointer: &str| match seen.pointer(pointer) {
        Some(value) => format!("{} is {value}", named(pointer)),
        None => format!("there is no {} in {seen}", named(pointer)),
    };
    for (pointer, wanted) in &table.json {
        let wanted = wanted.expand(&|text| scope.expand(text))?;
        let holds = seen.pointer(pointer).is_some_and(|value| includes(value, &wanted));
        hold(format!("{} is {wanted}", named(pointer)), holds, &|| shown(pointer));
    }
    for pointer in &table.json_lacks {
        hold(format!("no {}", named(pointer)), seen.pointer(pointer).is_none(), &|| shown(pointer));
    }
    Ok(())
}

/// A pointer as messages call it.
fn named(pointer: &str) -> &str {
    if pointer.is_empty() { "the whole" } else { pointer }
}

/// Whether a value has all that is wanted of it.
fn includes(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| value.get(key).is_some_and(|v| includes(v, wanted)))
        }
        (Value::Array(value), Value::Array(wanted)) => {
            // An array holds nothing but what is named, in this order; an object may hold more: new
            // fields are compatible, new elements are other data.
            value.len() == wanted.len() && value.iter().zip(wanted).all(|(v, w)| includes(v, w))
        }
        (value, wanted) => value == wanted,
    }
}

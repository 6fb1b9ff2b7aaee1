//! JSON documents whose values are masked one by one.

use super::path::At;
use super::transformer::JsonRest;
use serde_json::Value;

/// Masks the values of a document: `named` gives what is to be done with what is at a place, `mask`
/// does it to the canonical bytes of a value and gives a text, or `None` for null.
///
/// Null stays null. An object or list that is named is masked as one, as its compact text.
pub(super) fn mask<E>(
    document: &mut Value,
    rest: JsonRest,
    named: &dyn Fn(&[At<'_>]) -> Option<usize>,
    mask: &mut dyn FnMut(usize, &str) -> Result<Value, E>,
) -> Result<(), E> {
    visit(document, &mut Vec::new(), rest, named, mask)
}

fn visit<'d, E>(
    value: &'d mut Value,
    place: &mut Vec<At<'d>>,
    rest: JsonRest,
    named: &dyn Fn(&[At<'_>]) -> Option<usize>,
    mask: &mut dyn FnMut(usize, &str) -> Result<Value, E>,
) -> Result<(), E> {
    // NULL says nothing that has to be hidden, and a token would say that something is there.
    if value.is_null() {
        return Ok(());
    }
    if let Some(index) = named(place) {
        let masked = match &*value {
            Value::String(text) => mask(index, text)?,
            // Numbers and whole objects as their text: a path that names them means all of it.
            other => mask(index, &other.to_string())?,
        };
        *value = masked;
        return Ok(());
    }
    match value {
        Value::Array(list) => {
            for (i, element) in list.iter_mut().enumerate() {
                let mut place = place.clone();
                place.push(At::Element(i));
                visit(element, &mut place, rest, named, mask)?;
            }
        }
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let mut place = place.clone();
                place.push(At::Member(name));
                visit(member, &mut place, rest, named, mask)?;
            }
        }
        leaf => {
            if rest == JsonRest::Null {
                *leaf = Value::Null;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::JsonPath;
    use serde_json::json;
    use std::convert::Infallible;

    fn masked(mut document: Value, path: &str, rest: JsonRest) -> Value {
        let path: JsonPath = path.parse().unwrap();
        let named = |place: &[At<'_>]| path.names(place).then_some(0);
        let done: Result<(), Infallible> =
            mask(&mut document, rest, &named, &mut |_, text| Ok(json!(format!("<{text}>"))));
        done.unwrap();
        document
    }

    #[test]
    fn named_values_are_masked_wherever_they_are() {
        let document = json!({"a": [{"tel": "138"}, {"tel": 139, "x": true}], "tel": null});
        assert_eq!(
            masked(document.clone(), "$..tel", JsonRest::Keep),
            json!({"a": [{"tel": "<138>"}, {"tel": "<139>", "x": true}], "tel": null})
        );
        assert_eq!(
            masked(document, "$.a[0]", JsonRest::Null),
            json!({"a": ["<{\"tel\":\"138\"}>", {"tel": null, "x": null}], "tel": null})
        );
    }
}

//! Controls: a change of one step's input under which the case must fail.

use crate::input::{Input, InputType, InputValue};
use crate::{Step, StepRef};
use schemars::JsonSchema;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use twinproof_model::{Rule, Template};

/// A change of one step's *input* under which the case must fail. Besides its own keys it has those
/// inputs of the step that it changes; assertions cannot be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The step to change.
    pub step: StepRef,
    /// Leaves the step out.
    pub remove: bool,
    /// The changed inputs: key → value.
    pub inputs: BTreeMap<&'static str, InputValue>,
    /// The check that must turn red; any when absent.
    pub turns: Option<String>,
}

/// Keys of a control that are no inputs.
const STEP: &str = "step";
const REMOVE: &str = "remove";
const TURNS: &str = "turns";

/// Every key that a control can have, sorted.
static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut keys: Vec<_> = all_inputs().into_keys().chain([STEP, REMOVE, TURNS]).collect();
    keys.sort_unstable();
    keys
});

/// Every input of some kind, by key, with the kinds that have it, in the order of the kinds.
fn all_inputs() -> BTreeMap<&'static str, (&'static Input, Vec<&'static str>)> {
    let mut all: BTreeMap<&str, (&Input, Vec<&str>)> = BTreeMap::new();
    for info in Step::KINDS {
        for input in info.inputs {
            // Kinds share keys (`path`, `env`). The key's type is the same in all of them, so that
            // it can be read before it is known which kind the step is.
            all.entry(input.key).or_insert((input, Vec::new())).1.push(info.kind);
        }
    }
    all
}

/// A control that cannot be applied to its case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// There is no such step.
    #[error("the control names step `{0}`, which the case does not have")]
    NoStep(String),
    /// A key that the step's kind does not have.
    #[error("{} `{kind}` step has no `{key}` that a control could change", article(kind))]
    NoKey {
        /// The step's kind.
        kind: &'static str,
        /// The control's key.
        key: &'static str,
    },
    /// The control leaves everything as it is.
    #[error("the control changes nothing")]
    NoChange,
    /// The step cannot be read after the change.
    #[error("the changed step cannot be read: {0}")]
    Unreadable(String),
}

/// The article of a kind of step.
fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'h', 'i', 'o']) { "an" } else { "a" }
}

impl Control {
    /// The control's value for an input; `None` where it leaves the input as it is.
    #[must_use]
    pub fn input(&self, key: &str) -> Option<&InputValue> {
        self.inputs.get(key)
    }

    /// Changes a step.
    pub(crate) fn apply(&self, step: &Step) -> Result<Step, ControlError> {
        let info = step.info();
        let mut inputs: Vec<(&Input, &InputValue)> = Vec::new();
        for (key, value) in &self.inputs {
            let input = info.inputs.iter().find(|i| i.key == *key);
            let input = input.ok_or(ControlError::NoKey { kind: info.kind, key })?;
            inputs.push((input, value));
        }
        // `unset` first: a variable that the control both sets and unsets is unset in the end.
        inputs.sort_by_key(|(input, _)| input.key != "unset");
        let unreadable = |e: serde_json::Error| ControlError::Unreadable(e.to_string());
        // By way of JSON, so that a kind of step needs no code of its own for its controls, and the
        // result passes the same checks as a suite's file.
        let mut json = serde_json::to_value(step).map_err(unreadable)?;
        if let Some(payload) = json.get_mut(info.kind).and_then(|p| p.as_object_mut()) {
            for (input, value) in inputs {
                input.apply(payload, value);
            }
        }
        serde_json::from_value(json).map_err(unreadable)
    }
}

impl Serialize for Control {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        map.serialize_entry(STEP, &self.step)?;
        if self.remove {
            map.serialize_entry(REMOVE, &true)?;
        }
        for (key, value) in &self.inputs {
            map.serialize_entry(key, value)?;
        }
        if let Some(turns) = &self.turns {
            map.serialize_entry(TURNS, turns)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Control {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        // With the list of keys, from which the suite's reader makes its suggestions for a misspelt
        // one.
        d.deserialize_struct("Control", &KEYS, Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Control;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("struct Control")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Control, A::Error> {
        let all = all_inputs();
        let (mut step, mut remove, mut turns) = (None, false, None);
        let mut inputs = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                STEP => step = Some(map.next_value()?),
                REMOVE => remove = map.next_value()?,
                TURNS => turns = map.next_value()?,
                other => {
                    let (key, (input, _)) = all
                        .get_key_value(other)
                        .ok_or_else(|| de::Error::unknown_field(other, &KEYS))?;
                    inputs.insert(*key, map.next_value_seed(Value(input))?);
                }
            }
        }
        let step = step.ok_or_else(|| de::Error::missing_field(STEP))?;
        Ok(Control { step, remove, inputs, turns })
    }
}

/// Reads the value of an input.
struct Value<'a>(&'a Input);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = InputValue;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<InputValue, D::Error> {
        InputValue::read(self.0.ty, d)
    }
}

impl JsonSchema for Control {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Control".into()
    }

    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut properties = serde_json::Map::new();
        let mut add = |key: &str, mut schema: schemars::Schema, doc: String| {
            schema.insert("description".to_owned(), doc.into());
            properties.insert(key.to_owned(), schema.into());
        };
        add(STEP, g.subschema_for::<StepRef>(), "Which step.".to_owned());
        add(REMOVE, g.subschema_for::<bool>(), "Leaves the step out.".to_owned());
        for (key, (input, kinds)) in all_inputs() {
            let schema = match input.ty {
                InputType::Text => g.subschema_for::<String>(),
                InputType::Texts => g.subschema_for::<Vec<String>>(),
                InputType::Table => g.subschema_for::<BTreeMap<String, String>>(),
                InputType::Rules => g.subschema_for::<Vec<Rule<Template>>>(),
            };
            add(key, schema, format!("{} ({}).", input.doc, kinds.join(", ")));
        }
        let turns = "The check that must turn red; any when absent.".to_owned();
        add(TURNS, g.subschema_for::<String>(), turns);
        schemars::json_schema!({
            "description": "A change of one step's *input* under which the case must fail. Besides its \
                            own keys it has those inputs of the step that it changes; assertions \
                            cannot be touched.",
            "type": "object",
            "properties": properties,
            "required": [STEP],
            "additionalProperties": false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::all_inputs;
    use crate::Step;

    #[test]
    fn an_input_has_the_same_type_in_every_kind() {
        let all = all_inputs();
        for info in Step::KINDS {
            for input in info.inputs {
                assert_eq!(input.ty, all[input.key].0.ty, "{}.{}", info.kind, input.key);
            }
        }
    }

    #[test]
    fn a_control_is_written_as_it_was_read() {
        let text = r#"{"step":"v","args":["env"],"env":{"A":"1"},"turns":"v.exit"}"#;
        let control: super::Control = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&control).unwrap(), text);
        let unknown =
            serde_json::from_str::<super::Control>(r#"{"step":1,"argz":[]}"#).unwrap_err();
        assert!(unknown.to_string().contains("unknown field `argz`"), "{unknown}");
    }
}

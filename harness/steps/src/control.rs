//! Controls: a change of one step's input under which the case must fail.

use crate::input::{self, Input, InputValue};
use crate::{Case, EnvStep, Step, StepRef};
use schemars::JsonSchema;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A change of one step's *input* under which the case must fail. Besides its own keys it has those
/// inputs of the step that it changes; assertions cannot be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Which step.
    pub step: StepRef,
    /// Leaves the step out.
    pub remove: bool,
    /// What is changed: key of the input → value.
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
    let mut keys: Vec<_> = input::all().into_keys().chain([STEP, REMOVE, TURNS]).collect();
    keys.sort_unstable();
    keys
});

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
    /// It leaves everything as it is.
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
    /// What it gives for an input.
    #[must_use]
    pub fn input(&self, key: &str) -> Option<&InputValue> {
        self.inputs.get(key)
    }

    /// Changes a step.
    fn apply(&self, step: &Step) -> Result<Step, ControlError> {
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
        let mut json = serde_json::to_value(step).map_err(unreadable)?;
        if let Some(payload) = json.get_mut(info.kind).and_then(|p| p.as_object_mut()) {
            for (input, value) in inputs {
                input.apply(payload, value);
            }
        }
        serde_json::from_value(json).map_err(unreadable)
    }
}

impl Case {
    /// The case with its control applied to it. Step indices stay: a removed step becomes an `env`
    /// step that does nothing.
    ///
    /// # Errors
    /// When the control does not fit the case.
    pub fn under_control(&self) -> Result<Self, ControlError> {
        let control = &self.control;
        let index = self
            .find_step(&control.step)
            .ok_or_else(|| ControlError::NoStep(control.step.to_string()))?;
        let mut case = self.clone();
        case.variables.extend(self.control_variables.iter().cloned());
        case.step[index] = if control.remove {
            Step::Env(EnvStep::default())
        } else {
            control.apply(&self.step[index])?
        };
        if case.step == self.step {
            return Err(ControlError::NoChange);
        }
        Ok(case)
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
        let all = input::all();
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
        for (key, (input, kinds)) in input::all() {
            let schema = match input.ty {
                input::InputType::Text => g.subschema_for::<String>(),
                input::InputType::Texts => g.subschema_for::<Vec<String>>(),
                input::InputType::Table => g.subschema_for::<BTreeMap<String, String>>(),
                input::InputType::Rules => g.subschema_for::<Vec<twinproof_model::Rule>>(),
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
    use super::ControlError;
    use crate::{Case, Go, Step, StepRef, SubjectStep, Write};

    fn case(control: &str) -> Case {
        let control = serde_json::from_str(control).unwrap();
        let go = Go { name: Some("v".into()), args: vec!["version".into()], ..Go::default() };
        let write = Write { path: "a".into(), dir: true, ..Write::default() };
        Case {
            suite: "s".into(),
            id: "c".into(),
            claims: vec![],
            title: String::new(),
            environments: vec![],
            requires: vec![],
            tags: vec![],
            sdk: None,
            drift: None,
            step: vec![Step::Write(write), Step::Go(go)],
            control,
            variables: std::collections::BTreeSet::new(),
            control_variables: std::collections::BTreeSet::new(),
            file: String::new(),
            line: 0,
            column: 0,
        }
    }

    #[test]
    fn a_control_changes_inputs_only_of_its_step() {
        let mutated =
            case(r#"{"step":"v","args":["env"],"env":{"A":"1"}}"#).under_control().unwrap();
        let Step::Go(go) = &mutated.step[1] else { panic!() };
        assert_eq!(go.args, ["env"]);
        assert_eq!(go.env["A"], "1");
        assert_eq!(mutated.step[0], case(r#"{"step":1}"#).step[0]);
    }

    #[test]
    fn a_directory_becomes_a_file() {
        let mutated = case(r#"{"step":1,"text":"x"}"#).under_control().unwrap();
        let Step::Write(w) = &mutated.step[0] else { panic!() };
        assert_eq!((w.text.as_deref(), w.dir), (Some("x"), false));
    }

    #[test]
    fn variables_that_are_set_are_no_longer_unset_and_the_reverse() {
        let mut case = case(r#"{"step":"v","env":{"A":"1"},"unset":["B"]}"#);
        let Step::Go(go) = &mut case.step[1] else { panic!() };
        go.unset = vec!["A".into(), "C".into()];
        go.env = [("B".to_owned(), "2".to_owned()), ("D".to_owned(), "3".to_owned())].into();
        let mutated = case.under_control().unwrap();
        let Step::Go(go) = &mutated.step[1] else { panic!() };
        assert_eq!(go.unset, ["C", "B"]);
        assert_eq!(
            go.env.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
            ["A=1", "D=3"]
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let error = |c: &str| case(c).under_control().unwrap_err();
        assert_eq!(error(r#"{"step":9,"remove":true}"#), ControlError::NoStep("9".into()));
        assert_eq!(
            error(r#"{"step":1,"args":["x"]}"#),
            ControlError::NoKey { kind: "write", key: "args" }
        );
        assert_eq!(error(r#"{"step":"v","args":["version"]}"#), ControlError::NoChange);
        assert_eq!(StepRef::Name("v".into()).to_string(), "v");
    }

    #[test]
    fn a_mutant_is_put_in_front_of_the_subject() {
        let mut case = case(r#"{"step":"s","mutant":[{"path":"*","status":500}],"set":{"a":"1"}}"#);
        let subject = SubjectStep { name: Some("s".into()), ..Default::default() };
        case.step.push(Step::Subject(subject));
        let mutated = case.under_control().unwrap();
        let Step::Subject(s) = &mutated.step[2] else { panic!() };
        assert_eq!((s.mutant.len(), s.mutant[0].status, s.set["a"].as_str()), (1, Some(500), "1"));
    }

    #[test]
    fn a_removed_step_keeps_the_numbers() {
        let mutated = case(r#"{"step":1,"remove":true}"#).under_control().unwrap();
        assert_eq!(mutated.step.len(), 2);
        assert_eq!(mutated.step[0].kind(), "env");
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

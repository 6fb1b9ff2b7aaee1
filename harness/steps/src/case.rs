//! Cases: declarative tests that support or refute claims.

use crate::control::ControlError;
use crate::{Control, EnvStep, GoldenSource, Step, StepRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use twinproof_model::{Requirement, Template};

/// A case as it is planned and stored: fixtures are expanded, its suite and place are known.
///
/// A suite file's `[[case]]` has the same keys without `suite`, `variables`, `control_variables`, `file`, `line` and
/// `column`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The suite that it belongs to: the folder's name.
    #[serde(default)]
    pub suite: String,
    /// Unique within the suite; lower-case words joined by `-`.
    pub id: String,
    /// Claims that it supports or refutes.
    pub claims: Vec<String>,
    /// One line that says what holds when the case passes.
    pub title: String,
    /// Selectors of environments: a kind, a name, or a pattern.
    pub environments: Vec<String>,
    /// Requirements of the environment; the case does not apply where one is not met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Words to select it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The SDK's version it is about; the subject's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Row of the drift table that its first probe fills, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
    /// The cell of a table in the report that it fills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TablePlace>,
    /// Its steps.
    pub step: Vec<Step>,
    /// The proof that it can go red.
    pub control: Control,
    /// Every variable that the texts of its steps refer to, as the loader found them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub variables: BTreeSet<String>,
    /// Every variable that the texts of its control refer to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub control_variables: BTreeSet<String>,
    /// The suite file, relative to the folder of suites, with `/`.
    #[serde(default)]
    pub file: String,
    /// Line of its header in the suite file, from 1.
    #[serde(default)]
    pub line: usize,
    /// Column of its header, from 1, in characters.
    #[serde(default)]
    pub column: usize,
}

/// The cell of a table in the report that a case fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TablePlace {
    /// The table's title.
    pub title: String,
    /// The row's; the environment's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The column's; the environment's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The cell's text where the case passes. It may refer to what its steps capture.
    pub value: Template,
}

impl Case {
    /// `suite/id`: unique over all suites.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.suite, self.id)
    }

    /// Every variable that its texts refer to, those of its control included.
    pub fn all_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().chain(&self.control_variables).map(String::as_str)
    }

    /// The name of the step at `index` in checks: its own, or its number from 1.
    #[must_use]
    pub fn step_name(&self, index: usize) -> String {
        self.step
            .get(index)
            .and_then(|s| s.name().map(str::to_owned))
            .unwrap_or_else(|| (index + 1).to_string())
    }

    /// The index of the step that `reference` means.
    #[must_use]
    pub fn find_step(&self, reference: &StepRef) -> Option<usize> {
        match reference {
            StepRef::Number(n) => {
                let index = n.checked_sub(1)?;
                (index < self.step.len()).then_some(index)
            }
            StepRef::Name(name) => self.step.iter().position(|s| s.name() == Some(name)),
        }
    }

    /// The index of the step that a golden is of.
    #[must_use]
    pub fn golden_step(&self, of: &GoldenSource) -> Option<usize> {
        of.step_in(self.step.iter().map(Step::name))
    }

    /// Whether a golden of the case is of that source of the step at `index`.
    #[must_use]
    pub fn golden_reads(&self, index: usize, source: &str) -> bool {
        self.step.iter().any(|step| match step {
            Step::Golden(golden) => {
                golden.of.source == source && self.golden_step(&golden.of) == Some(index)
            }
            _ => false,
        })
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
        // The engine provides what these name (such as `goroot:VERSION`), also for the changed
        // texts.
        case.variables.extend(self.control_variables.iter().cloned());
        // The step stays in its place and does nothing: the numbers of later steps, and what refers
        // to them, stay right.
        case.step[index] = if control.remove {
            Step::Env(EnvStep::default())
        } else {
            control.apply(&self.step[index])?
        };
        // A control that changes nothing would leave the case green, and say nothing about it.
        if case.step == self.step {
            return Err(ControlError::NoChange);
        }
        Ok(case)
    }
}

#[cfg(test)]
mod tests {
    use super::Case;
    use crate::{ControlError, Go, Step, StepRef, SubjectStep, Write};
    use twinproof_model::Template;

    fn case(control: &str) -> Case {
        let control = serde_json::from_str(control).unwrap();
        let go = Go {
            name: Some("v".into()),
            args: vec![Template::literal("version")],
            ..Go::default()
        };
        let write = Write { path: Template::literal("a"), dir: true, ..Write::default() };
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
            table: None,
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
        assert_eq!(go.args, [Template::literal("env")]);
        assert_eq!(go.env["A"].as_str(), "1");
        assert_eq!(mutated.step[0], case(r#"{"step":1}"#).step[0]);
    }

    #[test]
    fn a_directory_becomes_a_file() {
        let mutated = case(r#"{"step":1,"text":"x"}"#).under_control().unwrap();
        let Step::Write(w) = &mutated.step[0] else { panic!() };
        assert_eq!((w.text.as_ref().map(Template::as_str), w.dir), (Some("x"), false));
    }

    #[test]
    fn variables_that_are_set_are_no_longer_unset_and_the_reverse() {
        let mut case = case(r#"{"step":"v","env":{"A":"1"},"unset":["B"]}"#);
        let Step::Go(go) = &mut case.step[1] else { panic!() };
        go.unset = vec!["A".into(), "C".into()];
        go.env = [("B", "2"), ("D", "3")].map(|(k, v)| (k.to_owned(), Template::literal(v))).into();
        let mutated = case.under_control().unwrap();
        let Step::Go(go) = &mutated.step[1] else { panic!() };
        assert_eq!(go.unset, ["C", "B"]);
        assert_eq!(
            go.env.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>(),
            ["A=1", "D=3"]
        );
    }

    #[test]
    fn control_that_does_not_fit_its_step_is_refused() {
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
}

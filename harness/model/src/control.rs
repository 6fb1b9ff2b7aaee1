//! Controls: mutating the input of one step, so that a check must go red.

use crate::{Case, Control, Step};

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
}

/// The article of a kind of step.
fn article(kind: &str) -> &'static str {
    if kind.starts_with(['a', 'e', 'h', 'i', 'o']) { "an" } else { "a" }
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
        if control.remove {
            case.step[index] = Step::Env(crate::EnvStep::default());
        } else {
            control.mutate(&mut case.step[index])?;
        }
        if case.step == self.step {
            return Err(ControlError::NoChange);
        }
        Ok(case)
    }
}

/// Takes a key of the control over into a field of the step.
macro_rules! take {
    ($control:expr, $taken:expr, $($key:ident => $field:expr),* $(,)?) => {
        $(if let Some(value) = &$control.$key {
            $field = value.clone().into();
            $taken.push(stringify!($key));
        })*
    };
}

impl Control {
    fn keys(&self) -> Vec<&'static str> {
        let mut keys = Vec::new();
        let mut key = |there: bool, name| {
            if there {
                keys.push(name);
            }
        };
        key(self.args.is_some(), "args");
        key(!self.env.is_empty(), "env");
        key(!self.unset.is_empty(), "unset");
        key(self.program.is_some(), "program");
        key(self.sdk.is_some(), "sdk");
        key(self.cwd.is_some(), "cwd");
        key(self.stdin.is_some(), "stdin");
        key(self.path.is_some(), "path");
        key(self.text.is_some(), "text");
        key(self.base64.is_some(), "base64");
        key(self.symlink.is_some(), "symlink");
        key(self.mode.is_some(), "mode");
        key(self.read.is_some(), "read");
        key(self.url.is_some(), "url");
        key(self.method.is_some(), "method");
        key(!self.headers.is_empty(), "headers");
        key(self.cert.is_some(), "cert");
        key(self.key.is_some(), "key");
        key(self.send.is_some(), "send");
        key(self.module.is_some(), "module");
        key(self.version.is_some(), "version");
        key(!self.rule.is_empty(), "rule");
        key(!self.mutant.is_empty(), "mutant");
        key(!self.set.is_empty(), "set");
        key(self.upstream.is_some(), "upstream");
        keys
    }

    fn mutate(&self, step: &mut Step) -> Result<(), ControlError> {
        let kind = step.kind();
        let mut taken = Vec::new();
        let variables = |env: &mut std::collections::BTreeMap<_, _>, unset: &mut Vec<String>| {
            for name in &self.unset {
                env.remove(name);
            }
            unset.retain(|name| !self.env.contains_key(name));
            env.extend(self.env.clone());
            unset.extend(self.unset.iter().cloned());
        };
        match step {
            Step::Write(s) => {
                if self.text.is_some() || self.base64.is_some() || self.symlink.is_some() {
                    (s.text, s.base64, s.symlink, s.dir) = (None, None, None, false);
                }
                take!(self, taken, path => s.path, text => s.text, base64 => s.base64,
                    symlink => s.symlink, mode => s.mode);
            }
            Step::Run(s) => {
                variables(&mut s.env, &mut s.unset);
                taken.extend(["env", "unset"]);
                take!(self, taken, args => s.args, program => s.program, cwd => s.cwd, stdin => s.stdin);
            }
            Step::Go(s) => {
                variables(&mut s.env, &mut s.unset);
                taken.extend(["env", "unset"]);
                take!(self, taken, args => s.args, sdk => s.sdk, cwd => s.cwd, stdin => s.stdin);
            }
            Step::Env(s) => {
                variables(&mut s.set, &mut s.unset);
                taken.extend(["env", "unset"]);
            }
            Step::Probe(s) => {
                variables(&mut s.env, &mut s.unset);
                taken.extend(["env", "unset"]);
                take!(self, taken, path => s.path, sdk => s.sdk, cwd => s.cwd);
            }
            Step::File(s) => take!(self, taken, path => s.path),
            Step::Tree(s) => take!(self, taken, path => s.path),
            Step::Http(s) => {
                s.headers.extend(self.headers.clone());
                taken.push("headers");
                take!(self, taken, url => s.url, method => s.method, cert => s.cert, key => s.key);
            }
            Step::Raw(s) => {
                if self.send.is_some() || self.base64.is_some() {
                    (s.send, s.base64) = (None, None);
                }
                take!(self, taken, url => s.url, send => s.send, base64 => s.base64);
            }
            Step::Requests(s) => take!(self, taken, path => s.path),
            Step::Sumdb(s) => {
                take!(self, taken, url => s.url, key => s.key, module => s.module,
                    version => s.version);
            }
            Step::Script(s) => {
                s.env.extend(self.env.clone());
                taken.push("env");
            }
            Step::Origin(s) => {
                if !self.rule.is_empty() {
                    s.rule.clone_from(&self.rule);
                }
                taken.push("rule");
            }
            Step::Subject(s) => {
                if !self.mutant.is_empty() {
                    s.mutant.clone_from(&self.mutant);
                }
                s.set.extend(self.set.clone());
                taken.extend(["mutant", "set"]);
                take!(self, taken, upstream => s.upstream);
            }
            Step::Canary(s) => take!(self, taken, read => s.read),
            Step::Golden(_) | Step::Use(_) => {}
        }
        match self.keys().into_iter().find(|key| !taken.contains(key)) {
            Some(key) => Err(ControlError::NoKey { kind, key }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ControlError;
    use crate::{Case, Go, Step, StepRef, Write};

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
        let subject = crate::SubjectStep { name: Some("s".into()), ..Default::default() };
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

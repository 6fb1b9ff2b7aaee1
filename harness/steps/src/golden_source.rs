//! The source of a golden: a step, and one of its texts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The source of a golden, written `SOURCE:STEP`: a text that an earlier step saw, such as
/// `stdout:install`. STEP is the name of the step, or its number from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct GoldenSource {
    /// Which of the step's texts; the whole text where it has no colon, which the loader refuses.
    pub source: String,
    /// Name or number of the step; absent where the text has no colon.
    pub step: Option<String>,
}

impl GoldenSource {
    /// The index of the step among steps with these names.
    pub fn step_in<'n>(&self, names: impl Iterator<Item = Option<&'n str>>) -> Option<usize> {
        let wanted = self.step.as_deref()?;
        let mut count = 0;
        for (index, name) in names.enumerate() {
            if name == Some(wanted) {
                return Some(index);
            }
            count = index + 1;
        }
        // Names win over numbers; a step may be called `2`.
        wanted.parse::<usize>().ok()?.checked_sub(1).filter(|index| *index < count)
    }
}

impl From<String> for GoldenSource {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some((source, step)) => Self { source: source.to_owned(), step: Some(step.to_owned()) },
            None => Self { source: text, step: None },
        }
    }
}

impl From<GoldenSource> for String {
    fn from(of: GoldenSource) -> Self {
        of.to_string()
    }
}

impl std::fmt::Display for GoldenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)?;
        self.step.iter().try_for_each(|step| write!(f, ":{step}"))
    }
}

impl JsonSchema for GoldenSource {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GoldenSource".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::GoldenSource;
    use rstest::rstest;

    #[rstest]
    #[case("stdout:b", Some(1))]
    #[case("stdout:2", Some(1))]
    #[case("stdout:4", None)]
    #[case("stdout:0", None)]
    #[case("stdout:c", None)]
    #[case("stdout", None)]
    fn steps_are_found_by_name_and_by_number(#[case] of: &str, #[case] want: Option<usize>) {
        let source = GoldenSource::from(of.to_owned());
        assert_eq!(source.step_in([Some("a"), Some("b"), None].into_iter()), want);
        assert_eq!(source.to_string(), of);
    }
}

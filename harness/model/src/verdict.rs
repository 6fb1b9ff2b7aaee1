//! The nine verdicts and how they merge.
//!
//! Verdicts form a total order by how much they ask of the reader, and merging takes the larger:
//! it is associative, commutative, idempotent, has [`Verdict::NotApplicable`] as identity, and only
//! ever escalates. Two boundaries carry the meaning: what could not run is above `pass`, so it can
//! never be reported as one, and a crash of the harness is a verdict of its own, never a `fail`.

use crate::exit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The verdict on a check, a case, a claim or a run. Ordered from harmless to alarming.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The question does not arise here: a requirement of the case is not a fact of the environment.
    NotApplicable,
    /// Every check holds.
    Pass,
    /// A check fails, and an expectation says that it is not reported until it expires.
    Waived,
    /// A check fails as an expectation said it would.
    Xfail,
    /// It could not run: the environment, the subject or a tool is absent.
    Unavailable,
    /// It ran, and what it saw does not decide the question.
    Inconclusive,
    /// A check holds although an expectation said it would fail: the expectation is stale.
    Xpass,
    /// A check does not hold: a finding about the subject.
    Fail,
    /// The harness itself broke: nothing is known about the subject.
    HarnessError,
}

impl Verdict {
    /// All verdicts, in order.
    pub const ALL: [Self; 9] = [
        Self::NotApplicable,
        Self::Pass,
        Self::Waived,
        Self::Xfail,
        Self::Unavailable,
        Self::Inconclusive,
        Self::Xpass,
        Self::Fail,
        Self::HarnessError,
    ];

    /// The identity of [`Verdict::merge`].
    pub const BOTTOM: Self = Self::NotApplicable;

    /// The more alarming of the two.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        self.max(other)
    }

    /// Merges any number of verdicts; of none, [`Verdict::NotApplicable`].
    pub fn merge_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Self::BOTTOM, Self::merge)
    }

    /// The name used in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotApplicable => "not_applicable",
            Self::Pass => "pass",
            Self::Waived => "waived",
            Self::Xfail => "xfail",
            Self::Unavailable => "unavailable",
            Self::Inconclusive => "inconclusive",
            Self::Xpass => "xpass",
            Self::Fail => "fail",
            Self::HarnessError => "harness_error",
        }
    }

    /// Whether the case ran to an end and gave an answer about the subject.
    #[must_use]
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Pass | Self::Waived | Self::Xfail | Self::Xpass | Self::Fail)
    }

    /// The exit code of a run whose worst verdict this is: 0 conformant, 1 not, 2 not known,
    /// 255 the harness broke. An absent environment alone does not make a run unknown: floors do.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::NotApplicable | Self::Pass | Self::Waived | Self::Xfail | Self::Unavailable => {
                exit::CONFORMANT
            }
            Self::Inconclusive => exit::NOT_KNOWN,
            Self::Xpass | Self::Fail => exit::NOT_CONFORMANT,
            Self::HarnessError => exit::BROKEN,
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;
    use proptest::prelude::*;
    use rstest::rstest;

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        proptest::sample::select(Verdict::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn merge_is_a_semilattice(a in any_verdict(), b in any_verdict(), c in any_verdict()) {
            prop_assert_eq!(a.merge(a), a);
            prop_assert_eq!(a.merge(b), b.merge(a));
            prop_assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
            prop_assert_eq!(a.merge(Verdict::BOTTOM), a);
        }

        #[test]
        fn merging_only_escalates(vs in proptest::collection::vec(any_verdict(), 0..12), extra in any_verdict()) {
            let before = Verdict::merge_all(vs.iter().copied());
            let after = Verdict::merge_all(vs.iter().copied().chain([extra]));
            prop_assert!(after >= before);
            prop_assert!(vs.iter().all(|v| *v <= before));
        }
    }

    #[rstest]
    #[case(Verdict::Unavailable)]
    #[case(Verdict::Inconclusive)]
    #[case(Verdict::HarnessError)]
    fn verdict_without_an_answer_is_never_a_pass(#[case] v: Verdict) {
        assert_eq!(Verdict::Pass.merge(v), v);
        assert!(!v.is_decided());
    }

    #[test]
    fn a_crash_of_the_harness_is_no_fail() {
        assert_eq!(Verdict::Fail.merge(Verdict::HarnessError), Verdict::HarnessError);
        assert_eq!(Verdict::HarnessError.exit_code(), 255);
        assert_eq!(Verdict::Fail.exit_code(), 1);
    }

    #[test]
    fn names_are_those_of_the_files() {
        for v in Verdict::ALL {
            let json = serde_json::to_string(&v).unwrap();
            assert_eq!(json, format!("\"{v}\""));
        }
    }
}

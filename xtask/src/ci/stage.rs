//! The stages by name, the choice of stages, and their outcomes.

use std::fmt;

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stage {
    Provide,
    Engine,
    Tools,
    Fmt,
    Lint,
    Deny,
    Clippy,
    Build,
    Images,
    Test,
    Conformance,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Self; 11] = [
        Self::Provide,
        Self::Engine,
        Self::Tools,
        Self::Fmt,
        Self::Lint,
        Self::Deny,
        Self::Clippy,
        Self::Build,
        Self::Images,
        Self::Test,
        Self::Conformance,
    ];

    /// The name for `--skip` and `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provide => "provide",
            Self::Engine => "engine",
            Self::Tools => "tools",
            Self::Fmt => "fmt",
            Self::Lint => "lint",
            Self::Deny => "deny",
            Self::Clippy => "clippy",
            Self::Build => "build",
            Self::Images => "images",
            Self::Test => "test",
            Self::Conformance => "conformance",
        }
    }

    /// A description of the stage.
    pub fn about(self) -> &'static str {
        match self {
            Self::Provide => "the system's packages that the tests need",
            Self::Engine => "a container engine, started where none answers",
            Self::Tools => "the pinned Go SDKs, and actionlint",
            Self::Fmt => "cargo fmt --all --check",
            Self::Lint => "cargo xtask lint",
            Self::Deny => "cargo deny check licenses bans sources",
            Self::Clippy => "cargo clippy --workspace --all-targets -- -D warnings",
            Self::Build => "cargo test --workspace --no-run",
            Self::Images => "cargo xtask images, begun before `tools`",
            Self::Test => "cargo test --workspace, with every tool required",
            Self::Conformance => "cargo xtask conformance --controls=once, environments required",
        }
    }

    /// Whether its result is worth its seconds after another stage has failed.
    pub fn is_cheap(self) -> bool {
        matches!(self, Self::Fmt | Self::Lint | Self::Deny | Self::Clippy)
    }
}

/// The chosen stages.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    pub skip: &'a [Stage],
    /// When empty: all.
    pub only: &'a [Stage],
}

impl Selection<'_> {
    pub fn has(self, stage: Stage) -> bool {
        !self.skip.contains(&stage) && (self.only.is_empty() || self.only.contains(&stage))
    }
}

/// The outcome of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    /// With the exit code.
    Failed(u8),
    TimedOut,
    Interrupted,
    /// The stage reported that it cannot run on this machine.
    Unavailable,
    /// Excluded by `--skip` or `--only`.
    LeftOut,
    /// An earlier stage failed.
    NotRun,
}

impl Outcome {
    /// The exit code of a failure.
    pub fn failure(self) -> Option<u8> {
        match self {
            Self::Failed(code) => Some(code),
            // A stage without an end has proved nothing, and is no fault of the subject.
            Self::TimedOut | Self::Interrupted => Some(twinproof::BROKEN),
            Self::Passed | Self::Unavailable | Self::LeftOut | Self::NotRun => None,
        }
    }

    /// Passed with 0, failed with anything else.
    pub fn of_code(code: u8) -> Self {
        if code == 0 { Self::Passed } else { Self::Failed(code) }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.pad("passed"),
            Self::Failed(code) => f.pad(&format!("failed ({code})")),
            Self::TimedOut => f.pad("timed out"),
            Self::Interrupted => f.pad("interrupted"),
            Self::Unavailable => f.pad("unavailable"),
            Self::LeftOut => f.pad("left out"),
            Self::NotRun => f.pad("not run"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;
    use rstest::rstest;

    #[rstest]
    #[case::all(&[], &[], 11)]
    #[case::skip(&[Stage::Images, Stage::Test], &[], 9)]
    #[case::only(&[], &[Stage::Fmt], 1)]
    fn stages_are_chosen_by_only_and_skip(
        #[case] skip: &[Stage],
        #[case] only: &[Stage],
        #[case] count: usize,
    ) {
        let selection = Selection { skip, only };
        let chosen: Vec<_> = Stage::ALL.into_iter().filter(|s| selection.has(*s)).collect();
        assert_eq!(chosen.len(), count);
        assert!(chosen.iter().all(|s| !skip.contains(s)));
        assert!(only.iter().all(|s| chosen.contains(s)));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        assert_eq!(Stage::value_variants(), Stage::ALL);
        for stage in Stage::ALL {
            assert_eq!(Stage::from_str(stage.name(), false), Ok(stage));
            assert!(stage.about().len() <= 65, "80 columns: {}", stage.about());
        }
    }

    #[rstest]
    #[case(Outcome::of_code(0), None)]
    #[case(Outcome::of_code(101), Some(101))]
    #[case(Outcome::TimedOut, Some(255))]
    #[case(Outcome::Unavailable, None)]
    #[case(Outcome::NotRun, None)]
    fn failures_have_codes(#[case] outcome: Outcome, #[case] code: Option<u8>) {
        assert_eq!(outcome.failure(), code);
    }
}

//! Runs the tests of a target as Rust's own test program does, and reports one that lacks something
//! as ignored, with the reason. Rust's own knows no way to say that while it runs.

use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};

use crate::requirement::Unavailable;

/// A test; made by the attribute `#[test]`.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    module: &'static str,
    name: &'static str,
    run: fn() -> Ended,
}

inventory::collect!(Test);

/// The outcome of a test that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The test passed.
    Passed,
    /// The machine lacks something that the test requires.
    Ignored(Unavailable),
}

impl From<()> for Ended {
    fn from((): ()) -> Self {
        Self::Passed
    }
}

impl From<Result<(), Unavailable>> for Ended {
    fn from(result: Result<(), Unavailable>) -> Self {
        result.map_or_else(Self::Ignored, Self::from)
    }
}

impl Test {
    /// The test of that name in that module.
    #[must_use]
    pub const fn new(module: &'static str, name: &'static str, run: fn() -> Ended) -> Self {
        Self { module, name, run }
    }

    /// Its path within the target.
    fn path(&self) -> String {
        // The name of the crate is the target's own, which Rust's test program leaves out too.
        match self.module.split_once("::") {
            Some((_, module)) => format!("{module}::{}", self.name),
            None => self.name.to_owned(),
        }
    }

    fn trial(&self) -> Trial {
        let run = self.run;
        Trial::ignorable_test(self.path(), move || {
            let ended = catch_unwind(run).unwrap_or_else(|payload| {
                match payload.downcast::<Unavailable>() {
                    Ok(unavailable) => Ended::Ignored(*unavailable),
                    // A real failure goes on, with the message that was printed already.
                    Err(failure) => resume_unwind(failure),
                }
            });
            Ok(match ended {
                Ended::Passed => Completion::Completed,
                Ended::Ignored(unavailable) => Completion::ignored_with(unavailable),
            })
        })
    }
}

/// Runs the tests of this program that its arguments select.
#[must_use]
pub fn main() -> ExitCode {
    let mut tests: Vec<&Test> = inventory::iter::<Test>.into_iter().collect();
    // inventory collects in the order of linking, which differs from build to build.
    tests.sort_by_key(|test| test.path());
    let trials = tests.into_iter().map(Test::trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

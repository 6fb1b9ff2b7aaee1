//! Limits of a script: it must not run for ever, write without end, or leave programs behind.

use crate::bench::{absent, setting};
use twinproof_script::Script;

#[test]
fn a_go_command_that_is_gone() {
    let (_dir, setting) = setting(absent);
    let error = Script::parse("s", b"! go list").unwrap().verdict_in(&setting).unwrap_err();
    assert_eq!(error.to_string(), format!("running {}", setting.toolchain.go.display()));
}

/// With programs that Windows does not have.
#[cfg(unix)]
mod programs {
    use crate::bench::{absent, setting};
    use std::time::Duration;
    use twinproof_script::{Failure, Script, Setting, Verdict};

    fn fail(text: &str, change: impl FnOnce(&mut Setting)) -> Failure {
        let (_dir, mut setting) = setting(absent);
        change(&mut setting);
        let outcome = Script::parse("s", text.as_bytes()).unwrap().verdict_in(&setting).unwrap();
        match outcome.verdict {
            Verdict::Fail(failure) => failure,
            verdict => panic!("{verdict:?}"),
        }
    }

    #[test]
    fn a_command_that_never_ends() {
        let change = |s: &mut Setting| s.limits.command = Duration::from_millis(200);
        let failure = fail("! exec sleep 1000", change);
        assert_eq!(failure.message, "it was killed at its time limit, after 0 s");
    }

    #[test]
    fn a_script_that_takes_too_long() {
        let change = |s: &mut Setting| s.limits.script = Duration::from_millis(200);
        let failure = fail("exec sleep 0.3 &\nwait\n? echo x", change);
        assert_eq!(failure.message, "line 1: it was killed at its time limit, after 0 s");
        let failure = fail("echo x", |s| s.limits.script = Duration::ZERO);
        assert_eq!(failure.message, "the script took longer than 0 s");
    }

    #[test]
    fn an_output_without_end() {
        let failure = fail("! exec yes", |s| {
            s.limits.output = 1000;
            s.limits.command = Duration::from_secs(1);
        });
        assert_eq!(failure.message, "it was killed at its time limit, after 1 s");
        let failure = fail("exec echo 12345", |s| s.limits.output = 5);
        assert_eq!(failure.message, "it wrote more than the limit of an output");
    }
}

//! The table at the end: the outcome and the time of each stage, and one last line.

use super::stage::{Outcome, Stage};
use std::fmt::Write as _;
use std::time::Duration;

/// A stage that is over.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub stage: Stage,
    pub outcome: Outcome,
    pub took: Duration,
}

/// The table and its last line, at most 80 columns wide.
pub fn render(lines: &[Line], total: Duration) -> String {
    let mut text = String::from("stage        result           time\n");
    for line in lines {
        let took = match line.outcome {
            Outcome::LeftOut | Outcome::NotRun => String::new(),
            _ => time(line.took),
        };
        let row = format!("{:<12} {:<12} {took:>8}", line.stage.name(), line.outcome);
        let _ = writeln!(text, "{}", row.trim_end());
    }
    let red = lines.iter().find(|line| line.outcome.failure().is_some());
    let all = lines.iter().filter(|line| line.outcome == Outcome::Passed).count();
    let _ = match red {
        Some(line) => {
            writeln!(text, "ci: {} {}, after {}", line.stage.name(), line.outcome, time(total))
        }
        None => writeln!(text, "ci: {all} of {} stages passed in {}", lines.len(), time(total)),
    };
    text
}

/// `4.2 s` below a minute, `12:03` (minutes, seconds) from there on.
pub fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(60) {
        let tenths = duration.as_millis() / 100;
        return format!("{}.{} s", tenths / 10, tenths % 10);
    }
    format!("{}:{:02}", duration.as_secs() / 60, duration.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn line(stage: Stage, outcome: Outcome, millis: u64) -> Line {
        Line { stage, outcome, took: Duration::from_millis(millis) }
    }

    #[test]
    fn the_first_failure_has_the_last_line() {
        let lines = [
            line(Stage::Fmt, Outcome::Failed(1), 1_250),
            line(Stage::Deny, Outcome::Unavailable, 3),
            line(Stage::Clippy, Outcome::Failed(101), 62_000),
            line(Stage::Test, Outcome::NotRun, 0),
            line(Stage::Conformance, Outcome::LeftOut, 0),
        ];
        let text = render(&lines, Duration::from_secs(64));
        let want = "\
stage        result           time
fmt          failed (1)      1.2 s
deny         unavailable     0.0 s
clippy       failed (101)     1:02
test         not run
conformance  left out
ci: fmt failed (1), after 1:04
";
        assert_eq!(text, want);
    }

    #[test]
    fn passed_stages_are_counted() {
        let lines =
            [line(Stage::Fmt, Outcome::Passed, 0), line(Stage::Deny, Outcome::Unavailable, 0)];
        let text = render(&lines, Duration::from_secs(600));
        assert_eq!(text.lines().last(), Some("ci: 1 of 2 stages passed in 10:00"));
    }

    #[rstest]
    #[case(0, "0.0 s")]
    #[case(59_999, "59.9 s")]
    #[case(60_000, "1:00")]
    #[case(3_723_000, "62:03")]
    fn times_are_shown_in_seconds_and_minutes(#[case] millis: u64, #[case] text: &str) {
        assert_eq!(time(Duration::from_millis(millis)), text);
    }
}

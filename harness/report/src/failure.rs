//! Content that every report shows of a failing case: its checks by step with the request and the
//! response there, and the claims that it breaks with their level and their source.

use crate::words;
use twinproof_model::{CaseResult, Check, Claim, Exchange, Results, Verdict};

/// The failing checks of one step, with the step's request and response.
pub struct FailedStep<'a> {
    /// The checks, in order; at least one.
    pub checks: Vec<&'a Check>,
    /// The request and the response; `None` for steps that send no request.
    pub exchange: Option<&'a Exchange>,
}

/// The steps of a case whose checks do not all pass, in order.
pub fn failed_steps(case: &CaseResult) -> Vec<FailedStep<'_>> {
    let mut steps: Vec<FailedStep<'_>> = Vec::new();
    for check in case.checks.iter().filter(|c| c.verdict > Verdict::Pass) {
        match steps.last_mut().filter(|s| s.checks.iter().all(|c| c.step == check.step)) {
            Some(step) => step.checks.push(check),
            None => steps.push(FailedStep {
                checks: vec![check],
                exchange: case.exchanges.get(&check.step),
            }),
        }
    }
    steps
}

/// The claims of a case that the run knows, the most binding first.
pub fn claims<'r>(results: &'r Results, case: &CaseResult) -> Vec<&'r Claim> {
    let mut claims: Vec<_> =
        results.claims.iter().filter(|claim| case.claims.contains(&claim.id)).collect();
    claims.sort_by_key(|claim| claim.level);
    claims
}

/// `MUST PROXY-003: A raw capital letter is refused.`
pub fn claim_line(claim: &Claim) -> String {
    let level = claim.level.as_str().to_uppercase();
    format!("{level} {}: {}", claim.id, words::claim(claim))
}

/// The source of a claim: its URL, or the words that name it.
pub fn claim_source(claim: &Claim) -> &str {
    claim.source.as_deref().unwrap_or(&claim.reference)
}

/// A command line broken into lines no wider than `columns` where that is possible, each but the last
/// ended so that a shell reads on. Nothing within quotes is broken.
pub fn command_lines(command: &str, columns: usize) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            ' ' if !quoted => words.push(String::new()),
            c => {
                // A backslash and a line end inside quotes would become part of the argument.
                quoted ^= c == '\'';
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if crate::text::width(line) + crate::text::width(&word) + 3 <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    let last = lines.len().saturating_sub(1);
    lines.iter_mut().take(last).for_each(|line| line.push_str(" \\"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_broken_between_words_only() {
        let command = "curl -sSi --path-as-is -H 'Range: bytes=0-1' \"$PROXY\"/example.com/a";
        let lines = command_lines(command, 32);
        assert_eq!(
            lines,
            ["curl -sSi --path-as-is -H \\", "'Range: bytes=0-1' \\", "\"$PROXY\"/example.com/a"]
        );
        assert_eq!(command_lines("a b", 80), ["a b"]);
    }
}

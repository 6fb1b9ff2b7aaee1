//! The findings of a run that need attention, one for each cause: an environment whose driver is
//! broken is one finding for all of its cases, and so are cases that broke in one environment for
//! the same reason.

use crate::tally;
use std::collections::HashMap;
use twinproof_model::{CaseResult, EnvironmentName, EnvironmentResult, Results, Verdict};

/// A cause, and the cases that it concerns.
pub struct Finding<'a> {
    /// The environment of these cases.
    pub environment: &'a EnvironmentName,
    /// The environment's own error, where the environment is what is broken.
    pub broken: Option<&'a str>,
    /// The cases with their indexes in the results, the most alarming first. Only a broken
    /// environment may have none.
    pub cases: Vec<(usize, &'a CaseResult)>,
}

impl<'a> Finding<'a> {
    /// The most alarming verdict of its cases.
    pub fn verdict(&self) -> Verdict {
        self.cases.first().map_or(Verdict::HarnessError, |(_, case)| case.verdict)
    }

    /// The first case; `None` where the environment itself is broken.
    pub fn case(&self) -> Option<(usize, &'a CaseResult)> {
        if self.broken.is_some() { None } else { self.cases.first().copied() }
    }

    /// Number of cases besides the first.
    pub fn others(&self) -> u64 {
        (self.cases.len() as u64).saturating_sub(1)
    }
}

/// All findings: broken environments in the order of the run, then cases, the most alarming first.
pub fn findings(results: &Results) -> Vec<Finding<'_>> {
    let mut found: Vec<Finding<'_>> = Vec::new();
    let mut environments: HashMap<&EnvironmentName, usize> = HashMap::new();
    for environment in &results.environments {
        let EnvironmentResult { name, broken: Some(broken), .. } = environment else { continue };
        environments.entry(name).or_insert(found.len());
        found.push(Finding { environment: name, broken: Some(broken), cases: Vec::new() });
    }
    let mut reasons: HashMap<(&EnvironmentName, &str), usize> = HashMap::new();
    for (index, case) in tally::by_alarm(results) {
        if !tally::needs_attention(case.verdict) {
            continue;
        }
        let reason = case.broken.as_deref();
        // A broken environment breaks each of its cases in the same way. One entry says so; eighty
        // would hide the case that fails by itself.
        let at = match (environments.get(&case.environment), reason) {
            (Some(at), Some(_)) if case.verdict == Verdict::HarnessError => Some(*at),
            (_, Some(reason)) => {
                // A new entry has the place of the finding that is pushed below.
                let next = found.len();
                let at = *reasons.entry((&case.environment, reason)).or_insert(next);
                (at < next).then_some(at)
            }
            (_, None) => None,
        };
        match at.and_then(|at| found.get_mut(at)) {
            Some(finding) => finding.cases.push((index, case)),
            None => found.push(Finding {
                environment: &case.environment,
                broken: None,
                cases: vec![(index, case)],
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{self, case, empty};

    fn broke(id: &str, name: &str, why: &str) -> CaseResult {
        CaseResult {
            broken: Some(why.into()),
            ..case(id, name, Verdict::HarnessError, &["PATH-001"])
        }
    }

    #[test]
    fn one_cause_is_one_finding() {
        let mut results = fixture::broken();
        results.cases.push(broke("path/c", "host", "no room"));
        results.cases.push(case("path/d", "host", Verdict::Fail, &[]));
        results.cases.push(broke("path/e", "host", "no room"));
        results.cases.push(broke("path/f", "wine", "no room"));
        let found: Vec<_> = findings(&results)
            .iter()
            .map(|f| (f.environment.to_string(), f.broken.is_some(), f.cases.len(), f.verdict()))
            .collect();
        let broken = Verdict::HarnessError;
        assert_eq!(
            found,
            [
                ("image:bookworm".to_owned(), true, 86, broken),
                ("image:none".to_owned(), true, 0, broken),
                ("host".to_owned(), false, 2, broken),
                ("wine".to_owned(), false, 1, broken),
                ("host".to_owned(), false, 1, Verdict::Fail),
            ]
        );
    }

    /// A case of a broken environment that failed before it broke stays a finding of its own.
    #[test]
    fn a_verdict_is_not_hidden_by_a_broken_environment() {
        let mut results = fixture::broken();
        results.cases.push(case("path/d", "image:bookworm", Verdict::Fail, &[]));
        assert_eq!(findings(&results).len(), 3);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert!(findings(&empty()).is_empty());
    }
}

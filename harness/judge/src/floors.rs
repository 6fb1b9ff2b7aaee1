//! Floors: whether enough cases were decided.

use twinproof_model::{CaseResult, EnvironmentResult, Floor, FloorResult, Verdict};

/// The result of each floor in each selected environment that it is for.
pub fn check(
    floors: &[Floor],
    environments: &[EnvironmentResult],
    cases: &[CaseResult],
    filtered: bool,
) -> Vec<FloorResult> {
    let mut results = Vec::new();
    for floor in floors {
        for environment in environments.iter().filter(|e| e.name.selected_by(&floor.environment)) {
            // A known failure was run and seen, which is what a floor is about.
            let counts = |v| matches!(v, Verdict::Pass | Verdict::Xfail);
            let actual = cases
                .iter()
                .filter(|c| c.suite == floor.suite && c.environment == environment.name)
                .filter(|c| counts(c.verdict))
                .count() as u64;
            let absent = environment.absent.is_some() && !floor.always && !environment.required;
            let lacks = floor.requires.iter().find(|c| !environment.capabilities.contains(c));
            // Filters leave cases out on purpose. Floors are against cases that vanish unnoticed: a
            // gate elsewhere that ignored skips said success for six weeks with 25 of 544 tests
            // passed.
            let not_applied = if filtered {
                Some("cases were selected".to_owned())
            } else if absent {
                Some("the environment is absent and not required".to_owned())
            } else {
                lacks.map(|lacks| format!("the environment has no {lacks}"))
            };
            results.push(FloorResult {
                suite: floor.suite.clone(),
                environment: environment.name.clone(),
                floor: floor.pass,
                actual,
                met: not_applied.is_some() || actual >= floor.pass,
                not_applied,
            });
        }
    }
    results
}

//! `diff`: the bytes of two files from the work directory, compared in memory.

use super::driver::Driver;
use super::error::StepError;
use twinproof_inspect::{CompareOptions, compare};
use twinproof_steps::{DiffSight, DiffStep};

pub fn drive(driver: &mut Driver<'_>, step: &DiffStep) -> Result<DiffSight, StepError> {
    let (a, b) = (driver.path(&step.a)?, driver.path(&step.b)?);
    let (first, second) = (driver.looked_at(&a)?, driver.looked_at(&b)?);
    let sight = DiffSight { a, b, ..DiffSight::default() };
    let (first, second) = match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(absent), _) | (_, Err(absent)) => {
            return Ok(DiffSight { error: Some(absent), ..sight });
        }
    };
    let found = match compare(first.as_slice(), second.as_slice(), &CompareOptions::default()) {
        Ok(found) => found,
        Err(error) => {
            let error = Some(format!("{}: {error}", error.side.name()));
            return Ok(DiffSight { error, ..sight });
        }
    };
    let json =
        serde_json::to_vec_pretty(&found).map_err(|error| StepError::Broken(error.to_string()))?;
    Ok(DiffSight {
        comparison: Some(driver.store(json)?),
        verdict: found.verdict.name().to_owned(),
        id_parts: found.build_id.into_iter().filter(|p| !p.equal).map(|p| p.part).collect(),
        sections: found.sections.into_iter().map(|section| section.name).collect(),
        facts: found.facts.into_iter().map(|fact| fact.fact).collect(),
        cause: found.cause,
        remedy: found.remedy,
        ..sight
    })
}

//! `inspect`: a file's bytes from the work directory, described in memory.

use super::driver::Driver;
use super::error::StepError;
use std::collections::BTreeMap;
use twinproof_inspect::{LeakKind, Options, describe, facts_by_name};
use twinproof_steps::{InspectSight, InspectStep};

pub fn drive(driver: &mut Driver<'_>, step: &InspectStep) -> Result<InspectSight, StepError> {
    let path = driver.path(&step.path)?;
    let unseen = |path, error| InspectSight { path, error: Some(error), ..InspectSight::default() };
    let bytes = match driver.looked_at(&path)? {
        Ok(bytes) => bytes,
        Err(absent) => return Ok(unseen(path, absent)),
    };
    let leaks: Vec<String> =
        step.texts().map(|text| driver.scope().expand(text)).collect::<Result<_, _>>()?;
    // Contents are read only where a text is looked for: that takes many times as long as the
    // headers.
    let options = Options { deep: !leaks.is_empty(), leaks };
    let description = match describe(bytes.as_slice(), &options) {
        Ok(description) => description,
        Err(error) => return Ok(unseen(path, error.to_string())),
    };
    let mut found = BTreeMap::new();
    for (_, image) in description.images() {
        for leak in image.deep.iter().flat_map(|deep| &deep.leaks) {
            if leak.kind == LeakKind::Asked {
                *found.entry(leak.value.clone()).or_default() += leak.count;
            }
        }
    }
    let facts = facts_by_name(&description);
    let json = serde_json::to_vec_pretty(&description)
        .map_err(|error| StepError::Broken(error.to_string()))?;
    Ok(InspectSight { path, description: Some(driver.store(json)?), facts, found, error: None })
}

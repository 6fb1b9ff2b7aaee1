//! `parse`: a file's bytes from the work directory, read as WSL reads them.

use super::driver::Driver;
use super::error::StepError;
use twinproof_steps::{ParseDialect, ParseOutcome, ParseSight, ParseStep};
use twinproof_wslconf::Dialect;
use twinproof_wslconf::apply::apply;
use twinproof_wslconf::parse::parse;

pub fn drive(driver: &mut Driver<'_>, step: &ParseStep) -> Result<ParseSight, StepError> {
    let path = driver.path(&step.path)?;
    let bytes = match driver.looked_at(&path)? {
        Ok(bytes) => bytes,
        Err(absent) => {
            return Ok(ParseSight { path, error: Some(absent), ..ParseSight::default() });
        }
    };
    let dialect = match step.dialect {
        ParseDialect::WslConf => Dialect::WslConf,
        ParseDialect::WslConfig => Dialect::WslConfig,
    };
    let Ok(parsed) = parse(dialect, &bytes) else {
        let outcome = ParseOutcome::Unopened;
        return Ok(ParseSight { path, outcome, ..ParseSight::default() });
    };
    let applied = apply(&parsed);
    // In this order: a file that makes WSL abort may have been refused, or read in part, before
    // that.
    let outcome = if parsed.aborts() {
        ParseOutcome::Aborted
    } else if applied.refused {
        ParseOutcome::Refused
    } else if parsed.stopped.is_some() {
        ParseOutcome::Stopped
    } else {
        ParseOutcome::Whole
    };
    let message = |warning: &twinproof_wslconf::warning::Warning| {
        String::from_utf8_lossy(&warning.message(dialect, "F")).into_owned()
    };
    Ok(ParseSight {
        path,
        outcome,
        config: applied
            .changed(dialect)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.text()))
            .collect(),
        warnings: applied.warnings.iter().map(message).collect(),
        error: None,
    })
}

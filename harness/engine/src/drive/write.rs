//! `write`: puts a file, a directory or a symbolic link in place.

use super::driver::Driver;
use super::error::StepError;
use base64::Engine as _;
use twinproof_environment::Put;
use twinproof_steps::{Write, Wrote};

pub fn drive(driver: &mut Driver<'_>, step: &Write) -> Result<Wrote, StepError> {
    let path = driver.path(&step.path)?;
    // Written as `chmod` takes it, in octal; the schema has checked the digits.
    let mode = step.mode.as_deref().and_then(|m| u32::from_str_radix(m, 8).ok());
    let put = if let Some(text) = &step.text {
        Put::File { bytes: driver.scope().expand(text)?.into_bytes(), mode }
    } else if let Some(encoded) = &step.base64 {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .map_err(|e| StepError::Broken(format!("write {path}: {e}")))?;
        Put::File { bytes, mode }
    } else if let Some(file) = &step.suite {
        let (_, bytes) = driver.suite_file(Some(file)).map_err(StepError::Broken)?;
        Put::File { bytes, mode }
    } else if let Some(target) = &step.symlink {
        Put::Symlink { target: driver.scope().expand(target)? }
    } else {
        Put::Dir { mode }
    };
    driver.sandbox().put(&path, &put)?;
    let content = match put {
        Put::File { bytes, .. } => Some(driver.store(bytes)?),
        _ => None,
    };
    Ok(Wrote { path, content })
}

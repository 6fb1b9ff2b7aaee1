//! `canary`: writes random bytes at one path and looks for them at another.

use super::driver::{Driver, nonce};
use super::error::StepError;
use twinproof_base::hex;
use twinproof_environment::Put;
use twinproof_steps::{Canary, CanarySight};

pub fn drive(driver: &mut Driver<'_>, step: &Canary) -> Result<CanarySight, StepError> {
    let (written, looked_at) = (driver.path(&step.write)?, driver.path(&step.read)?);
    let nonce = nonce()?;
    let put = Put::File { bytes: nonce.clone().into_bytes(), mode: None };
    driver.sandbox().put(&written, &put)?;
    let bytes = driver.file_if_there(&looked_at)?;
    Ok(CanarySight {
        written,
        looked_at,
        nonce: hex::encode(nonce.as_bytes()),
        seen: bytes.map(|b| hex::encode(&b)),
    })
}

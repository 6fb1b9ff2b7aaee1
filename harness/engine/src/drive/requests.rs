//! `requests`: looks at the requests that servers of ours received.

use super::driver::Driver;
use super::error::StepError;
use twinproof_steps::{AskedOf, Requests, SeenRequests};

pub fn drive(driver: &mut Driver<'_>, step: &Requests) -> Result<SeenRequests, StepError> {
    let (all, nobody) = match step.of {
        AskedOf::Origin => (driver.servers.asked_of_origin(), "the case has no origin"),
        AskedOf::Subject => {
            (driver.servers.asked_of_subject(), "there is no relay in front of the subject")
        }
    };
    let error = all.is_none().then(|| nobody.to_owned());
    let requests = driver.store_requests(&all.unwrap_or_default())?;
    Ok(SeenRequests { requests, error })
}

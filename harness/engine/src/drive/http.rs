//! `http`: makes a request as a client makes it.

use super::driver::Driver;
use super::error::StepError;
use crate::client::{self, Ask, Credentials};
use twinproof_steps::{Http, HttpExchange};

/// Bytes of a body that are kept where nothing asks for its text.
const GLANCE: u64 = 64 << 10;

pub fn drive(driver: &mut Driver<'_>, step: &Http) -> Result<HttpExchange, StepError> {
    let headers = driver.scope().expand_all(&step.headers)?.into_iter().collect();
    let captured = |what: &str| step.capture.values().any(|w| w == what);
    let text = step.body.is_some() || driver.golden_reads("body") || captured("body");
    let identity = match (&step.cert, &step.key) {
        (Some(cert), Some(key)) => Some((driver.file(cert)?, driver.file(key)?)),
        _ => None,
    };
    let ca = step.ca.as_ref().map(|path| driver.file(path)).transpose()?;
    let ask = Ask {
        method: step.method.clone().unwrap_or_else(|| "GET".to_owned()),
        url: driver.scope().expand(&step.url)?,
        headers,
        version: step.http.unwrap_or_default(),
        times: step.times.unwrap_or(1),
        credentials: Credentials { ca, identity },
        limit: driver.limit(step.timeout),
        keep: if text { driver.context().output_limit } else { GLANCE },
        h1: step.h1.is_some() || captured("h1"),
    };
    let (seen, body) = client::exchange(&ask).map_err(StepError::Broken)?;
    let body = body.map(|bytes| driver.store(bytes)).transpose()?;
    let url = driver.redactions.text(&seen.url);
    let headers = driver.redactions.variables(&seen.headers);
    Ok(HttpExchange { url, headers, body, ..seen })
}

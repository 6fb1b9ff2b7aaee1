//! `raw`: sends bytes as they are.

use super::driver::Driver;
use super::error::StepError;
use crate::client::{self, Credentials, Send};
use base64::Engine as _;
use std::time::Duration;
use twinproof_steps::{Raw, RawExchange};

/// Most bytes kept of those sent, and of those received.
const KEPT: usize = 64 << 10;

pub fn drive(driver: &mut Driver<'_>, step: &Raw) -> Result<RawExchange, StepError> {
    let bytes = match (&step.send, &step.base64) {
        (Some(text), _) => driver.scope().expand(text)?.into_bytes(),
        (None, Some(encoded)) => base64::engine::general_purpose::STANDARD
            .decode(encoded)
            .map_err(|e| StepError::Broken(format!("what is to be sent: {e}")))?,
        (None, None) => Vec::new(),
    };
    let (url, ca, limit) = driver.connection(step.connection())?;
    let answers = step.answers.map_or(1, |n| n.max(1));
    let sent = client::send(&Send {
        url,
        piece: step.piece.map_or(bytes.len(), |n| usize::try_from(n).unwrap_or(usize::MAX)),
        bytes: bytes.clone(),
        pause: Duration::from_millis(step.pause_ms.unwrap_or_default().into()),
        half_close: step.half_close,
        // A case that wants to see the connection closed reads until it is; any other stops at the
        // last answer, because a server may keep the connection open for minutes.
        enough: step.closed.is_none().then(|| usize::try_from(answers).unwrap_or(usize::MAX)),
        credentials: Credentials { ca, identity: None },
        limit,
    });
    let beginning = |mut bytes: Vec<u8>| {
        bytes.truncate(KEPT);
        bytes
    };
    let mut seen = RawExchange {
        address: sent.address,
        sent: Some(driver.store(beginning(bytes))?),
        received: Some(driver.store(beginning(sent.received))?),
        bytes: sent.bytes,
        answers: sent.answers,
        closed: sent.closed,
        timed_out: sent.timed_out,
        error: sent.error,
        ..RawExchange::default()
    };
    if let Some(first) = sent.first {
        seen.status = Some(first.status);
        seen.headers = driver.redactions.variables(&first.headers);
        seen.body = Some(driver.store(first.body)?);
    }
    Ok(seen)
}

//! Driving `http` and `raw` steps.

use crate::client::{self, Ask, Credentials, Send};
use crate::drive::{Driver, Undriven};
use base64::Engine as _;
use std::time::Duration;
use twinproof_environment::{Contents, SnapshotLimits};
use twinproof_model::{Http, HttpExchange, Observation, Raw, RawExchange};

/// Bytes of a body that are kept where nothing asks for its text.
const GLANCE: u64 = 64 << 10;

impl Driver<'_> {
    /// Makes the request of an `http` step.
    pub fn http(&mut self, step: &Http, golden: bool) -> Result<Observation, Undriven> {
        let mut headers = Vec::new();
        for (name, value) in &step.headers {
            headers.push((name.clone(), self.scope().expand(value)?));
        }
        let captured = |what: &str| step.capture.values().any(|w| w == what);
        let text = step.body.is_some() || golden || captured("body");
        let identity = match (&step.cert, &step.key) {
            (Some(cert), Some(key)) => Some((self.file_of(cert)?, self.file_of(key)?)),
            _ => None,
        };
        let ca = step.ca.as_deref().map(|path| self.file_of(path)).transpose()?;
        let ask = Ask {
            method: step.method.clone().unwrap_or_else(|| "GET".to_owned()),
            url: self.scope().expand(&step.url)?,
            headers,
            version: step.http.unwrap_or_default(),
            times: step.times.unwrap_or(1),
            credentials: Credentials { ca, identity },
            limit: self.limit(step.timeout),
            keep: if text { self.context().output_limit } else { GLANCE },
            h1: step.h1.is_some() || captured("h1"),
        };
        let (seen, body) = client::exchange(&ask).map_err(Undriven::Broken)?;
        let body = body.map(|bytes| self.store(bytes)).transpose()?;
        let (url, count) = self.redact(&seen.url);
        self.redactions += count;
        let headers = self.redacted_variables(&seen.headers);
        Ok(Observation::Http(HttpExchange { url, headers, body, ..seen }))
    }

    /// Sends the bytes of a `raw` step.
    pub fn raw(&mut self, step: &Raw) -> Result<Observation, Undriven> {
        let bytes = match (&step.send, &step.base64) {
            (Some(text), _) => self.scope().expand(text)?.into_bytes(),
            (None, Some(encoded)) => base64::engine::general_purpose::STANDARD
                .decode(encoded)
                .map_err(|e| Undriven::Broken(format!("what is to be sent: {e}")))?,
            (None, None) => Vec::new(),
        };
        let ca = step.ca.as_deref().map(|path| self.file_of(path)).transpose()?;
        let answers = step.answers.map_or(1, |n| n.max(1));
        let sent = client::send(&Send {
            url: self.scope().expand(&step.url)?,
            piece: step.piece.map_or(bytes.len(), |n| usize::try_from(n).unwrap_or(usize::MAX)),
            bytes: bytes.clone(),
            pause: Duration::from_millis(step.pause_ms.unwrap_or_default().into()),
            half_close: step.half_close,
            enough: step.closed.is_none().then(|| usize::try_from(answers).unwrap_or(usize::MAX)),
            credentials: Credentials { ca, identity: None },
            limit: self.limit(step.timeout),
        });
        let glance = |mut bytes: Vec<u8>| {
            bytes.truncate(usize::try_from(GLANCE).unwrap_or(usize::MAX));
            bytes
        };
        let mut seen = RawExchange {
            address: sent.address,
            sent: Some(self.store(glance(bytes))?),
            received: Some(self.store(glance(sent.received))?),
            bytes: sent.bytes,
            answers: sent.answers,
            closed: sent.closed,
            timed_out: sent.timed_out,
            error: sent.error,
            ..RawExchange::default()
        };
        if let Some(first) = sent.first {
            seen.status = Some(first.status);
            seen.headers = self.redacted_variables(&first.headers);
            seen.body = Some(self.store(first.body)?);
        }
        Ok(Observation::Raw(seen))
    }

    /// The bytes of a file that a step names.
    fn file_of(&self, path: &str) -> Result<Vec<u8>, Undriven> {
        let path = self.path(path)?;
        let limits = SnapshotLimits { depth: 0, ..SnapshotLimits::default() };
        let entries = self.sandbox().entries(&path, Contents::Wanted, limits)?;
        let bytes = entries.into_iter().next().and_then(|entry| entry.bytes);
        bytes.ok_or_else(|| Undriven::Broken(format!("there is no file {path}")))
    }
}

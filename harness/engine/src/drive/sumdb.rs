//! Looks modules up in a checksum database, as a verifying client does.

use super::driver::Driver;
use super::error::StepError;
use crate::client::{Ask, Credentials, exchange};
use base64::Engine as _;
use std::time::Duration;
use twinproof_base::error_chain;
use twinproof_model::Template;
use twinproof_steps::{HttpVersion, SumdbAnswer, SumdbStep};
use twinproof_sumdb::client::{Client, Fetch, FetchError, LookupError, MAX_RESPONSE};

pub fn drive(driver: &mut Driver<'_>, step: &SumdbStep) -> Result<SumdbAnswer, StepError> {
    let url = driver.scope().expand(&step.url)?;
    let key = driver.scope().expand(&step.key)?;
    let expand = |text: &Option<Template>| text.as_ref().map(|t| driver.scope().expand(t));
    let module = expand(&step.module).transpose()?;
    let version = expand(&step.version).transpose()?;
    let limit = driver.limit(step.timeout);
    let base = url.trim_end_matches('/').to_owned();
    let store = driver.servers.databases.entry(key.clone()).or_default();
    let mut answer = SumdbAnswer { url, ..SumdbAnswer::default() };
    match Client::new(&key, Web { base, limit }, &*store) {
        Err(error) => answer.error = Some(format!("the key: {error}")),
        Ok(client) => {
            let asked = ask(&client, module.as_deref(), version.as_deref(), &mut answer);
            answer.error = asked.err().map(|e| error_chain(&e));
            // A head is only remembered once it is verified.
            let latest = twinproof_sumdb::client::Store::latest(store, client.database());
            let latest = latest.ok().flatten().unwrap_or_default();
            head(&latest, &mut answer);
        }
    }
    answer.url = driver.redactions.text(&answer.url);
    Ok(answer)
}

fn ask<F: Fetch, S: twinproof_sumdb::client::Store>(
    client: &Client<F, S>,
    module: Option<&str>,
    version: Option<&str>,
    answer: &mut SumdbAnswer,
) -> Result<(), LookupError> {
    match (module, version) {
        (Some(module), Some(version)) => {
            let mut lines = client.lookup(module, version)?;
            // As cmd/go does: a module's `go.mod` has a line of its own in the database.
            if !version.ends_with("/go.mod") {
                lines.extend(client.lookup(module, &format!("{version}/go.mod"))?);
            }
            answer.lines = Some(lines);
        }
        _ => _ = client.update_latest()?,
    }
    Ok(())
}

/// Size and hash of a tree head's note.
fn head(note: &[u8], answer: &mut SumdbAnswer) {
    let text = String::from_utf8_lossy(note);
    // The first line of a tree head's text is the name of the format; size and root hash follow.
    let mut lines = text.lines().skip(1);
    answer.size = lines.next().and_then(|line| line.parse().ok());
    answer.hash = lines.next().map(str::to_owned).filter(|hash| {
        base64::engine::general_purpose::STANDARD.decode(hash).is_ok_and(|h| h.len() == 32)
    });
}

/// Fetches below an address.
struct Web {
    base: String,
    limit: Duration,
}

impl Fetch for Web {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        let ask = Ask {
            method: "GET".to_owned(),
            url: format!("{}{path}", self.base),
            headers: Vec::new(),
            version: HttpVersion::One,
            times: 1,
            credentials: Credentials::default(),
            limit: self.limit,
            keep: MAX_RESPONSE as u64,
            h1: false,
        };
        let (seen, body) = exchange(&ask).map_err(FetchError::Transport)?;
        match (seen.status, seen.error) {
            (_, Some(error)) => Err(FetchError::Transport(error)),
            (Some(200), None) if seen.cut => {
                Err(FetchError::Transport(format!("an answer of more than {MAX_RESPONSE} bytes")))
            }
            (Some(200), None) => Ok(body.unwrap_or_default()),
            (Some(status), None) => Err(FetchError::from_status(status)),
            (None, None) => Err(FetchError::Transport("no answer".to_owned())),
        }
    }
}

//! `http`: makes a request as a client makes it.

use super::driver::Driver;
use super::error::StepError;
use crate::client::{self, Ask, Credentials};
use twinproof_steps::{Http, HttpExchange};

/// Bytes of a body that are kept where nothing asks for its text.
const GLANCE: u64 = 64 << 10;

/// Most redirects that are followed, as by the go command.
const MOST: usize = 10;

pub fn drive(driver: &mut Driver<'_>, step: &Http) -> Result<HttpExchange, StepError> {
    let headers = driver.scope().expand_all(&step.headers)?.into_iter().collect();
    let captured = |what: &str| step.capture.values().any(|w| w == what);
    let text = step.body.is_some() || driver.golden_reads("body") || captured("body");
    let identity = match (&step.cert, &step.key) {
        (Some(cert), Some(key)) => Some((driver.file(cert)?, driver.file(key)?)),
        _ => None,
    };
    let (url, ca, limit) = driver.connection(step.connection())?;
    let mut ask = Ask {
        method: step.method.clone().unwrap_or_else(|| "GET".to_owned()),
        url,
        headers,
        version: step.http.unwrap_or_default(),
        times: step.times.unwrap_or(1),
        credentials: Credentials { ca, identity },
        limit,
        keep: if text { driver.context().output_limit } else { GLANCE },
        h1: step.h1.is_some() || captured("h1"),
    };
    let (mut seen, mut body) = client::exchange(&ask).map_err(StepError::Broken)?;
    let url = driver.redactions.text(&seen.url);
    let mut redirects = Vec::new();
    if driver.subject().is_some_and(|subject| subject.declaration.redirects) {
        while let Some(next) = redirected(step, &ask.url, &seen).filter(|_| redirects.len() < MOST)
        {
            if authority(&next) != authority(&ask.url) {
                // Credentials for the proxy must not be sent to another server.
                ask.headers.retain(|(name, _)| {
                    !["authorization", "cookie"].iter().any(|own| name.eq_ignore_ascii_case(own))
                });
            }
            redirects.push(driver.redactions.text(&next));
            ask.url = next;
            (seen, body) = client::exchange(&ask).map_err(StepError::Broken)?;
        }
    }
    let body = body.map(|bytes| driver.store(bytes)).transpose()?;
    let headers = driver.redactions.variables(&seen.headers);
    Ok(HttpExchange { url, headers, body, redirects, ..seen })
}

/// The target of a redirect, unless the step asserts the status.
fn redirected(step: &Http, from: &str, seen: &HttpExchange) -> Option<String> {
    let status = seen.status.filter(|s| matches!(s, 301 | 302 | 303 | 307 | 308))?;
    // The redirect itself is what such a case is about.
    if step.status.as_ref().is_some_and(|wanted| wanted.all().contains(&status)) {
        return None;
    }
    let to = seen.headers.get("location")?;
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.clone());
    }
    let (scheme, _) = from.split_once("://")?;
    to.starts_with('/').then(|| format!("{scheme}://{}{to}", authority(from)))
}

/// Host and port of an address.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::redirected;
    use twinproof_steps::{Http, HttpExchange, StatusMatch};

    #[test]
    fn redirects_lead_to_addresses_and_to_paths() {
        let seen = |status, to: &str| HttpExchange {
            status: Some(status),
            headers: [("location".to_owned(), to.to_owned())].into(),
            ..HttpExchange::default()
        };
        let (step, from) = (Http::default(), "http://a:1/x");
        let to = |seen| redirected(&step, from, &seen);
        assert_eq!(to(seen(302, "/y")).as_deref(), Some("http://a:1/y"));
        assert_eq!(to(seen(307, "https://b/y")).as_deref(), Some("https://b/y"));
        assert_eq!(to(seen(200, "/y")), None);
        assert_eq!(to(seen(302, "y")), None);
        let asserted = Http { status: Some(StatusMatch::One(302)), ..Http::default() };
        assert_eq!(redirected(&asserted, from, &seen(302, "/y")), None);
    }
}

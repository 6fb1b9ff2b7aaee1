//! Classifies the HTTP client's errors.

use super::tls::RedirectError;
use crate::failure::{Failure, Reason};
use std::error::Error as _;

/// The failure for an error of the client. URLs, which may have passwords, are not in it.
pub(super) fn transport(from: &str, error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    let mut deepest = None;
    while let Some(error) = cause {
        if error.is::<RedirectError>() {
            return Failure::new(Reason::Upstream, format!("{from}: {error}"));
        }
        deepest = Some(error.to_string());
        cause = error.source();
    }
    if error.is_timeout() {
        return Failure::new(Reason::Timeout, format!("{from} took too long to answer"));
    }
    let what = if error.is_connect() { "cannot be reached" } else { "broke off" };
    let why = deepest.map(|why| format!(": {why}")).unwrap_or_default();
    Failure::new(Reason::Upstream, format!("{from} {what}{why}"))
}

//! The proxies behind this one: which are asked, in which order, and when the next one is.
//!
//! The list means what it means to `go`: after `,` the next entry is asked only when the answer was
//! "does not exist" (404, 410), after `|` whatever went wrong. `off` and `direct` end the list. As
//! this proxy runs no version control, `direct` finds nothing here, and `go` can do it by itself.

mod http;
mod reply;
mod tls;
mod transport;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use twinproof_gomod::goproxy::{End, Miss, ProxyList, ProxyUrl, Unfound, file_path};

pub(crate) use reply::{Reply, too_large};
pub use tls::TlsError;

use crate::failure::{Failure, Reason};
use crate::settings::{Authorization, Settings, Times, UpstreamTls};

/// An HTTP client with the certificates, time limits and redirects of a proxy's own.
///
/// # Errors
/// When certificates or keys cannot be used.
pub fn client(settings: &Settings) -> Result<reqwest::Client, TlsError> {
    tls::client(&settings.tls, &settings.times, &settings.redirects)
}

/// The upstreams.
pub(crate) struct Upstreams {
    list: ProxyList<Arc<Upstream>>,
    client: ArcSwap<reqwest::Client>,
    tls: UpstreamTls,
    times: Times,
    redirects: Vec<String>,
    authorization: Vec<Authorization>,
}

/// One of the upstreams.
#[derive(Debug)]
pub(crate) struct Upstream {
    place: Location,
    /// Its name in texts and logs: the URL without user and password.
    pub(crate) name: String,
}

#[derive(Debug)]
enum Location {
    /// URL without a slash at the end.
    Http(String),
    Folder(PathBuf),
}

/// An upstream list or its certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The list is not one.
    #[error("the upstream list: {0}")]
    List(#[from] twinproof_gomod::goproxy::ProxyListError),
    /// Credentials would go over the network in the clear.
    #[error("the upstream {0} has a user in it, which is sent over https only")]
    PlainUser(String),
    /// A URL is not usable.
    #[error("the upstream {0} has a query or a fragment")]
    Query(String),
    /// Credentials for something that is not https.
    #[error("credentials for {0}: they are sent over https only")]
    PlainAuthorization(String),
    /// Certificates or keys cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Upstreams {
    pub(crate) fn new(settings: &Settings) -> Result<Self, UpstreamError> {
        let list: ProxyList = settings.upstream.parse()?;
        let list = list.try_map(|url| Upstream::new(url).map(Arc::new))?;
        if let Some(plain) =
            // A plain URL would send the credential in the clear.
            settings.authorization.iter().find(|a| !a.prefix.starts_with("https://"))
        {
            return Err(UpstreamError::PlainAuthorization(plain.prefix.clone()));
        }
        let client = tls::client(&settings.tls, &settings.times, &settings.redirects)?;
        Ok(Self {
            list,
            client: ArcSwap::from_pointee(client),
            tls: settings.tls.clone(),
            times: settings.times,
            redirects: settings.redirects.clone(),
            authorization: settings.authorization.clone(),
        })
    }

    /// Reads certificates and keys again. On an error the old ones stay.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let client = tls::client(&self.tls, &self.times, &self.redirects)?;
        self.client.store(client.into());
        Ok(())
    }

    pub(crate) fn times(&self) -> Times {
        self.times
    }

    /// The reason why the list has no upstream, if it has none.
    pub(crate) fn absence(&self) -> Option<&'static str> {
        let none = self.list.proxies().next().is_none();
        none.then(|| why(self.list.end()).unwrap_or("it has no upstream"))
    }

    /// Asks one upstream after the other with `ask`, until one has `what`.
    pub(crate) async fn find<T, F>(
        &self,
        what: &str,
        ask: impl Fn(Arc<Upstream>) -> F,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut walk = self.list.walk();
        while let Some(upstream) = walk.next() {
            match ask(Arc::clone(upstream)).await {
                Ok(found) => return Ok(found),
                Err(failure) => walk.missed(miss(failure)),
            }
        }
        Err(not_found(what, walk.finish()))
    }
}

/// The consequence of a failure for the walk.
fn miss(failure: Failure) -> Miss<Failure> {
    match failure.reason {
        Reason::Security
        // Faults of this proxy, and findings about security, are not made better by asking the next
        // one.
        | Reason::Unconfirmed
        | Reason::Full
        | Reason::Store
        | Reason::Internal
        | Reason::Busy => Miss::Final(failure),
        _ if failure.is_not_found() => Miss::NotFound(failure),
        _ => Miss::Failed(failure),
    }
}

/// The reason to report when the list ends in `off` or `direct`.
fn why(end: End) -> Option<&'static str> {
    match end {
        End::Nothing => None,
        End::Off => Some("the upstream list of this proxy ends in off"),
        End::Direct => Some("this proxy runs no version control: direct is left to the go command"),
    }
}

/// The failure when no upstream had the file.
fn not_found(what: &str, unfound: Unfound<Failure>) -> Failure {
    let end = unfound.end.and_then(why);
    match (unfound.miss, end) {
        (Some(Miss::NotFound(failure)), Some(end)) => {
            Failure::not_found(format!("{}\n{end}", failure.text.trim_end()))
        }
        (Some(Miss::NotFound(failure) | Miss::Failed(failure) | Miss::Final(failure)), _) => {
            failure
        }
        (None, Some(end)) => Failure::not_found(format!("not found: {what}: {end}")),
        (None, None) => Failure::not_found(format!("not found: {what}")),
    }
}

impl Upstream {
    fn new(url: &ProxyUrl) -> Result<Self, UpstreamError> {
        // The same rule as cmd/go's: user info in a URL is refused on plain http.
        if url.sends_user_in_clear() {
            return Err(UpstreamError::PlainUser(url.to_string()));
        }
        let base = url.base();
        let place = match file_path(base) {
            Some(folder) => Location::Folder(folder),
            None if base.contains(['?', '#']) => {
                return Err(UpstreamError::Query(url.to_string()));
            }
            None => Location::Http(base.to_owned()),
        };
        Ok(Self { place, name: url.name() })
    }
}

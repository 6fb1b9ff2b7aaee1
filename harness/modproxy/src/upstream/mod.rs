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

use arc_swap::ArcSwap;
use twinproof_gomod::goproxy::{FallBack, Proxy, ProxyList, ProxyUrl, Scheme};

pub(crate) use reply::{Reply, too_large};
pub use tls::TlsError;

use crate::failure::{Failure, Reason};
use crate::settings::{Authorization, Settings, Times, UpstreamTls};

/// The upstreams, in order.
pub(crate) struct Upstreams {
    entries: Vec<Upstream>,
    end: End,
    client: ArcSwap<reqwest::Client>,
    tls: UpstreamTls,
    times: Times,
    authorization: Vec<Authorization>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    place: Place,
    fall_back: FallBack,
    /// What it is called in texts and logs: without user and password.
    pub(crate) name: String,
}

#[derive(Clone, Debug)]
enum Place {
    /// URL without a slash at the end.
    Http(String),
    Folder(PathBuf),
}

/// What ends the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Nothing,
    Off,
    Direct,
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
        let mut entries = Vec::new();
        let mut end = End::Nothing;
        for entry in list.entries() {
            match &entry.proxy {
                Proxy::Url(url) => entries.push(Upstream::new(url, entry.fall_back)?),
                Proxy::Direct => end = End::Direct,
                Proxy::Off => end = End::Off,
            }
        }
        if let Some(plain) =
            settings.authorization.iter().find(|a| !a.prefix.starts_with("https://"))
        {
            return Err(UpstreamError::PlainAuthorization(plain.prefix.clone()));
        }
        let client = tls::client(&settings.tls, &settings.times)?;
        Ok(Self {
            entries,
            end,
            client: ArcSwap::from_pointee(client),
            tls: settings.tls.clone(),
            times: settings.times,
            authorization: settings.authorization.clone(),
        })
    }

    /// Reads certificates and keys again. On an error the old ones stay.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        self.client.store(tls::client(&self.tls, &self.times)?.into());
        Ok(())
    }

    pub(crate) fn times(&self) -> Times {
        self.times
    }

    /// Begins to go through the list.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk { upstreams: self, next: 0, best: None, stopped: false }
    }
}

impl Upstream {
    fn new(url: &ProxyUrl, fall_back: FallBack) -> Result<Self, UpstreamError> {
        let name = url.to_string();
        let place = match url.scheme() {
            Scheme::File => Place::Folder(folder(url.base())),
            scheme => {
                let base = url.base();
                let authority = base.split('/').nth(2).unwrap_or_default();
                if scheme == Scheme::Http && authority.contains('@') {
                    return Err(UpstreamError::PlainUser(name));
                }
                if base.contains(['?', '#']) {
                    return Err(UpstreamError::Query(name));
                }
                Place::Http(base.to_owned())
            }
        };
        // Not even the user's name belongs into texts that others read.
        let name = match (name.split_once("://"), name.contains('@')) {
            (Some((scheme, rest)), true) => {
                format!("{scheme}://{}", rest.split_once('@').map_or(rest, |(_, host)| host))
            }
            _ => name,
        };
        Ok(Self { place, fall_back, name })
    }
}

/// The folder that a `file` URL means.
fn folder(url: &str) -> PathBuf {
    let path = url.split_once(':').map_or(url, |(_, path)| path);
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned();
    // Windows: file:///C:/folder.
    let drive = path.as_bytes().get(2) == Some(&b':') && cfg!(windows);
    PathBuf::from(if drive { path.get(1..).unwrap_or_default() } else { &path })
}

/// A walk through the list, for one file.
pub(crate) struct Walk<'a> {
    upstreams: &'a Upstreams,
    next: usize,
    best: Option<Failure>,
    stopped: bool,
}

impl<'a> Walk<'a> {
    /// The next one to ask.
    pub(crate) fn next(&mut self) -> Option<&'a Upstream> {
        if self.stopped {
            return None;
        }
        let upstream = self.upstreams.entries.get(self.next)?;
        self.next += 1;
        Some(upstream)
    }

    /// The last one has failed.
    pub(crate) fn failed(&mut self, upstream: &Upstream, failure: Failure) {
        let final_word = matches!(
            failure.reason,
            Reason::Security
                | Reason::Unconfirmed
                | Reason::Full
                | Reason::Store
                | Reason::Internal
                | Reason::Busy
        );
        self.stopped = final_word || !upstream.fall_back.applies(failure.is_not_found());
        // What went wrong says more than that something is not there.
        if self.best.as_ref().is_none_or(|best| best.is_not_found() && !failure.is_not_found())
            || final_word
        {
            self.best = Some(failure);
        }
    }

    /// What to say when all have failed.
    pub(crate) fn end(self, what: &str) -> Failure {
        let end = match self.upstreams.end {
            _ if self.stopped => None,
            End::Nothing => None,
            End::Off => Some("the upstream list of this proxy ends in off"),
            End::Direct => {
                Some("this proxy runs no version control: direct is left to the go command")
            }
        };
        match (self.best, end) {
            (Some(best), Some(end)) if best.is_not_found() => {
                Failure::not_found(format!("{}\n{end}", best.text.trim_end()))
            }
            (Some(best), _) => best,
            (None, Some(end)) => Failure::not_found(format!("not found: {what}: {end}")),
            (None, None) => Failure::not_found(format!("not found: {what}")),
        }
    }
}

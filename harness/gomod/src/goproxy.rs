//! Lists of proxies, as the setting GOPROXY has them.
//!
//! Entries are URLs or one of the words `off` and `direct`, each followed by `,` or `|` or the end:
//!
//! ```text
//! https://corp.example/goproxy|https://mirror.example,direct
//! ```
//!
//! They are asked in order. After `,` the next one is asked only when the answer was "does not
//! exist" (404 or 410), after `|` whatever went wrong. `off` refuses and `direct` goes to the
//! repositories themselves; both end the list, and what stands behind is not read. White space
//! around entries and empty entries are dropped, but a list of nothing else is an error.
//!
//! A URL has the scheme `https`, `http` or `file`; one with `file` has nothing but a path. A text
//! with a dot, a colon or a slash that has no `:/` in it and is no absolute path gets `https://` in
//! front. Any other word is refused: those are kept for later meanings.
//!
//! Errors are worded as cmd/go words them, passwords masked.
//!
//! Source: `proxyList` and `newProxyRepo` in `cmd/go/internal/modfetch/proxy.go`.

mod url;

pub use url::{ProxyUrl, Scheme, UrlError};

use std::fmt;
use std::str::FromStr;

/// A GOPROXY list, with at least one entry. `Display` gives a list that reads the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyList {
    entries: Vec<Entry>,
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whom to ask.
    pub proxy: Proxy,
    /// When to go on to the next entry.
    pub fall_back: FallBack,
}

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// A proxy.
    Url(ProxyUrl),
    /// The repositories themselves.
    Direct,
    /// Nobody: every request fails.
    Off,
}

/// When to go on to the next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallBack {
    /// When the answer is "does not exist": the entry is followed by `,` or by nothing.
    NotFound,
    /// Whatever goes wrong: the entry is followed by `|`.
    AnyError,
}

impl FallBack {
    /// Whether to go on after a failure, which is "does not exist" (404, 410) or something else.
    #[must_use]
    pub fn applies(self, does_not_exist: bool) -> bool {
        does_not_exist || self == Self::AnyError
    }

    /// Whether to go on after an answer with this status.
    #[must_use]
    pub fn applies_to_status(self, status: u16) -> bool {
        status != 200 && self.applies(matches!(status, 404 | 410))
    }
}

/// A list that cmd/go refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyListError {
    /// There are only separators and white space.
    #[error("GOPROXY list is not the empty string, but contains no entries")]
    NoEntries,
    /// An entry is not a URL of a proxy.
    #[error(transparent)]
    Url(#[from] UrlError),
}

impl ProxyList {
    /// The entries, in order. `off` and `direct` can only be the last.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl FromStr for ProxyList {
    type Err = ProxyListError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let mut entries = Vec::new();
        for piece in list.split_inclusive([',', '|']) {
            let fall_back =
                if piece.ends_with('|') { FallBack::AnyError } else { FallBack::NotFound };
            let proxy = match piece.strip_suffix([',', '|']).unwrap_or(piece).trim() {
                "" => continue,
                "off" => Proxy::Off,
                "direct" => Proxy::Direct,
                text => Proxy::Url(ProxyUrl::parse(text)?),
            };
            if !matches!(proxy, Proxy::Url(_)) {
                entries.push(Entry { proxy, fall_back: FallBack::NotFound });
                break;
            }
            entries.push(Entry { proxy, fall_back });
        }
        if entries.is_empty() {
            return Err(ProxyListError::NoEntries);
        }
        Ok(Self { entries })
    }
}

impl fmt::Display for ProxyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, entry) in self.entries.iter().enumerate() {
            match &entry.proxy {
                Proxy::Url(url) => f.write_str(url.as_str())?,
                Proxy::Direct => f.write_str("direct")?,
                Proxy::Off => f.write_str("off")?,
            }
            if entry.fall_back == FallBack::AnyError {
                f.write_str("|")?;
            } else if i + 1 < self.entries.len() {
                f.write_str(",")?;
            }
        }
        Ok(())
    }
}

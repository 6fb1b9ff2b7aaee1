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
//! [`ProxyList::walk`] is the one walk over a list, for callers that wait and for those that do not;
//! [`ProxyList::find`] asks the whole list with a function that waits.
//!
//! Errors are worded as cmd/go words them, passwords masked.
//!
//! Source: `proxyList` and `newProxyRepo` in `cmd/go/internal/modfetch/proxy.go`.

mod url;
mod walk;

pub use url::{ProxyUrl, Scheme, UrlError, file_path, has_user, without_user};
pub use walk::{Miss, Unfound, Walk};

use std::fmt;
use std::str::FromStr;

/// Go's own default.
pub const DEFAULT: &str = "https://proxy.golang.org,direct";

/// A GOPROXY list, with at least one entry or an end. `Display` gives a list that reads the same.
///
/// `P` is what stands for a proxy: its URL, or what a program made of it ([`ProxyList::try_map`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyList<P = ProxyUrl> {
    proxies: Vec<(P, FallBack)>,
    end: End,
}

/// The end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last proxy.
    Nothing,
    /// `direct`: the repositories themselves.
    Direct,
    /// `off`: nothing else may be asked.
    Off,
}

/// When to go on to the next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallBack {
    /// When the answer is "does not exist": the entry is followed by `,` or by nothing.
    NotFound,
    /// On any error: the entry is followed by `|`.
    AnyError,
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

impl<P> ProxyList<P> {
    /// The proxies, in the order in which they are asked.
    pub fn proxies(&self) -> impl Iterator<Item = &P> {
        self.proxies.iter().map(|(proxy, _)| proxy)
    }

    /// The end of the list.
    #[must_use]
    pub fn end(&self) -> End {
        self.end
    }

    /// The same list of something that is made of each proxy.
    ///
    /// # Errors
    /// The first that `make` gives.
    pub fn try_map<Q, E>(
        &self,
        mut make: impl FnMut(&P) -> Result<Q, E>,
    ) -> Result<ProxyList<Q>, E> {
        let proxies = self.proxies.iter().map(|(proxy, fall_back)| Ok((make(proxy)?, *fall_back)));
        Ok(ProxyList { proxies: proxies.collect::<Result<_, E>>()?, end: self.end })
    }
}

impl FromStr for ProxyList {
    type Err = ProxyListError;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let mut read = Self { proxies: Vec::new(), end: End::Nothing };
        for piece in list.split_inclusive([',', '|']) {
            let fall_back =
                if piece.ends_with('|') { FallBack::AnyError } else { FallBack::NotFound };
            match piece.strip_suffix([',', '|']).unwrap_or(piece).trim() {
                "" => continue,
                "off" => read.end = End::Off,
                "direct" => read.end = End::Direct,
                text => read.proxies.push((ProxyUrl::parse(text)?, fall_back)),
            }
            if read.end != End::Nothing {
                return Ok(read);
            }
        }
        if read.proxies.is_empty() { Err(ProxyListError::NoEntries) } else { Ok(read) }
    }
}

impl fmt::Display for ProxyList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.end {
            End::Nothing => "",
            End::Direct => "direct",
            End::Off => "off",
        };
        for (i, (url, fall_back)) in self.proxies.iter().enumerate() {
            let is_last = i + 1 == self.proxies.len() && end.is_empty();
            f.write_str(url.as_str())?;
            f.write_str(match fall_back {
                FallBack::AnyError => "|",
                FallBack::NotFound if is_last => "",
                FallBack::NotFound => ",",
            })?;
        }
        f.write_str(end)
    }
}

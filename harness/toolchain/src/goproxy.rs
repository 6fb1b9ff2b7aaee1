//! GOPROXY lists: what they mean, and which one is in force.
//!
//! A list is URLs parted by `,` (go on when the answer is 404 or 410) or `|` (go on after any
//! error); `off` and `direct` end it. `direct` means version control, which has no toolchains, so
//! it ends the list here too. Source: <https://go.dev/ref/mod#goproxy-protocol>, `proxyList` in
//! `cmd/go/internal/modfetch/proxy.go`.
//!
//! It makes no requests.

use std::fmt;

/// Go's own default.
pub const DEFAULT_GOPROXY: &str = "https://proxy.golang.org,direct";

/// One entry of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    /// The URL without a slash at its end: `http`, `https` or `file`. It may hold a password:
    /// [`Origin`]'s `Display` leaves that out.
    pub url: String,
    /// Whether the next entry is asked after *any* error (`|`), not just after 404 and 410.
    pub any_error_falls_through: bool,
}

impl Origin {
    /// The URL of `path` (which begins with a slash) below this origin.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_user_info(&self.url))
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}{}", if self.any_error_falls_through { "|" } else { "," })
    }
}

/// `url` with whatever stands before an `@` in its authority replaced, so that it can be shown.
#[must_use]
pub fn without_user_info(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}{path}"),
        None => url.to_owned(),
    }
}

/// A parsed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyList {
    /// In the order in which they are asked.
    pub origins: Vec<Origin>,
    /// What ends the list.
    pub end: End,
}

/// What ends a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `off`: nothing may be fetched.
    Off,
    /// `direct`: the origin itself.
    Direct,
    /// Neither was written.
    None,
}

/// The text is not a GOPROXY list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseProxyListError {
    /// It has no entry at all.
    #[error("the GOPROXY list has no entry")]
    Empty,
    /// An entry is none of the kinds there are.
    #[error(
        "{0:?} in the GOPROXY list is neither a URL with http, https or file, nor off, nor direct"
    )]
    Entry(String),
}

impl ProxyList {
    /// Parses a list. Entries after `off` or `direct` are not read, as in cmd/go.
    ///
    /// # Errors
    /// See [`ParseProxyListError`].
    pub fn parse(text: &str) -> Result<Self, ParseProxyListError> {
        let mut list = Self { origins: Vec::new(), end: End::None };
        let mut rest = text;
        while !rest.is_empty() {
            let at = rest.find([',', '|']).unwrap_or(rest.len());
            let (entry, tail) = rest.split_at(at);
            let any_error_falls_through = tail.starts_with('|');
            rest = tail.get(1..).unwrap_or_default();
            match entry.trim() {
                "" => {}
                "off" => {
                    list.end = End::Off;
                    return Ok(list);
                }
                "direct" => {
                    list.end = End::Direct;
                    return Ok(list);
                }
                url => list.origins.push(Origin {
                    url: check_url(url)?.trim_end_matches('/').to_owned(),
                    any_error_falls_through,
                }),
            }
        }
        if list.origins.is_empty() { Err(ParseProxyListError::Empty) } else { Ok(list) }
    }
}

/// Adds `https://` where a host alone was written, as cmd/go does; refuses other schemes.
fn check_url(entry: &str) -> Result<String, ParseProxyListError> {
    let url = if entry.contains("://") { entry.to_owned() } else { format!("https://{entry}") };
    let bad = || ParseProxyListError::Entry(without_user_info(entry));
    let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
    let plain = !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    if matches!(scheme, "http" | "https" | "file") && plain { Ok(url) } else { Err(bad()) }
}

/// Where the list in force comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxySource {
    /// The environment variable GOPROXY.
    Environment,
    /// The settings of the go command on PATH.
    GoEnv,
    /// Go's default: there is no go command on PATH.
    Default,
}

/// The list in force and where it comes from: the environment's GOPROXY unless it is empty, else
/// what the go command on PATH has in its settings (asked by `ask_go`), else Go's default.
///
/// # Errors
/// When the text in force is not a list.
pub fn in_force(
    environment: Option<&str>,
    ask_go: impl FnOnce() -> Option<String>,
) -> Result<(ProxyList, ProxySource), ParseProxyListError> {
    let (text, source) = match environment.filter(|text| !text.is_empty()) {
        Some(text) => (text.to_owned(), ProxySource::Environment),
        None => match ask_go().filter(|text| !text.is_empty()) {
            Some(text) => (text, ProxySource::GoEnv),
            None => (DEFAULT_GOPROXY.to_owned(), ProxySource::Default),
        },
    };
    ProxyList::parse(&text).map(|list| (list, source))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://a.example/,direct", "[https://a.example,] Direct")]
    #[case(
        "https://a.example|http://b.example/go,off,c.example",
        "[https://a.example|, http://b.example/go,] Off"
    )]
    #[case("a.example", "[https://a.example,] None")]
    #[case(",,file:///srv/go", "[file:///srv/go,] None")]
    #[case("off", "[] Off")]
    #[case("https://me:secret@a.example", "[https://***@a.example,] None")]
    fn lists(#[case] text: &str, #[case] shown: &str) {
        let list = ProxyList::parse(text).unwrap();
        assert_eq!(format!("{:?} {:?}", list.origins, list.end), shown);
    }

    #[rstest]
    #[case("", "the GOPROXY list has no entry")]
    #[case(",|", "the GOPROXY list has no entry")]
    #[case(
        "ftp://a.example",
        "\"ftp://a.example\" in the GOPROXY list is neither a URL with http, https or file, nor off, nor direct"
    )]
    #[case(
        "ftp://u:p@a",
        "\"ftp://***@a\" in the GOPROXY list is neither a URL with http, https or file, nor off, nor direct"
    )]
    fn errors(#[case] text: &str, #[case] message: &str) {
        assert_eq!(ProxyList::parse(text).unwrap_err().to_string(), message);
    }

    #[rstest]
    #[case(
        Some("https://e.example"),
        Some("https://g.example"),
        "https://e.example",
        ProxySource::Environment
    )]
    #[case(Some(""), Some("https://g.example"), "https://g.example", ProxySource::GoEnv)]
    #[case(None, None, "https://proxy.golang.org", ProxySource::Default)]
    fn what_is_in_force(
        #[case] environment: Option<&str>,
        #[case] go: Option<&str>,
        #[case] first: &str,
        #[case] source: ProxySource,
    ) {
        let (list, from) = in_force(environment, || go.map(str::to_owned)).unwrap();
        assert_eq!((list.origins[0].url.as_str(), from), (first, source));
    }
}

//! The URL of a proxy: as much of a URL as the checks of a GOPROXY list need.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

/// The URL of a proxy. `Debug` and `Display` mask the password; [`ProxyUrl::as_str`] does not.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    text: String,
    scheme: Scheme,
}

/// The scheme of a proxy's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP.
    Http,
    /// Files laid out as a proxy serves them.
    File,
}

/// A text is not the URL of a proxy. Passwords are masked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The text is not a URL.
    #[error("parse {text:?}: {reason}")]
    Malformed {
        /// The text.
        text: String,
        /// The mistake, in words.
        reason: String,
    },
    /// The URL has no scheme: the text is a word that means nothing, or an absolute path.
    #[error("invalid proxy URL missing scheme: {0}")]
    MissingScheme(String),
    /// The scheme is not `https`, `http` or `file`.
    #[error("invalid proxy URL scheme (must be https, http, file): {0}")]
    Scheme(String),
    /// A `file` URL has a host, a user, a query or a fragment.
    #[error("invalid file:// proxy URL with non-path elements: {0}")]
    FileWithMore(String),
}

impl ProxyUrl {
    /// Reads an entry of a list, which may lack `https://`.
    ///
    /// # Errors
    /// When cmd/go would refuse it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let bare = text.contains(['.', ':', '/']) && !text.contains(":/") && !text.starts_with('/');
        let text = if bare { format!("https://{text}") } else { text.to_owned() };
        let masked = || mask(&text);
        let malformed =
            |reason: &str| UrlError::Malformed { text: masked(), reason: reason.to_owned() };
        if text.chars().any(|c| c.is_ascii_control()) {
            return Err(malformed("net/url: invalid control character in URL"));
        }
        let (scheme, rest) = match split_scheme(&text) {
            Ok(split) => split,
            Err(reason) => return Err(malformed(reason)),
        };
        let (before, fragment) = rest.split_once('#').map_or((rest, None), |(b, f)| (b, Some(f)));
        let (hierarchy, query) =
            before.split_once('?').map_or((before, None), |(b, q)| (b, Some(q)));
        let (authority, path) = match hierarchy.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            None => ("", hierarchy),
        };
        if let Some(reason) = wrong_authority(authority).or_else(|| wrong_escape(path)) {
            return Err(malformed(&reason));
        }
        let scheme = match &*scheme.to_ascii_lowercase() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "file" => Scheme::File,
            "" => return Err(UrlError::MissingScheme(masked())),
            _ => return Err(UrlError::Scheme(masked())),
        };
        let opaque = !hierarchy.is_empty() && !hierarchy.starts_with('/');
        let more = !authority.is_empty() || query.is_some() || fragment.is_some() || opaque;
        if scheme == Scheme::File && more {
            return Err(UrlError::FileWithMore(masked()));
        }
        Ok(Self { text, scheme })
    }

    /// The URL with all that is in it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme of the URL.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The URL without one slash at its end: what a request's path is appended to.
    #[must_use]
    pub fn base(&self) -> &str {
        self.text.strip_suffix('/').unwrap_or(&self.text)
    }

    /// The proxy's name for texts that others read: the URL without user and password.
    #[must_use]
    pub fn name(&self) -> String {
        without_user(&self.text)
    }

    /// Whether a user, and a password with it, would be sent in the clear.
    #[must_use]
    pub fn sends_user_in_clear(&self) -> bool {
        self.scheme == Scheme::Http && has_user(&self.text)
    }
}

/// The authority of a URL and where it begins.
fn authority(url: &str) -> Option<(usize, &str)> {
    let start = url.find("//")? + 2;
    Some((start, url.get(start..)?.split(['/', '?', '#']).next()?))
}

/// Whether a URL has a user in it.
#[must_use]
pub fn has_user(url: &str) -> bool {
    authority(url).is_some_and(|(_, authority)| authority.contains('@'))
}

/// A URL without user and password, to be shown.
#[must_use]
pub fn without_user(url: &str) -> String {
    match authority(url).and_then(|(start, text)| Some((start, text.rfind('@')?))) {
        Some((start, at)) => {
            let (before, rest) = url.split_at(start);
            format!("{before}{}", rest.get(at + 1..).unwrap_or_default())
        }
        None => url.to_owned(),
    }
}

/// The file that a `file` URL names; `None` for other URLs.
#[must_use]
pub fn file_path(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("file:")?;
    let path = percent_decode_str(path.strip_prefix("//").unwrap_or(path)).decode_utf8_lossy();
    // Windows: file:///C:/folder.
    let has_drive = cfg!(windows) && path.as_bytes().get(2) == Some(&b':');
    Some(PathBuf::from(if has_drive { path.get(1..).unwrap_or_default() } else { &path }))
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.text))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({:?})", mask(&self.text))
    }
}

fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .unwrap_or(text.len());
    match text.split_at(end) {
        ("", rest) if rest.starts_with(':') => Err("missing protocol scheme"),
        (scheme, rest)
            if rest.starts_with(':') && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Ok((scheme, rest.get(1..).unwrap_or_default()))
        }
        _ if text.split('/').next().is_some_and(|first| first.contains(':')) => {
            Err("first path segment in URL cannot contain colon")
        }
        _ => Ok(("", text)),
    }
}

/// The mistake in `[user[:password]@]host[:port]`, if there is one.
fn wrong_authority(authority: &str) -> Option<String> {
    // A password may have an `@`: the last one divides, as in Go's net/url.
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
    if let Some(user) = user {
        if let Some(reason) = wrong_escape(user) {
            return Some(reason);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%".contains(c);
        if !user.chars().all(allowed) {
            return Some("net/url: invalid userinfo".to_owned());
        }
    }
    let (name, port) = match host.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((name, port))) => (name, port),
        Some(None) => return Some("missing ']' in host".to_owned()),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let digits = port.strip_prefix(':').unwrap_or_default();
    if !port.is_empty() && (port == digits || !digits.bytes().all(|b| b.is_ascii_digit())) {
        return Some(format!("invalid port {port:?} after host"));
    }
    let wrong = name.chars().find(|c| " \"<>\\^`{|}".contains(*c))?;
    Some(format!("invalid character {:?} in host name", wrong.to_string()))
}

/// A percent sign that two hexadecimal digits do not follow.
fn wrong_escape(text: &str) -> Option<String> {
    text.match_indices('%').find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let escape: String = rest.chars().take(3).collect();
        let valid = escape.len() == 3 && escape.bytes().skip(1).all(|b| b.is_ascii_hexdigit());
        (!valid).then(|| format!("invalid URL escape {escape:?}"))
    })
}

/// The text with the password in front of the host as `xxxxx`.
fn mask(text: &str) -> String {
    // As Go's `URL.Redacted` writes it.
    let password = authority(text).and_then(|(start, authority)| {
        let (user, _) = authority.rsplit_once('@')?;
        Some((start + user.find(':')? + 1, start + user.len()))
    });
    match password.and_then(|(start, end)| Some((text.get(..start)?, text.get(end..)?))) {
        Some((before, behind)) => format!("{before}xxxxx{behind}"),
        None => text.to_owned(),
    }
}

//! Decodes a target into a request.

use crate::escape::{is_canonical_version, unescape_path, unescape_version};

use super::{MAX_ELEMENT, MAX_TARGET, Request, RequestError, sumdb};

impl Request {
    /// Reads the target of a request line.
    ///
    /// # Errors
    /// With the reason to refuse it; [`RequestError::status`] tells with which status.
    pub fn decode(target: impl AsRef<[u8]>) -> Result<Self, RequestError> {
        decode(target.as_ref())
    }
}

fn decode(target: &[u8]) -> Result<Request, RequestError> {
    if target.len() > MAX_TARGET {
        return Err(RequestError::TooLong);
    }
    let path = target.strip_prefix(b"/").ok_or(RequestError::NotAPath)?;
    let path = percent_decode(path)?;
    if path.is_empty() {
        return Err(RequestError::NoSuchPath);
    }
    for element in path.split('/') {
        match element {
            "" => return Err(RequestError::EmptyElement),
            "." | ".." => return Err(RequestError::DotElement(element.to_owned())),
            _ if element.len() > MAX_ELEMENT => return Err(RequestError::LongElement),
            _ => {}
        }
    }
    // A module path has a dot in its first element, so none begins with this.
    if let Some(path) = path.strip_prefix("sumdb/") {
        return sumdb::decode(path);
    }
    if let Some(module) = path.strip_suffix("/@latest") {
        return Ok(Request::Latest { module: unescape_path(module)? });
    }
    // No module path has an `@`, so that the first one divides.
    let (module, file) = path.split_once("/@v/").ok_or(RequestError::NoSuchPath)?;
    if file == "list" {
        return Ok(Request::List { module: unescape_path(module)? });
    }
    let (version, kind) = file.rsplit_once('.').ok_or(RequestError::NoSuchPath)?;
    if !matches!(kind, "info" | "mod" | "zip") {
        return Err(RequestError::NoSuchPath);
    }
    let module = unescape_path(module)?;
    let version = unescape_version(version)?;
    if kind != "info" && !is_canonical_version(&version) {
        return Err(RequestError::NotCanonical(version));
    }
    Ok(match kind {
        "mod" => Request::Mod { module, version },
        "zip" => Request::Zip { module, version },
        _ => Request::Info { module, version },
    })
}

fn percent_decode(path: &[u8]) -> Result<String, RequestError> {
    let mut out = String::with_capacity(path.len());
    let mut bytes = path.iter().copied();
    while let Some(byte) = bytes.next() {
        let (byte, escaped) = if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
            match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => {
                    (u8::try_from(high << 4 | low).unwrap_or_default(), true)
                }
                _ => return Err(RequestError::PercentEscape),
            }
        } else {
            (byte, false)
        };
        match byte {
            b'?' if !escaped => return Err(RequestError::Query),
            b'#' if !escaped => return Err(RequestError::Fragment),
            b'\\' => return Err(RequestError::HiddenSlash),
            // `%2F` would be a separator for one server on the way, and part of a name for the
            // next.
            b'/' if escaped => return Err(RequestError::HiddenSlash),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => return Err(RequestError::Byte(byte)),
        }
    }
    Ok(out)
}

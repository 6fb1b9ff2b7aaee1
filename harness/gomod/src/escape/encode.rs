//! The `!x` spelling.

use super::EscapeError;
use super::path::{Kind, check_element, check_path};

/// The escaped form of a module path.
///
/// # Errors
/// When the path is not valid.
pub fn escape_path(path: &str) -> Result<String, EscapeError> {
    check_path(path)?;
    Ok(escape(path))
}

/// The escaped form of a version.
///
/// # Errors
/// When the version is not an element of a file path, is not ASCII, or has an exclamation mark.
pub fn escape_version(version: &str) -> Result<String, EscapeError> {
    check_version_element(version)?;
    Ok(escape(version))
}

/// The module path that `escaped` spells.
///
/// # Errors
/// When it is not an escaped form, or the path is not valid.
pub fn unescape_path(escaped: &str) -> Result<String, EscapeError> {
    let path = unescape(escaped)?;
    check_path(&path)?;
    Ok(path)
}

/// The version that `escaped` spells.
///
/// # Errors
/// When it is not an escaped form, or the version is not an element of a file path.
pub fn unescape_version(escaped: &str) -> Result<String, EscapeError> {
    let version = unescape(escaped)?;
    check_version_element(&version)?;
    Ok(version)
}

fn check_version_element(version: &str) -> Result<(), EscapeError> {
    let fail = |reason| EscapeError::Version { version: version.to_owned(), reason };
    // Non-ASCII letters may pass here: the next check refuses them all.
    check_element(version, Kind::File, char::is_alphabetic).map_err(fail)?;
    if version.contains('!') || !version.is_ascii() {
        return Err(fail("it has an exclamation mark or is not ASCII".to_owned()));
    }
    Ok(())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn unescape(escaped: &str) -> Result<String, EscapeError> {
    let fail = || EscapeError::Escape(escaped.to_owned());
    let mut out = String::with_capacity(escaped.len());
    let mut chars = escaped.chars();
    while let Some(c) = chars.next() {
        match c {
            '!' => match chars.next() {
                Some(letter @ 'a'..='z') => out.push(letter.to_ascii_uppercase()),
                _ => return Err(fail()),
            },
            'A'..='Z' => return Err(fail()),
            _ if !c.is_ascii() => return Err(fail()),
            _ => out.push(c),
        }
    }
    Ok(out)
}

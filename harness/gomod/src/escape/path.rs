//! The rules for module paths.

use super::EscapeError;

/// The set of rules that a path element must follow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    File,
}

/// Checks that `path` is a valid module path.
///
/// # Errors
/// [`EscapeError::Path`] with the rule it breaks.
pub fn check_path(path: &str) -> Result<(), EscapeError> {
    check(path).map_err(|reason| EscapeError::Path { path: path.to_owned(), reason })
}

fn check(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("empty string".to_owned());
    }
    // A command line would take it for an option.
    if path.starts_with('-') {
        return Err("leading dash".to_owned());
    }
    for element in path.split('/') {
        check_element(element, Kind::Module, char::is_alphabetic)?;
    }
    let first = path.split('/').next().unwrap_or_default();
    if !first.contains('.') {
        return Err("missing dot in first path element".to_owned());
    }
    if let Some(c) = first.chars().find(|c| !matches!(c, '-' | '.' | '0'..='9' | 'a'..='z')) {
        return Err(format!("invalid char {c:?} in first path element"));
    }
    match split_path_version(path) {
        Some(_) => Ok(()),
        None => Err("invalid major version at its end".to_owned()),
    }
}

/// Device names that Windows reserves, whatever the extension and the case.
// As in `module.CheckPath` of golang.org/x/mod, so that a module can be unpacked on Windows.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8",
    "com9", "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Checks that `path` can be the path of a file in a module: elements parted by slashes, of letters
/// of any script, ASCII digits, spaces and ``!#$%&()+,-.=@[]^_{}~``, none of which ends in a dot or is
/// a name that Windows reserves.
///
/// The caller decides which characters beyond ASCII are letters, since that depends on the version
/// of Unicode.
///
/// # Errors
/// [`EscapeError::FilePath`] with the rule it breaks.
pub fn check_file_path(path: &str, is_letter: impl Fn(char) -> bool) -> Result<(), EscapeError> {
    path.split('/')
        .try_for_each(|element| check_element(element, Kind::File, &is_letter))
        .map_err(|reason| EscapeError::FilePath { path: path.to_owned(), reason })
}

/// Checks one element; the error is the rule it breaks.
pub(super) fn check_element(
    element: &str,
    kind: Kind,
    is_letter: impl Fn(char) -> bool,
) -> Result<(), String> {
    if element.is_empty() {
        return Err("empty path element".to_owned());
    }
    if element.bytes().all(|b| b == b'.') {
        return Err(format!("invalid path element {element:?}"));
    }
    if kind == Kind::Module && element.starts_with('.') {
        return Err("leading dot in path element".to_owned());
    }
    if element.ends_with('.') {
        return Err("trailing dot in path element".to_owned());
    }
    let allowed = |c: char| match kind {
        Kind::Module => c.is_ascii_alphanumeric() || "-._~".contains(c),
        Kind::File if c.is_ascii() => {
            c.is_ascii_alphanumeric() || "!#$%&()+,-.=@[]^_{}~ ".contains(c)
        }
        Kind::File => is_letter(c),
    };
    if let Some(c) = element.chars().find(|&c| !allowed(c)) {
        return Err(format!("invalid char {c:?}"));
    }
    // Windows looks at what stands before the first dot: `aux.h` is the device, too.
    let short = element.split('.').next().unwrap_or_default();
    if RESERVED.iter().any(|name| name.eq_ignore_ascii_case(short)) {
        return Err(format!("{short:?} disallowed as path element component on Windows"));
    }
    if kind == Kind::Module
        && let Some((_, digits)) = short.rsplit_once('~')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return Err("trailing tilde and digits in path element".to_owned());
    }
    Ok(())
}

/// Splits a module path in front of its major version suffix.
///
/// `example.com/m/v2` gives `("example.com/m", "/v2")`, `gopkg.in/yaml.v3` gives
/// `("gopkg.in/yaml", ".v3")`, a path without suffix itself and `""`. `None` when the suffix is not
/// one: `/v1`, `/v01`, `/v1.2`, a gopkg.in path without `.vN`.
#[must_use]
pub fn split_path_version(path: &str) -> Option<(&str, &str)> {
    if path.starts_with("gopkg.in/") {
        return split_gopkg_in(path);
    }
    let bare = path.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let Some(prefix) = bare.strip_suffix("/v").filter(|_| bare.len() < path.len()) else {
        return Some((path, ""));
    };
    let (_, major) = path.split_at(prefix.len());
    let number = major.get(2..).unwrap_or_default();
    let valid = !number.contains('.') && !number.starts_with('0') && number != "1";
    valid.then_some((prefix, major))
}

fn split_gopkg_in(path: &str) -> Option<(&str, &str)> {
    // gopkg.in's mark of a version that promises nothing; it is part of the path.
    let stable = path.strip_suffix("-unstable").unwrap_or(path);
    let bare = stable.trim_end_matches(|c: char| c.is_ascii_digit());
    let prefix = bare.strip_suffix(".v")?;
    let (_, major) = path.split_at(prefix.len());
    let number = stable.get(bare.len()..).unwrap_or_default();
    // gopkg.in has `.v0`, where other paths have no suffix for it.
    let valid = !number.is_empty() && (!number.starts_with('0') || major == ".v0");
    valid.then_some((prefix, major))
}

//! Requests to a checksum database through a proxy.

use crate::escape::{is_canonical_version, unescape_path, unescape_version};
use crate::tile::Tile;

use super::{Request, RequestError};

/// Reads what follows `/sumdb/`: `NAME/REST`, where both may have slashes.
///
/// The name is the shortest after which a request begins that a database can answer.
pub(super) fn decode(path: &str) -> Result<Request, RequestError> {
    let mut first_error = None;
    for (at, _) in path.match_indices('/') {
        let (name, rest) = path.split_at(at);
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        match check_rest(rest) {
            Ok(()) => {
                check_name(name)?;
                return Ok(Request::Sumdb { name: name.to_owned(), rest: rest.to_owned() });
            }
            Err(RequestError::NoSuchPath) => {}
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    Err(first_error.unwrap_or(RequestError::NoSuchPath))
}

fn check_rest(rest: &str) -> Result<(), RequestError> {
    if matches!(rest, "supported" | "latest") {
        return Ok(());
    }
    if let Some(query) = rest.strip_prefix("lookup/") {
        let malformed = || RequestError::Lookup(query.to_owned());
        let (module, version) = query.split_once('@').ok_or_else(malformed)?;
        unescape_path(module)?;
        let version = unescape_version(version)?;
        return if is_canonical_version(&version) { Ok(()) } else { Err(malformed()) };
    }
    if rest.starts_with("tile/") {
        return Tile::parse(rest).map(drop).map_err(|_| RequestError::Tile(rest.to_owned()));
    }
    Err(RequestError::NoSuchPath)
}

/// A name is a lowercase host, with a path or without; each element can be the name of a file.
fn check_name(name: &str) -> Result<(), RequestError> {
    let host = name.split('/').next().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._~/".contains(c);
    // The rules for module paths are those of file names, but ask for a dot in the first element.
    let as_module = if host.contains('.') { name.to_owned() } else { format!("a.a/{name}") };
    // A name may end in what a module path must not end in: `v1`.
    let path =
        unescape_path(&as_module).is_ok() || unescape_path(&format!("{as_module}/x")).is_ok();
    if name.chars().all(allowed) && path {
        return Ok(());
    }
    Err(RequestError::SumdbName(name.to_owned()))
}

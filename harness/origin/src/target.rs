//! Targets of requests.

/// The path in a target, without scheme, authority and query.
pub(crate) fn path_of(target: &str) -> &str {
    let path = match target.split_once("://") {
        // The absolute form, `GET http://host/path`, which clients send to HTTP proxies (RFC 9112,
        // section 3.2.2).
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    };
    path.split_once('?').map_or(path, |(path, _)| path)
}

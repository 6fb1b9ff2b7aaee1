//! The paths that count as vendored, and so do not belong in a module's zip.
//!
//! A file is vendored when its path has an element `vendor` with a package below it: `vendor/a/b.go`
//! and `x/vendor/a/b.go`, but not `vendor/b.go`. Two things changed with `go 1.24` in go.mod, and
//! since the zips of older modules must keep their hashes, both ways stay:
//!
//! | | below 1.24, or unknown | from 1.24 on |
//! | --- | --- | --- |
//! | `vendor/modules.txt` | kept | left out |
//! | `x/vendor/b.go` | left out: the slash is looked for from the eighth byte of the whole path on, where the one behind `vendor` always is (golang/go#37397) | kept |
//!
//! Source: `isVendoredPackage` in golang.org/x/mod/zip.

/// Whether the file is vendored. `modern` says whether go.mod has `go 1.24` or later.
pub(super) fn is_vendored(path: &str, modern: bool) -> bool {
    const INNER: &str = "/vendor/";
    if modern && path == "vendor/modules.txt" {
        return true;
    }
    let rest = if let Some(rest) = path.strip_prefix("vendor/") {
        Some(rest.as_bytes())
    } else if let Some(at) = path.find(INNER) {
        let from = if modern { at + INNER.len() } else { INNER.len() };
        path.as_bytes().get(from..)
    } else {
        None
    };
    rest.is_some_and(|rest| rest.contains(&b'/'))
}

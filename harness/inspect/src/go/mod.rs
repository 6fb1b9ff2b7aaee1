//! Readers of the data that Go's toolchain writes into files of every format.

mod build_id;
mod build_info;
mod guard;
mod runtime;

pub(crate) use build_id::{id_in, raw};
pub(crate) use build_info::fill as build_info;
pub(crate) use guard::fill as microarchitecture;
pub(crate) use runtime::exports;

/// The header line of a Go package's archive member, and its build ID.
pub(crate) fn package(data: &[u8]) -> Option<(String, Option<crate::facts::BuildId>)> {
    let text = data.get(..data.len().min(4096))?;
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().filter(|line| line.starts_with(b"go object "))?;
    let id = lines.find_map(|line| line.strip_prefix(b"build id \""));
    let id = id.and_then(|rest| rest.strip_suffix(b"\""));
    let id = id.and_then(|id| crate::facts::BuildId::parse(std::str::from_utf8(id).ok()?));
    Some((String::from_utf8_lossy(first).into_owned(), id))
}

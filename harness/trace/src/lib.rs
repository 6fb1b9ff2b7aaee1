//! Traces of programs, from three tools in one form: logs of strace, and captures of Process Monitor as
//! PML or CSV.
//!
//! A [`Trace`] says which programs were started by which, with which arguments and variables, and which
//! files they opened, renamed and removed, in order. Other records of a tool are left out.

mod csv_file;
mod pml;
mod reader;
mod strace;
mod trace;
mod values;

pub use trace::{Event, Format, Process, Trace, TraceError};

/// At most this many bytes of a trace are read.
pub const LIMIT: usize = 256 << 20;

/// Reads a trace. Without a format, it is recognised by the file's beginning.
///
/// # Errors
/// When it is over the limit, or no trace of that tool: what is wrong and where.
pub fn read(bytes: &[u8], format: Option<Format>) -> Result<Trace, TraceError> {
    if bytes.len() > LIMIT {
        return Err(TraceError::new("the file", format!("more than {} MiB", LIMIT >> 20)));
    }
    match format.unwrap_or_else(|| Format::of(bytes)) {
        Format::Strace => strace::read(bytes),
        Format::Pml => pml::read(bytes),
        Format::Csv => csv_file::read(bytes),
    }
}

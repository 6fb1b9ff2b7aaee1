//! The common parts of this program's servers: their log, their runtime, their first line.

mod log_buffer;
mod signals;

pub use signals::{hold_signals, release_signals};

use crate::exit::Failure;
use log_buffer::LogBuffer;
use std::io::{IsTerminal, Write};
use std::num::NonZero;
use tracing_subscriber::EnvFilter;
use twinproof_modproxy::config::{Format, Log};

/// Begins the log, on the standard error stream. Dropping the first value writes the last lines.
pub fn begin_log(log: &Log) -> Result<LogBuffer, Failure> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|error| Failure::invalid(format!("log level `{}`: {error}", log.level)))?;
    let buffer = LogBuffer::start(std::io::stderr()).map_err(Failure::broken)?;
    let writer = buffer.writer();
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    match log.format {
        Format::Text => {
            let colours = std::io::stderr().is_terminal();
            builder.with_writer(move || writer.clone()).with_ansi(colours).try_init()
        }
        Format::Json => {
            let writer = move || Escaping(writer.clone());
            builder.with_writer(writer).json().flatten_event(true).try_init()
        }
    }
    .map_err(Failure::broken)?;
    Ok(buffer)
}

/// Writes JSON, with characters escaped that a terminal would obey or that turn the direction of
/// text: clients can put them into paths. JSON itself asks for that only below U+0020.
struct Escaping<W>(W);

/// Whether a character may not stand as it is.
fn is_control(c: char) -> bool {
    // serde_json escapes control characters of ASCII only; these can change what a terminal shows
    // of a line.
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A line with its control characters as JSON writes them.
fn escaped(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok().filter(|line| line.contains(is_control))?;
    Some(line.chars().fold(String::with_capacity(line.len() + 32), |mut text, c| {
        match is_control(c) {
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
        text
    }))
}

impl<W: Write> Write for Escaping<W> {
    /// Takes a whole line, which is how the log writes.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        match escaped(line) {
            Some(text) => self.0.write_all(text.as_bytes())?,
            None => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Runs a server to its end, with a thread for each core but one: what blocks (files, hashes) has
/// threads of its own, and on a small machine it is dearer to wake a second thread than to answer.
pub fn block_on(server: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // One core is left for the blocking threads that read files.
        .worker_threads((cores - 1).max(1))
        .enable_all()
        .build();
    runtime.map_err(Failure::broken)?.block_on(server)
}

/// Prints where a server listens, for a script that waits for it.
pub fn announce(url: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {url}").and_then(|()| out.flush()).map_err(Failure::broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_json_says_the_same_without_control_characters() {
        let text = "a\u{9b}31m\u{202e}b\u{2028}\u{7f}é\u{feff}";
        let line = serde_json::to_string(text).unwrap();
        let mut written = Vec::new();
        Escaping(&mut written).write_all(line.as_bytes()).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, r#""a\u009b31m\u202eb\u2028\u007fé\ufeff""#);
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        assert_eq!(escaped(b"plain"), None);
    }
}

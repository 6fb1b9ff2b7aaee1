//! Captures of Process Monitor, exported as CSV.

use crate::trace::{Event, Process, Trace, TraceError};
use std::collections::BTreeMap;

/// Most events that are kept; more are an error.
const EVENTS: usize = 1_000_000;
/// The columns that must be there.
const COLUMNS: [&str; 6] = ["Process Name", "PID", "Operation", "Path", "Result", "Detail"];

pub(crate) fn read(bytes: &[u8]) -> Result<Trace, TraceError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // A capture that was cut has a last line with fewer fields; a missing one is then empty.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let failed = |e: csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        TraceError::new(format!("line {line}"), e.to_string())
    };
    let header = reader.headers().map_err(failed)?.clone();
    let mut at = [0; COLUMNS.len()];
    for (place, name) in at.iter_mut().zip(COLUMNS) {
        *place = header.iter().position(|column| column == name).ok_or_else(|| {
            let why = format!("there is no column `{name}`: export all columns of Process Monitor");
            TraceError::new("line 1", why)
        })?;
    }
    let mut trace = Trace::default();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |column: usize| record.get(at[column]).unwrap_or_default();
        // Process Monitor groups digits by the locale: `4,100`.
        let Ok(pid) = field(1).replace(',', "").parse() else {
            let why = format!("`{}` is no number of a process", field(1));
            return Err(TraceError::new(format!("line {line}"), why));
        };
        match field(2) {
            // Of all operations only this one carries the environment.
            "Process Start" => trace.processes.push(started(pid, field(0), field(5))),
            "Process Exit" => {
                let code = value(field(5), "Exit Status").and_then(|code| code.parse().ok());
                // Numbers are used again: the last process with this one is meant.
                if let Some(process) = trace.processes.iter_mut().rev().find(|p| p.pid == pid) {
                    process.exit = code;
                }
            }
            _ => {}
        }
        if trace.events.len() == EVENTS {
            let why = format!("more than {EVENTS} events");
            return Err(TraceError::new(format!("line {line}"), why));
        }
        let result = match field(4) {
            "SUCCESS" => "ok".to_owned(),
            other => other.to_owned(),
        };
        let (operation, path) = (field(2).to_owned(), field(3).to_owned());
        trace.events.push(Event { pid, operation, path, result });
    }
    trace.link();
    Ok(trace)
}

/// `Parent PID: 8, Command line: …, Current directory: …, Environment: ⏎ NAME=VALUE…`
fn started(pid: u32, name: &str, detail: &str) -> Process {
    let (facts, environment) = match detail.split_once("Environment:") {
        Some((facts, environment)) => (facts, Some(environment)),
        None => (detail, None),
    };
    let environment = environment.map(|text| {
        let lines = text.split(['\n', '\r']).map(|line| line.trim_start_matches([' ', '\t', ';']));
        lines.filter_map(pair).collect::<BTreeMap<_, _>>()
    });
    let command = value(facts, "Command line").unwrap_or_default().trim();
    Process {
        pid,
        parent_pid: value(facts, "Parent PID").and_then(|pid| pid.replace(',', "").parse().ok()),
        program: program(command, name),
        args: vec![command.to_owned()],
        environment,
        ..Process::default()
    }
}

/// The value of a fact in a detail: up to the next fact.
fn value<'a>(detail: &'a str, name: &str) -> Option<&'a str> {
    // Nothing is quoted: a command line may contain `, ` itself, so that a fact ends only before
    // the name of another.
    const NEXT: [&str; 4] =
        [", Command line:", ", Current directory:", ", Environment:", ", User Time:"];
    let (_, rest) = detail.split_once(&format!("{name}: "))?;
    let end = NEXT.iter().filter_map(|next| rest.find(next)).min().unwrap_or(rest.len());
    rest.get(..end).map(str::trim)
}

/// A variable of an environment of Windows, whose names may begin with `=`.
pub(crate) fn pair(line: &str) -> Option<(String, String)> {
    // cmd.exe keeps the current folder of each drive in variables such as `=C:`, so the first `=`
    // may be part of the name.
    let at = line.char_indices().skip(1).find(|(_, c)| *c == '=')?.0;
    Some((line.get(..at)?.to_owned(), line.get(at + 1..)?.to_owned()))
}

/// The program of a command line; its name alone where the command line has no path.
pub(crate) fn program(command: &str, name: &str) -> String {
    let first = match command.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => command.split_whitespace().next(),
    };
    let first = first.unwrap_or_default();
    // Without quotes a path such as `C:\Program Files\…` is cut at its blank; then the name that
    // Process Monitor shows is better.
    let same = first.to_ascii_lowercase().ends_with(&name.to_ascii_lowercase());
    if same && !first.is_empty() { first.to_owned() } else { name.to_owned() }
}

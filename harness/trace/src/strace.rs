//! Logs of strace. A line is `PID CALL(ARGUMENTS) = RESULT`; a call that another process interrupts is
//! in two lines, `… <unfinished ...>` and `<... CALL resumed>…`.

use crate::trace::{Event, Process, Trace, TraceError};
use crate::values::{Value, arguments};
use std::collections::BTreeMap;

/// Most events that are kept; more are an error.
// The log comes from outside, and each event is kept in memory.
const EVENTS: usize = 1_000_000;
/// The process of lines that name none: strace without `-f`.
const ONLY: u32 = 0;

/// Calls about one path, with the place of the path among the arguments, and that of the descriptor of
/// the folder that it is relative to.
const PATHS: [(&str, usize, Option<usize>); 10] = [
    ("open", 0, None),
    ("creat", 0, None),
    ("openat", 1, Some(0)),
    ("openat2", 1, Some(0)),
    ("unlink", 0, None),
    ("unlinkat", 1, Some(0)),
    ("mkdir", 0, None),
    ("mkdirat", 1, Some(0)),
    ("chmod", 0, None),
    ("rmdir", 0, None),
];
/// A call about two paths: the places of both, and of their folders.
type Rename = (&'static str, [usize; 2], [Option<usize>; 2]);

/// Calls about two paths.
const RENAMES: [Rename; 5] = [
    ("rename", [0, 1], [None, None]),
    ("renameat", [1, 3], [Some(0), Some(2)]),
    ("renameat2", [1, 3], [Some(0), Some(2)]),
    ("link", [0, 1], [None, None]),
    ("linkat", [1, 3], [Some(0), Some(2)]),
];
/// Calls that start a process.
const FORKS: [&str; 4] = ["clone", "clone3", "fork", "vfork"];

pub(crate) fn read(bytes: &[u8]) -> Result<Trace, TraceError> {
    // strace escapes what is not ASCII; other bytes are only in a damaged log.
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Strace::default();
    let mut understood = 0_usize;
    let mut lines = 0_usize;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        lines += 1;
        understood += usize::from(reader.line(line));
        if reader.trace.events.len() > EVENTS {
            let why = format!("more than {EVENTS} events");
            return Err(TraceError::new(format!("line {}", number + 1), why));
        }
    }
    // One line is enough: where log and program share a terminal, the program's own output stands
    // between.
    if understood == 0 {
        let why = format!("none of its {lines} lines is one of strace");
        return Err(TraceError::new("the file", why));
    }
    let mut trace = reader.trace;
    trace.link();
    Ok(trace)
}

#[derive(Default)]
struct Strace {
    trace: Trace,
    /// The first halves of interrupted calls, by process.
    unfinished: BTreeMap<u32, String>,
    /// The process that started each.
    parents: BTreeMap<u32, u32>,
}

impl Strace {
    /// Takes a line in; whether it is one of strace's.
    fn line(&mut self, line: &str) -> bool {
        let (pid, rest) = process_of(line);
        let rest = after_time(rest);
        if let Some(ended) = rest.strip_prefix("+++ exited with ") {
            let code = ended.split_whitespace().next().and_then(|code| code.parse().ok());
            self.ended(pid, code);
            return true;
        }
        if rest.starts_with("+++ ") || rest.starts_with("--- ") {
            return true;
        }
        if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            self.unfinished.insert(pid, begun.trim_end().to_owned());
            return true;
        }
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let Some((_, tail)) = resumed.split_once(" resumed>") else { return false };
            // strace was attached in the middle of the call.
            let Some(begun) = self.unfinished.remove(&pid) else { return true };
            return self.call(pid, &format!("{begun}{tail}"));
        }
        self.call(pid, rest)
    }

    fn call(&mut self, pid: u32, text: &str) -> bool {
        let Some((name, rest)) = text.split_once('(') else { return false };
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if name.is_empty() || !name.bytes().all(word) {
            return false;
        }
        let Some((values, tail)) = arguments(rest) else { return false };
        let Some((_, result)) = tail.split_once('=') else { return false };
        let result = result.trim();
        if FORKS.contains(&name) {
            // In the child itself the result is 0.
            if let Some(child) = number(result).filter(|child| *child > 0) {
                self.parents.insert(child, pid);
                self.late(child, pid);
            }
            return true;
        }
        let outcome = outcome(result);
        if name == "execve" || name == "execveat" {
            self.exec(pid, name, &values, outcome);
        } else if let Some((_, at, folder)) = PATHS.iter().find(|(call, ..)| *call == name) {
            if let Some(path) = path(&values, *at, *folder) {
                self.event(pid, name, path, outcome);
            }
        } else if let Some((_, at, folder)) = RENAMES.iter().find(|(call, ..)| *call == name)
            && let Some(from) = path(&values, at[0], folder[0])
            && let Some(to) = path(&values, at[1], folder[1])
        {
            self.event(pid, name, format!("{from} -> {to}"), outcome);
        }
        true
    }

    fn exec(&mut self, pid: u32, name: &str, values: &[Value], outcome: String) {
        let at = usize::from(name == "execveat");
        let Some(program) = values.get(at).and_then(Value::text) else { return };
        // The shell tries each folder of PATH: a failed execve starts no program, and is an event
        // only.
        if outcome == "ok" {
            let environment = values.get(at + 2).and_then(Value::texts).map(|all| {
                let pair = |text: String| {
                    let (name, value) = text.split_once('=')?;
                    Some((name.to_owned(), value.to_owned()))
                };
                all.into_iter().filter_map(pair).collect()
            });
            self.trace.processes.push(Process {
                pid,
                parent_pid: self.parent(pid),
                program: program.to_owned(),
                args: values.get(at + 1).and_then(Value::texts).unwrap_or_default(),
                environment,
                ..Process::default()
            });
        }
        self.event(pid, name, program.to_owned(), outcome);
    }

    /// Gives a process its parent where its first program was seen before the call that made it: on
    /// several processors strace may see the child go on before the parent does.
    fn late(&mut self, child: u32, pid: u32) {
        let parent = self.parent(pid);
        let process = self.trace.processes.iter_mut().rev().find(|p| p.pid == child);
        if let Some(process) = process.filter(|process| process.parent_pid.is_none()) {
            process.parent_pid = parent;
        }
    }

    /// The process that started one: itself where it becomes another program. A thread that starts one
    /// has a number of its own, and stands for the process whose thread it is.
    fn parent(&self, pid: u32) -> Option<u32> {
        let runs = |pid: u32| self.trace.processes.iter().any(|process| process.pid == pid);
        let mut at = pid;
        // Numbers are used again, so that the way up may be a circle.
        for _ in 0..=self.parents.len() {
            if runs(at) {
                return Some(at);
            }
            at = *self.parents.get(&at)?;
        }
        None
    }

    fn event(&mut self, pid: u32, operation: &str, path: String, result: String) {
        self.trace.events.push(Event { pid, operation: operation.to_owned(), path, result });
    }

    fn ended(&mut self, pid: u32, code: Option<i64>) {
        if let Some(process) = self.trace.processes.iter_mut().rev().find(|p| p.pid == pid) {
            process.exit = code;
        }
    }
}

/// The number of the process before a call, as `-f` writes it: to a file, or to the terminal.
fn process_of(line: &str) -> (u32, &str) {
    let (word, rest) = match line.strip_prefix("[pid") {
        Some(rest) => rest.split_once(']').unwrap_or(("", line)),
        None => line.split_once(' ').unwrap_or(("", line)),
    };
    match word.trim().parse() {
        Ok(pid) => (pid, rest.trim_start()),
        Err(_) => (ONLY, line),
    }
}

/// The rest of a line after the time that `-t`, `-tt`, `-ttt` and `-r` write.
fn after_time(line: &str) -> &str {
    let Some((word, rest)) = line.trim_start().split_once(' ') else { return line };
    let time = word.bytes().all(|b| b.is_ascii_digit() || b == b':' || b == b'.');
    let is_time = time && word.contains([':', '.']);
    if is_time { rest.trim_start() } else { line.trim_start() }
}

/// The number that a result begins with.
fn number(result: &str) -> Option<u32> {
    result.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `ok`, or the name of the error.
fn outcome(result: &str) -> String {
    match result.strip_prefix("-1 ") {
        Some(error) => error.split_whitespace().next().unwrap_or("error").to_owned(),
        None if result.starts_with('?') => "?".to_owned(),
        None => "ok".to_owned(),
    }
}

/// A path, below the folder that its descriptor names where `-y` shows it.
fn path(values: &[Value], at: usize, folder: Option<usize>) -> Option<String> {
    let path = values.get(at)?.text()?;
    let folder = folder.and_then(|at| match values.get(at)? {
        Value::Other(text) => text.split_once('<')?.1.strip_suffix('>'),
        _ => None,
    });
    Some(match folder {
        Some(folder) if !path.starts_with('/') => {
            format!("{}/{path}", folder.trim_end_matches('/'))
        }
        _ => path.to_owned(),
    })
}

//! Captures of Process Monitor: PML, version 9. The layout is the one that the Python package
//! procmon-parser documents; the tests compare with it.

use crate::csv_file::{pair, program};
use crate::reader::{Reader, error};
use crate::trace::{Event, Process, Trace, TraceError};
use std::collections::BTreeMap;

/// The version of the format.
const VERSION: u32 = 9;
/// Most entries of a table; more are an error.
const ENTRIES: u32 = 4_000_000;

const PROCESS: u32 = 1;
const REGISTRY: u32 = 2;
const FILE_SYSTEM: u32 = 3;

/// Names of the operations on processes, by number.
const PROCESS_NAMES: [&str; 10] = [
    "Process Defined",
    "Process Create",
    "Process Exit",
    "Thread Create",
    "Thread Exit",
    "Load Image",
    "Thread Profile",
    "Process Start",
    "Process Statistics",
    "System Statistics",
];
/// Names of the operations on the registry, by number.
const REGISTRY_NAMES: [&str; 18] = [
    "RegOpenKey",
    "RegCreateKey",
    "RegCloseKey",
    "RegQueryKey",
    "RegSetValue",
    "RegQueryValue",
    "RegEnumValue",
    "RegEnumKey",
    "RegSetInfoKey",
    "RegDeleteKey",
    "RegDeleteValue",
    "RegFlushKey",
    "RegLoadKey",
    "RegUnloadKey",
    "RegRenameKey",
    "RegQueryMultipleValueKey",
    "RegSetKeySecurity",
    "RegQueryKeySecurity",
];
/// Names of the operations on files that matter here, by number.
const FILE_NAMES: [(u16, &str); 8] = [
    (20, "CreateFile"),
    (23, "ReadFile"),
    (24, "WriteFile"),
    (25, "QueryInformationFile"),
    (26, "SetInformationFile"),
    (32, "DirectoryControl"),
    (38, "CloseFile"),
    (6, "QueryOpen"),
];
/// Names of results.
const RESULTS: [(u32, &str); 6] = [
    (0, "ok"),
    (0xC000_0034, "NAME NOT FOUND"),
    (0xC000_003A, "PATH NOT FOUND"),
    (0xC000_0022, "ACCESS DENIED"),
    (0xC000_0035, "NAME COLLISION"),
    (0x8000_0006, "NO MORE FILES"),
];

pub(crate) fn read(bytes: &[u8]) -> Result<Trace, TraceError> {
    let mut header = Reader::new(bytes, 0)?;
    if header.take(4)? != b"PML_" {
        return Err(error(0, "it does not begin with `PML_`"));
    }
    let version = header.u32()?;
    if version != VERSION {
        return Err(error(
            4,
            format!("version {version} of the format; version {VERSION} is read"),
        ));
    }
    // A capture of 32-bit Windows has 4-byte addresses in its stack traces.
    let pointer = if header.u32()? == 1 { 8 } else { 4 };
    // The name of the computer, and the folder of Windows.
    header.skip(0x20 + 0x208)?;
    let count = bounded(header.u32()?, header.at)?;
    // A field of unknown use, and the start of the events: the table of offsets leads to each of
    // them.
    header.skip(16)?;
    let (offsets, processes, strings) = (header.u64()?, header.u64()?, header.u64()?);
    // Process Monitor writes the tables at the end, and their places into the header last.
    if [offsets, processes, strings].contains(&0) {
        return Err(error(0x248, "the capture was not closed: a table is missing"));
    }
    let strings = strings_at(bytes, strings)?;
    let known = processes_at(bytes, processes, &strings)?;
    let mut trace = Trace::default();
    let mut offsets = Reader::new(bytes, offsets)?;
    for _ in 0..count {
        let offset = offsets.u32()?;
        // Flags of which nothing is known.
        offsets.u8()?;
        event(Reader::new(bytes, offset.into())?, pointer, &known, &mut trace)?;
    }
    trace.link();
    Ok(trace)
}

fn bounded(count: u32, at: usize) -> Result<u32, TraceError> {
    // Checked before the entries are read: a damaged count must not decide how long this takes.
    if count > ENTRIES {
        return Err(error(at, format!("{count} entries, more than {ENTRIES}")));
    }
    Ok(count)
}

fn strings_at(bytes: &[u8], start: u64) -> Result<Vec<String>, TraceError> {
    let mut table = Reader::new(bytes, start)?;
    let count = bounded(table.u32()?, table.at)?;
    (0..count)
        .map(|_| {
            let mut string = Reader::new(bytes, start + u64::from(table.u32()?))?;
            let size = string.u32()? as usize;
            string.utf16(size)
        })
        .collect()
}

/// A process of the table.
struct Known {
    pid: u32,
    name: String,
    path: String,
}

fn processes_at(
    bytes: &[u8],
    start: u64,
    strings: &[String],
) -> Result<BTreeMap<u32, Known>, TraceError> {
    let mut table = Reader::new(bytes, start)?;
    let count = bounded(table.u32()?, table.at)?;
    // The indices of the processes, which each process repeats; the offsets follow.
    table.skip(count as usize * 4)?;
    let mut all = BTreeMap::new();
    for _ in 0..count {
        let mut process = Reader::new(bytes, start + u64::from(table.u32()?))?;
        let index = process.u32()?;
        let pid = process.u32()?;
        // Parent, sign-on, session, times, kinds, integrity, user.
        process.skip(4 + 4 + 8 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4)?;
        let mut string = || {
            let at = process.at;
            let index = process.u32()? as usize;
            strings
                .get(index)
                .cloned()
                .ok_or_else(|| error(at, format!("there is no text {index}")))
        };
        let (name, path) = (string()?, string()?);
        all.insert(index, Known { pid, name, path });
    }
    Ok(all)
}

fn event(
    mut at: Reader<'_>,
    pointer: usize,
    known: &BTreeMap<u32, Known>,
    trace: &mut Trace,
) -> Result<(), TraceError> {
    let begun = at.at;
    let index = at.u32()?;
    // Skipped here and below: the thread, the duration, the time and fields of unknown use.
    at.skip(4)?;
    let class = at.u32()?;
    let operation = at.u16()?;
    at.skip(2 + 4 + 8 + 8)?;
    let result = at.u32()?;
    let depth = at.u16()?;
    at.skip(2)?;
    let size = at.u32()? as usize;
    at.skip(4)?;
    at.skip(usize::from(depth) * pointer)?;
    let detail = at.take(size)?;
    let Some(process) = known.get(&index) else {
        return Err(error(begun, format!("there is no process {index}")));
    };
    let mut detail = Reader::new(detail, 0)?;
    let names = |names: &[&str]| names.get(usize::from(operation)).map(|name| (*name).to_owned());
    let (name, path) = match class {
        PROCESS => {
            let path = of_process(&mut detail, operation, process, pointer, trace)?;
            (names(&PROCESS_NAMES), path)
        }
        REGISTRY => (names(&REGISTRY_NAMES), of_registry(&mut detail, operation)?),
        FILE_SYSTEM => {
            let known = FILE_NAMES.iter().find(|(number, _)| *number == operation);
            (known.map(|(_, name)| (*name).to_owned()), of_file(&mut detail, pointer)?)
        }
        // Network and profiling say nothing about programs and files.
        _ => return Ok(()),
    };
    let name = name.unwrap_or_else(|| format!("operation {operation} of class {class}"));
    let named =
        RESULTS.iter().find(|(code, _)| *code == result).map(|(_, name)| (*name).to_owned());
    trace.events.push(Event {
        pid: process.pid,
        operation: name,
        path,
        result: named.unwrap_or_else(|| format!("{result:#010x}")),
    });
    Ok(())
}

/// The length of a text that follows later: whether a character has one byte, and how many there are.
fn length(at: &mut Reader<'_>) -> Result<(bool, usize), TraceError> {
    let flags = at.u16()?;
    Ok((flags >> 15 == 1, usize::from(flags & 0x7fff)))
}

fn text(at: &mut Reader<'_>, (ascii, count): (bool, usize)) -> Result<String, TraceError> {
    if ascii {
        return Ok(String::from_utf8_lossy(at.take(count)?).into_owned());
    }
    at.utf16(count * 2)
}

/// The path that an operation on processes is about. A start adds a process.
fn of_process(
    at: &mut Reader<'_>,
    operation: u16,
    process: &Known,
    pointer: usize,
    trace: &mut Trace,
) -> Result<String, TraceError> {
    match operation {
        0 | 1 => {
            at.skip(4 + 4 + 0x24)?;
            let skipped = usize::from(at.u8()?) + usize::from(at.u8()?);
            let (path, _command) = (length(at)?, length(at)?);
            at.skip(2 + skipped)?;
            text(at, path)
        }
        2 => {
            let code = at.u32()?;
            let ended = trace.processes.iter_mut().rev().find(|p| p.pid == process.pid);
            if let Some(ended) = ended {
                ended.exit = Some(code.into());
            }
            Ok(String::new())
        }
        5 => {
            at.skip(pointer + 4)?;
            let path = length(at)?;
            at.skip(2)?;
            text(at, path)
        }
        7 => {
            let parent = at.u32()?;
            let (command, cwd) = (length(at)?, length(at)?);
            let units = at.u32()? as usize;
            let command = text(at, command)?;
            text(at, cwd)?;
            let environment = variables(at.take(units * 2)?);
            let path = if process.path.is_empty() {
                program(&command, &process.name)
            } else {
                process.path.clone()
            };
            trace.processes.push(Process {
                pid: process.pid,
                parent_pid: Some(parent),
                program: path,
                args: vec![command],
                environment: Some(environment),
                ..Process::default()
            });
            Ok(String::new())
        }
        _ => Ok(String::new()),
    }
}

/// The variables of a block: UTF-16, each ended by a NUL.
fn variables(block: &[u8]) -> BTreeMap<String, String> {
    let units: Vec<u16> =
        block.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    units
        .split(|unit| *unit == 0)
        .filter_map(|text| pair(&String::from_utf16_lossy(text)))
        .collect()
}

/// The path of a key. Its length comes first; what the operation has besides stands before the path.
fn of_registry(at: &mut Reader<'_>, operation: u16) -> Result<String, TraceError> {
    let path = length(at)?;
    at.skip(match operation {
        12 | 14 => 2,
        0 | 1 => 2 + 4,
        3 | 5 => 2 + 4 + 4,
        6 | 7 => 2 + 4 + 4 + 4,
        8 => 2 + 4 + 4 + 2 + 2,
        4 => 2 + 4 + 4 + 4,
        _ => 0,
    })?;
    text(at, path)
}

fn of_file(at: &mut Reader<'_>, pointer: usize) -> Result<String, TraceError> {
    at.skip(4 + pointer * 5 + 0x14)?;
    let path = length(at)?;
    at.skip(2)?;
    text(at, path)
}

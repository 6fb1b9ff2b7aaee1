//! `stdout`, `stderr` and `grep`: a regular expression in the last output, or in a file.

use crate::regexp::compile;
use crate::state::{Fault, Ran, State};

pub(super) fn run(name: &str, args: &[String], state: &mut State) -> Result<Ran, Fault> {
    let usage = || Fault::usage("stdout|stderr|grep [-count=N] [-q] PATTERN [FILE of grep]");
    let mut args = args;
    let mut count = None;
    if let [first, rest @ ..] = args
        && let Some(number) = first.strip_prefix("-count=")
    {
        count = Some(number.parse::<usize>().ok().filter(|&n| n > 0).ok_or_else(usage)?);
        args = rest;
    }
    let quiet = matches!(args, [first, ..] if first == "-q");
    if quiet {
        args = args.get(1..).unwrap_or_default();
    }
    let (shown, of) = match (name, args) {
        ("grep", [pattern, file]) => (pattern, file.as_str()),
        ("stdout" | "stderr", [pattern]) => (pattern, name),
        _ => return Err(usage()),
    };
    let pattern = compile(shown).map_err(|e| Fault::Firm(format!("cannot read {shown:?}: {e}")))?;
    let bytes = if name == "grep" {
        let path = state.path(of);
        std::fs::read(&path).map_err(|e| Fault::file(&path, &e))?
    } else {
        state.read(name)?
    };
    // The pattern works on bytes; the text is needed for the matched line in the record.
    let text = String::from_utf8_lossy(&bytes);
    if let Some(count) = count {
        let found = pattern.find_iter(text.as_bytes()).count();
        if found != count {
            return Err(Fault::Failed(format!(
                "{found} matches of {shown:?} in {of}, not {count}"
            )));
        }
        return Ok(Ran::Quiet);
    }
    let Some(found) = pattern.find(text.as_bytes()) else {
        return Err(Fault::Failed(format!("no match of {shown:?} in {of}")));
    };
    if !quiet {
        let (before, after) = (text.get(..found.start()), text.get(found.end()..));
        let from = before.and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let to = after.and_then(|t| t.find('\n')).map_or(text.len(), |i| found.end() + i);
        state.log.add(&format!("matched: {}", text.get(from..to).unwrap_or_default()));
    }
    Ok(Ran::Quiet)
}

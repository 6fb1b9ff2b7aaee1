//! `cmp` and `cmpenv`: two files, or the last output and a file.

use crate::state::{Fault, Ran, State};
use similar::TextDiff;

/// Texts of more bytes than this, both together, are compared but their difference is not shown.
// A diff takes time in the product of lines and differences.
const MAX_DIFF_BYTES: usize = 256 << 10;

pub(super) fn run(args: &[String], env: bool, state: &mut State) -> Result<Ran, Fault> {
    let (quiet, names) = match args {
        [flag, names @ ..] if flag == "-q" => (true, names),
        names => (false, names),
    };
    let [got, want] = names else { return Err(Fault::usage("cmp [-q] FILE1 FILE2")) };
    let (a, b) = (state.read(got)?, read_file(want, state)?);
    if a == b {
        return Ok(Ran::Quiet);
    }
    let text = |bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if env { state.expand(&text) } else { text }
    };
    let (a, b) = (text(a), text(b));
    if env && a == b {
        return Ok(Ran::Quiet);
    }
    if !quiet && a.len() + b.len() <= MAX_DIFF_BYTES {
        let difference = TextDiff::from_lines(&a, &b);
        let diff = difference.unified_diff().header(got, want).to_string();
        state.log.add(&diff);
    }
    Err(Fault::Failed(format!("{got} and {want} differ")))
}

/// The second one is always a file.
fn read_file(name: &str, state: &State) -> Result<Vec<u8>, Fault> {
    let path = state.path(name);
    std::fs::read(&path).map_err(|e| Fault::file(&path, &e))
}

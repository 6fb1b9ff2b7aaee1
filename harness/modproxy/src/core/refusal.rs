//! The messages about a refused zip: the words of the go command, which people know and tools look
//! for.

use twinproof_gomod::zip::{Reason, Refusal, Violation};

use super::Wanted;

/// The rules that a zip breaks, a line each.
pub(super) fn refused(wanted: &Wanted, refusal: &Refusal) -> String {
    let lines: Vec<String> = refusal.violations.iter().map(|v| line(wanted, v)).collect();
    lines.join("\n")
}

fn line(wanted: &Wanted, violation: &Violation) -> String {
    match violation {
        Violation { entry: Some(name), reason: Reason::Prefix(_) } => {
            let (module, version) = (&wanted.module, &wanted.version);
            format!("zip for {module}@{version} has unexpected file {}", name.escape_debug())
        }
        _ => format!("unzip {}: {violation}", wanted.target.trim_start_matches('/')),
    }
}

//! Writes the reports of a run, and prints the one for the terminal.

use crate::exit::Failure;
use std::io::IsTerminal as _;
use std::path::Path;
use twinproof_model::Results;

/// Draws and writes every report, shows the terminal's, and gives the exit code.
///
/// # Errors
/// When a report cannot be written, or does not agree with the results.
pub fn publish(results: &Results, out: &Path, bundle: Option<&Path>) -> Result<u8, Failure> {
    let evidence = bundle.map(twinproof_report::Folder::new);
    let evidence = evidence.as_ref().map(|f| f as &dyn twinproof_report::Bundle);
    let written = twinproof_report::write_all(results, out, evidence).map_err(Failure::broken)?;
    let html = written.html.display().to_string();
    let options = twinproof_report::TerminalOptions {
        colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        report: Some(&html),
    };
    print!("{}", twinproof_report::terminal(results, options));
    Ok(results.summary.exit_code)
}

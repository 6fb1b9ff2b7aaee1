//! The program `twinproof`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all.
    twinproof::hold_signals(std::env::args_os());
    if let Some(code) = twinproof::helper() {
        return ExitCode::from(code);
    }
    ExitCode::from(twinproof::run(std::env::args_os()))
}

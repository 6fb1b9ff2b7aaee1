//! The program `twinproof`.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = twinproof::helper() {
        return ExitCode::from(code);
    }
    ExitCode::from(twinproof::run(std::env::args_os()))
}

//! The program `twinproof`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(twinproof::run(std::env::args_os()))
}

//! Provides an SDK from the command line: `cargo run --example sdk -- get VERSION PLATFORM`.
//!
//! It is thin on purpose: the program `twinproof` has the full commands.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use twinproof_toolchain::prove::render;
use twinproof_toolchain::{Cache, Options, Phase, Progress, Toolchains};

struct Stderr(Option<Phase>);

impl Progress for Stderr {
    fn report(&mut self, phase: Phase, what: &str, _done: u64, _total: Option<u64>) {
        if self.0.replace(phase) != Some(phase) {
            eprintln!("{phase:?} {what}");
        }
    }
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let toolchains = Toolchains::new(Cache::of_user()?, Options::detect()?);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["get", version, platform] => {
            let sdk = toolchains.get(version.parse()?, platform.parse()?, &mut Stderr(None))?;
            println!("{}", sdk.goroot.display());
            println!("{}", serde_json::to_string_pretty(&sdk.provenance)?);
            Ok(ExitCode::SUCCESS)
        }
        ["prove", goroot] => {
            let report = toolchains.prove(Path::new(goroot), &mut Stderr(None))?;
            print!("{}", render(&report));
            Ok(ExitCode::from(report.status.exit_code()))
        }
        _ => Err("usage: sdk get VERSION PLATFORM | sdk prove GOROOT".into()),
    }
}

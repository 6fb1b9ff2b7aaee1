//! Starts a container, writes its id, and waits for its standard input to end. Tests kill it to see
//! that nothing remains.
//!
//! `cargo run -p twinproof-container --example hold -- trixie`

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use twinproof_container::{Engine, Error, Images, Run, Session, SessionOptions, Silent};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let engine = Engine::detect().map_err(Error::Absent)?;
    let name = std::env::args().nth(1).unwrap_or_else(|| "trixie".into());
    let image = Images::embedded()?.ensure(&engine, &name, &Silent)?;
    let run = Run::new(Duration::from_secs(600));
    let session = Session::start(&engine, &run, &image, SessionOptions::default())?;
    println!("{}", session.id());
    let mut rest = Vec::new();
    std::io::stdin()
        .read_to_end(&mut rest)
        .map_err(|source| Error::File { path: "standard input".into(), source })?;
    Ok(())
}

//! Provides the images named as arguments, or all, and says where each came from.
//!
//! `cargo run -p twinproof-container --example images -- trixie musl`

use std::process::ExitCode;
use std::time::Instant;

use twinproof_container::{Engine, Error, Images, sweep};

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
    eprintln!("engine {} (API {})", engine.version, engine.api);
    sweep(&engine)?;
    let images = Images::embedded()?;
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = images.all().keys().cloned().collect();
    }
    for name in names {
        let start = Instant::now();
        let show = |message: &str, fraction: Option<f64>| match fraction {
            Some(fraction) => eprintln!("{message} ({:.0} %)", fraction * 100.0),
            None => eprintln!("{message}"),
        };
        let image = images.ensure(&engine, &name, &show)?;
        println!(
            "{name}\t{}\t{}\tcached: {}\t{:?}",
            image.tag,
            image.id,
            image.cached,
            start.elapsed()
        );
    }
    Ok(())
}

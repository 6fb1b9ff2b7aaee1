//! `diff`: explains why two files differ.

use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_inspect::{
    CompareError, CompareOptions, Ignore, InspectError, Side, compare, render,
};

/// Explain why two files differ.
#[derive(clap::Args, Debug)]
pub struct Diff {
    /// The first file
    a: PathBuf,
    /// The second file
    b: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    /// Differences to ignore, with commas between them
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    ignore: Vec<Ignored>,
}

/// Differences that can be ignored.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Ignored {
    /// Build IDs of Go and GNU, UUIDs
    BuildId,
    /// Signatures, and the sizes that follow from them
    Signature,
    /// Time stamps and checksums
    Timestamp,
    /// Debug information and symbols
    Debug,
}

impl Diff {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn run(&self) -> Result<u8, Failure> {
        let ignore = self.ignore.iter().map(|one| match one {
            Ignored::BuildId => Ignore::BuildId,
            Ignored::Signature => Ignore::Signature,
            Ignored::Timestamp => Ignore::Timestamp,
            Ignored::Debug => Ignore::Debug,
        });
        let options = CompareOptions { ignore: ignore.collect() };
        let comparison = match compare(&self.a, &self.b, &options) {
            Ok(comparison) => comparison,
            Err(CompareError { side, error }) => {
                let file = if side == Side::A { &self.a } else { &self.b };
                let text = format!("{}: {error}", file.display());
                // A file that cannot be opened is a wrong invocation; one that is no executable is
                // an answer.
                if matches!(error, InspectError::Io(_)) {
                    return Err(Failure::invalid(text));
                }
                eprintln!("{text}");
                return Ok(NOT_CONFORMANT);
            }
        };
        if self.json {
            let text = serde_json::to_string_pretty(&comparison).map_err(Failure::broken)?;
            println!("{text}");
        } else {
            print!("{}", render::difference(&comparison));
        }
        Ok(if comparison.equal { CONFORMANT } else { NOT_CONFORMANT })
    }
}

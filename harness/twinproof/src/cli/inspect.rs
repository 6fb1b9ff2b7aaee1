//! `inspect`: describes files, and checks them against expectations.

use crate::exit::{CONFORMANT, Failure, INVALID, NOT_CONFORMANT};
use std::path::{Path, PathBuf};
use twinproof_inspect::{
    Description, Expectation, ExpectedPlatform, InspectError, Options, describe, render,
};

/// Describe files.
#[derive(clap::Args, Debug)]
pub struct Inspect {
    /// Files to describe
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print everything as JSON: a list with an entry for each file
    #[arg(long, conflicts_with = "table")]
    json: bool,
    /// Print a row for each file
    #[arg(long)]
    table: bool,
    /// Read debug information, and look for paths, users and hosts of the build machine
    #[arg(long)]
    deep: bool,
    /// Look for this text too, and fail if a file has it; implies --deep
    #[arg(long, value_name = "PREFIX")]
    leaks: Vec<String>,
    /// Fail unless a file is for this platform, such as linux/arm64 or linux/arm/v7
    #[arg(long, value_name = "PLATFORM")]
    expect: Option<ExpectedPlatform>,
    /// Fail if a file needs a newer glibc than this one, such as 2.31
    #[arg(long, value_name = "VERSION", value_parser = version)]
    max_glibc: Option<String>,
    /// Fail if a file needs a loader or a library
    #[arg(long = "static")]
    fully_static: bool,
}

/// The description of one file, and the expectations that it does not meet.
struct Outcome<'a> {
    file: &'a Path,
    result: Result<Description, InspectError>,
    unmet: Vec<String>,
}

impl Inspect {
    /// Runs the command.
    ///
    /// # Errors
    /// When the descriptions cannot be written as JSON. A file that cannot be read is reported
    /// after the others, and its exit code is [`INVALID`].
    pub fn run(&self) -> Result<u8, Failure> {
        let options =
            Options { deep: self.deep || !self.leaks.is_empty(), leaks: self.leaks.clone() };
        let expectation = Expectation {
            platform: self.expect.clone(),
            max_glibc: self.max_glibc.clone(),
            fully_static: self.fully_static,
            no_asked_leaks: !self.leaks.is_empty(),
        };
        let mut outcomes = Vec::new();
        for file in &self.files {
            let result = describe(file, &options);
            let unmet = result.as_ref().map(|d| expectation.unmet(d)).unwrap_or_default();
            outcomes.push(Outcome { file, result, unmet });
        }
        self.print(&outcomes)?;
        // An unreadable file is no verdict about it, so that it decides over the others.
        if outcomes.iter().any(|one| matches!(one.result, Err(InspectError::Io(_)))) {
            return Ok(INVALID);
        }
        let met = outcomes.iter().all(|one| one.result.is_ok() && one.unmet.is_empty());
        Ok(if met { CONFORMANT } else { NOT_CONFORMANT })
    }

    fn print(&self, outcomes: &[Outcome<'_>]) -> Result<(), Failure> {
        if self.json {
            let all: Vec<serde_json::Value> = outcomes.iter().map(Outcome::json).collect();
            let text = serde_json::to_string_pretty(&all).map_err(Failure::broken)?;
            println!("{text}");
            return Ok(());
        }
        let described: Vec<(String, &Description)> = outcomes
            .iter()
            .filter_map(|one| Some((one.file.display().to_string(), one.result.as_ref().ok()?)))
            .collect();
        if self.table {
            let rows: Vec<(&str, &Description)> =
                described.iter().map(|(name, d)| (name.as_str(), *d)).collect();
            print!("{}", render::table(&rows));
        } else {
            for (name, description) in &described {
                print!("{}", render::description(name, description));
            }
        }
        for one in outcomes {
            let file = one.file.display();
            if let Err(error) = &one.result {
                eprintln!("{file}: {error}");
            }
            for what in &one.unmet {
                eprintln!("{file}: not as expected: {what}");
            }
        }
        Ok(())
    }
}

impl Outcome<'_> {
    fn json(&self) -> serde_json::Value {
        let file = self.file.display().to_string();
        match &self.result {
            Ok(description) => serde_json::json!({
                "file": file, "description": description, "unmet": self.unmet,
            }),
            Err(error) => serde_json::json!({ "file": file, "error": error.to_string() }),
        }
    }
}

/// A version of numbers with dots.
fn version(text: &str) -> Result<String, String> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split('.').all(number) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no version: write numbers with dots, such as 2.31")),
    }
}

//! Pipelines that the suite `masking` is tried with: Twinproof's own with deliberate defects, and two
//! that are as simple as the source document's table implies.

mod dump;
mod naive;
mod plan;

use clap::Parser as _;
use std::path::PathBuf;
use std::process::ExitCode;
use twinproof_masksync_defects::defect::Defect;
use twinproof_masksync_defects::pipeline::{
    Halt, Metrics, Options, Request, Setting, Stop, VerifyOptions, resnapshot, run, unmask, verify,
};
use twinproof_masksync_defects::policy::read;

/// Pipelines that the suite `masking` is tried with.
#[derive(clap::Parser, Debug)]
enum Command {
    /// Twinproof's pipeline, with the defect that TWINPROOF_DEFECT names
    #[command(subcommand)]
    Sync(Sync),
    /// Applies the binlog as it comes: filter on the new row, encrypted phone, REPLACE
    Naive(Plan),
    /// Copies everything again and again: mysqldump, load
    Dump(Plan),
    /// List the defects: name, property, what it does
    Defects,
}

#[derive(clap::Args, Debug)]
struct Plan {
    /// The plan, a JSON file
    #[arg(long)]
    plan: PathBuf,
}

#[derive(clap::Subcommand, Debug)]
enum Sync {
    Run(Policy),
    Verify(Policy),
    Resnapshot {
        #[command(flatten)]
        policy: Policy,
        tables: Vec<String>,
    },
    Unmask {
        #[command(flatten)]
        policy: Policy,
        #[arg(long)]
        table: String,
        #[arg(long)]
        column: String,
        #[arg(long = "key")]
        key: Vec<String>,
        #[arg(long)]
        audit: PathBuf,
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::Args, Debug)]
struct Policy {
    #[arg(long)]
    policy: PathBuf,
    #[arg(long)]
    log_json: bool,
}

impl Policy {
    fn setting(&self) -> anyhow::Result<Setting> {
        let text = std::fs::read_to_string(&self.policy)?;
        let folder = self.policy.parent().unwrap_or(std::path::Path::new("."));
        let name = self.policy.file_name().unwrap_or_default().to_string_lossy();
        Ok(Setting::new(read(&name, &text, folder)?)?)
    }
}

fn main() -> ExitCode {
    // Standard output is for results, which the suite reads.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    match dispatch(&Command::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &Command) -> anyhow::Result<ExitCode> {
    let done = |result: Result<(), Halt>| -> anyhow::Result<ExitCode> {
        result?;
        Ok(ExitCode::SUCCESS)
    };
    match command {
        Command::Naive(plan) => naive::run(&plan::Plan::read(&plan.plan)?),
        Command::Dump(plan) => dump::run(&plan::Plan::read(&plan.plan)?),
        Command::Defects => {
            for (_, name, property, about) in Defect::ALL {
                println!("{name}\t{property}\t{about}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Sync(Sync::Run(policy)) => {
            let setting = policy.setting()?;
            done(run(&setting, &Options::default(), &Metrics::default(), &Stop::default()))
        }
        Command::Sync(Sync::Verify(policy)) => {
            let verified = verify(&policy.setting()?, VerifyOptions::default())?;
            for ((difference, table, column), keys) in &verified.differences {
                println!("{difference:?}: {table}.{column}, {} rows", keys.len());
            }
            // The exit codes that Twinproof's own `verify` has: differences, tables left out, none
            // of both.
            let code = match (verified.differences.is_empty(), verified.skipped.is_empty()) {
                (false, _) => 1,
                (true, false) => 2,
                (true, true) => 0,
            };
            Ok(ExitCode::from(code))
        }
        Command::Sync(Sync::Resnapshot { policy, tables }) => {
            done(resnapshot(&policy.setting()?, tables, &Metrics::default(), &Stop::default()))
        }
        Command::Sync(Sync::Unmask { policy, table, column, key, audit, reason }) => {
            let request = Request {
                table: table.clone(),
                column: column.clone(),
                key: key.clone(),
                // The token comes by standard input, since arguments are visible to every user.
                token: std::io::read_to_string(std::io::stdin())?.trim().to_owned(),
                reason: reason.clone(),
            };
            let value = unmask(&policy.setting()?, &request, audit)?;
            println!("{}", String::from_utf8_lossy(&value.0));
            Ok(ExitCode::SUCCESS)
        }
    }
}

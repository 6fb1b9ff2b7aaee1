//! `sdk`: lists, gets and proves Go SDKs.

use crate::board::Board;
use crate::exit::{CONFORMANT, Failure, NOT_KNOWN};
use crate::progress::SdkProgress;
use crate::sdks;
use std::path::PathBuf;
use twinproof_toolchain::{Error, Listing, Platform, Version};

/// List, get and prove Go SDKs.
#[derive(clap::Args, Debug)]
pub struct Sdk {
    #[command(subcommand)]
    command: SdkCommand,
}

#[derive(clap::Subcommand, Debug)]
enum SdkCommand {
    /// Show the SDKs on PATH and in the cache, and the pinned versions that are absent
    List,
    /// Fetch and verify an SDK, or make it from a verified one where no proxy serves it
    Get {
        /// Version, such as 1.27.3
        version: Version,
        /// Platform, such as windows/amd64; this machine's when absent
        platform: Option<Platform>,
    },
    /// Rebuild an installed SDK from the verified one of this machine and compare every file
    ///
    /// Exits with 0 when it is proved, 1 when files differ, 2 when that is not known, 254 when there
    /// is no SDK.
    Prove {
        /// Root of the SDK, or a folder that contains it
        goroot: PathBuf,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
}

impl Sdk {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no such SDK, or it is not available.
    pub fn run(&self) -> Result<u8, Failure> {
        let toolchains = sdks::toolchains().map_err(Failure::broken)?;
        let board = Board::new();
        let stop = || false;
        match &self.command {
            SdkCommand::List => {
                print!("{}", listing(&toolchains.list()));
                Ok(CONFORMANT)
            }
            SdkCommand::Get { version, platform } => {
                let platform = platform.unwrap_or(toolchains.host());
                let name = format!("{version} {platform}");
                let mut progress = SdkProgress::new(&board, name, &stop);
                match toolchains.get(*version, platform, &mut progress) {
                    Ok(sdk) => {
                        // The board must be gone before the terminal is written to.
                        drop(progress);
                        println!("{}", sdk.goroot.display());
                        println!("  {}, tree {}", sdk.provenance.kind.word(), sdk.tree_hash());
                        Ok(CONFORMANT)
                    }
                    Err(error @ Error::Unserved { .. }) => {
                        drop(progress);
                        eprintln!("{error}");
                        // Not an error: a platform that no server has is known to be missing.
                        Ok(NOT_KNOWN)
                    }
                    Err(error) => Err(Failure::broken(error)),
                }
            }
            SdkCommand::Prove { goroot, json } => {
                let mut progress = SdkProgress::new(&board, "prove".into(), &stop);
                let report = toolchains.prove(goroot, &mut progress).map_err(Failure::invalid)?;
                drop(progress);
                if *json {
                    let text = serde_json::to_string_pretty(&report).map_err(Failure::broken)?;
                    println!("{text}");
                } else {
                    print!("{}", twinproof_toolchain::prove::render(&report));
                }
                Ok(report.status.exit_code())
            }
        }
    }
}

/// A line for each SDK, its path below it.
fn listing(listing: &Listing) -> String {
    let mut text = String::new();
    for found in &listing.found {
        let facts = &found.facts;
        text += &format!("found     {} {}\n", facts.go_version, facts.platform);
        text += &format!("          {}\n", found.command.display());
    }
    for sdk in &listing.cached {
        let kind = sdk.provenance.kind.word();
        text += &format!("{kind:<9} {} {}\n", sdk.version.go_name(), sdk.platform);
        text += &format!("          {}\n", sdk.goroot.display());
    }
    for version in &listing.absent {
        text += &format!("absent    {}: twinproof sdk get {version}\n", version.go_name());
    }
    text
}

//! `attack`: what clients and upstreams can do to the embedded proxy and checksum database, each attack
//! a bounded program with a figure and its limit, beside Debian's nginx where that can be compared.
//!
//! Everything happens on loopback, against servers that are started for it. Where a figure is a ratio,
//! both sides were measured in this run.

mod client;
mod connections;
mod frames;
mod http2;
mod memory;
mod requests;
mod servers;
mod signals;
mod spec;
mod table;
mod upstream;

use crate::bench::release;
use crate::{process, repository};
use anyhow::Context as _;
use servers::Servers;
use std::path::PathBuf;
use std::time::Instant;
use table::Row;
use twinproof::cli::Repository;
use twinproof::{CONFORMANT, NOT_CONFORMANT};

/// Attack the embedded servers on this machine, and nginx beside them
#[derive(clap::Args, Debug)]
pub struct Attack {
    /// Run for less than a minute, with fewer connections and frames
    #[arg(long)]
    quick: bool,
    /// Attacks to run; all when absent
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Name>,
    /// Build a release and attack that, instead of this program
    #[arg(long)]
    release: bool,
    /// Folder for `attack.json`
    #[arg(long, value_name = "DIR", default_value = "target/attack")]
    out: PathBuf,
}

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// HTTP/2: as many requests for a large zip as may be, with windows of one byte
    Window,
    /// TLS: readers that take nothing of a large zip
    SlowTls,
    /// TLS: connections that do nothing
    IdleTls,
    /// Memory of connections, compared with the memory that the servers count for them
    Costs,
    /// Connections that have sent one byte
    OneByte,
    /// Connections that begin and leave
    Leave,
    /// HTTP/2: frames that ask for nothing
    Control,
    /// HTTP/2: streams that are reset at once
    Reset,
    /// HTTP/2: a head without an end, and a small head that unpacks to a large one
    Heads,
    /// Requests that hide another one
    Smuggling,
    /// Requests in two pieces, cut at every byte
    Pieces,
    /// Requests to an upstream that hangs, whose clients leave
    Fetches,
    /// Slow zips and many cold lists at once
    Starving,
    /// Lookups of modules that no server has, with an upstream that hangs
    Lookups,
    /// Malformed answers of an upstream
    Answers,
    /// Zips whose headers are false
    Zips,
    /// SIGHUP and SIGTERM while requests are under way
    Signals,
    /// h2spec, from the Go module proxy
    H2spec,
}

impl Name {
    fn run(self, servers: &Servers) -> anyhow::Result<Vec<Row>> {
        match self {
            Self::Window => memory::window(servers),
            Self::SlowTls => memory::slow_tls(servers),
            Self::IdleTls => memory::idle_tls(servers),
            Self::Costs => memory::costs(servers),
            Self::OneByte => connections::one_byte(servers),
            Self::Leave => connections::leave(servers),
            Self::Control => http2::control(servers),
            Self::Reset => http2::reset(servers),
            Self::Heads => http2::heads(servers),
            Self::Smuggling => requests::smuggling(servers),
            Self::Pieces => requests::pieces(servers),
            Self::Fetches => upstream::fetches(servers),
            Self::Starving => upstream::starving(servers),
            Self::Lookups => upstream::lookups(servers),
            Self::Answers => upstream::answers(servers),
            Self::Zips => upstream::zips(servers),
            Self::Signals => signals::signals(servers),
            Self::H2spec => spec::h2spec(servers),
        }
    }
}

impl Attack {
    /// Attacks, shows a table, writes `attack.json`. Conformant when every limit was kept.
    ///
    /// # Errors
    /// When a server cannot be started, or ends.
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let program = match self.release {
            true => release::program(root)?,
            false => std::env::current_exe().context("this program")?,
        };
        // Thousands of connections at once.
        process::raise_file_limit();
        let begun = Instant::now();
        let servers = Servers::new(program, self.quick)?;
        let all = <Name as clap::ValueEnum>::value_variants();
        let chosen = if self.only.is_empty() { all } else { &self.only };
        let mut rows = Vec::new();
        println!("{}", table::HEADING);
        // One after the other: side by side they would disturb each other's figures.
        for name in chosen {
            for row in name.run(&servers).with_context(|| format!("{name:?}"))? {
                println!("{row}");
                rows.push(row);
            }
        }
        let seconds = begun.elapsed().as_secs();
        let out = root.join(&self.out);
        std::fs::create_dir_all(&out)?;
        let json = serde_json::json!({ "quick": self.quick, "seconds": seconds, "rows": rows });
        let json = serde_json::to_string_pretty(&json)? + "\n";
        // Whole or not at all: an interrupted run must not leave half a file.
        twinproof_base::file::write(&out.join("attack.json"), json.as_bytes())?;
        let passed = rows.iter().filter(|row| !row.holds()).count();
        let (all, path) = (rows.len(), out.join("attack.json"));
        println!("{all} figures, {passed} beyond their limit, {seconds} s; {}", path.display());
        Ok(if passed == 0 { CONFORMANT } else { NOT_CONFORMANT })
    }
}

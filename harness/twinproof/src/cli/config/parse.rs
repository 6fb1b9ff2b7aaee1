//! `config parse`: prints the settings that WSL reads from a file, as JSON.

use crate::exit::{CONFORMANT, Failure};
use serde_json::{Value, json};
use std::path::PathBuf;
use twinproof_wslconf::wslenv::{self, Direction};
use twinproof_wslconf::{Dialect, read, vectors};

/// Largest file that is parsed, in bytes.
const FILE_MAX: u64 = 16 << 20;

/// The kinds of file that `parse` reads.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// `/etc/wsl.conf` of a distribution
    #[value(name = "wsl.conf")]
    WslConf,
    /// `%USERPROFILE%\.wslconfig`
    #[value(name = ".wslconfig")]
    WslConfig,
    /// The value of the variable WSLENV
    #[value(name = "wslenv")]
    Wslenv,
}

/// The file to parse.
#[derive(clap::Args, Debug)]
pub struct Parse {
    /// Kind of the file
    #[arg(long = "as", value_name = "KIND")]
    kind: Kind,
    /// For WSLENV: a variable of the sending side; prints the variables that cross too
    #[arg(long = "env", value_name = "NAME=VALUE")]
    environment: Vec<String>,
    /// File to parse
    file: PathBuf,
}

impl Parse {
    pub fn run(&self) -> Result<u8, Failure> {
        let bytes = read::limited(&self.file, FILE_MAX).map_err(Failure::invalid)?;
        let path = self.file.display().to_string();
        let view = match self.kind {
            Kind::WslConf => vectors::view(Dialect::WslConf, &bytes, &path),
            Kind::WslConfig => vectors::view(Dialect::WslConfig, &bytes, &path),
            Kind::Wslenv => self.wslenv(&bytes)?,
        };
        println!("{view:#}");
        Ok(CONFORMANT)
    }

    fn wslenv(&self, value: &[u8]) -> Result<Value, Failure> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let entry = |entry: wslenv::WslenvEntry| {
            json!({
                "name": text(&entry.name),
                "flags": entry.flags.as_deref().map(text),
                "translated": entry.translated,
                "windows-to-linux": entry.to_linux,
                "linux-to-windows": entry.to_windows,
                "unknown_flag": entry.unknown_flag.map(|flag| text(&[flag])),
            })
        };
        let entries: Vec<Value> = wslenv::entries(value).into_iter().map(entry).collect();
        let mut view = json!({ "file": "WSLENV", "entries": entries });
        // Without variables there is nothing that could cross.
        if self.environment.is_empty() {
            return Ok(view);
        }
        let mut variables = Vec::new();
        for pair in &self.environment {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Failure::invalid(format_args!("--env {pair}: expected NAME=VALUE")));
            };
            variables.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        }
        let machine = vectors::stock_machine().map_err(Failure::broken)?;
        let here = machine.at(b"/").map_err(Failure::broken)?;
        for (name, direction) in
            [("windows-to-linux", Direction::ToLinux), ("linux-to-windows", Direction::ToWindows)]
        {
            let passed = wslenv::pass(&here, direction, Some(value), &variables);
            view[name] = passed.iter().map(|(n, v)| json!([text(n), text(v)])).collect();
        }
        Ok(view)
    }
}

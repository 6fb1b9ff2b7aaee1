//! `mysql`: a MySQL server beside the host's programs, for Debian suites that have MariaDB only.

use anyhow::{Context as _, ensure};
use std::path::Path;
use std::process::Command;
use twinproof::CONFORMANT;

/// The Debian suite that has MySQL.
const SUITE: &str = "sid";
/// The program in the folder that goes on PATH.
const PROGRAM: &str = "mysqld";

/// Install a MySQL server from Debian's packages into the cache
///
/// Debian 12 and 13 have MariaDB only. The packages' files are unpacked into the cache with mmdebstrap,
/// and a small script starts the server with the C library that it was built for. The last line names
/// the folder to put on PATH.
#[derive(clap::Args, Debug)]
pub struct Mysql {}

impl Mysql {
    pub fn run(&self) -> anyhow::Result<u8> {
        ensure!(cfg!(target_os = "linux"), "Debian's packages are for Linux");
        let cache = twinproof::driver_cache()?;
        let place = cache.join("mysql");
        let bin = place.join("bin");
        if !bin.join(PROGRAM).is_file() {
            std::fs::create_dir_all(&cache)?;
            // Made beside its place, so that it is whole or not there.
            let fresh = tempfile::Builder::new().prefix(".mysql-").tempdir_in(&cache)?;
            unpack(&fresh.path().join("root"))?;
            std::fs::create_dir(fresh.path().join("bin"))?;
            script(&fresh.path().join("bin").join(PROGRAM), &place.join("root"))?;
            std::fs::rename(fresh.keep(), &place)?;
        }
        let said = Command::new(bin.join(PROGRAM)).args(["--no-defaults", "--version"]).output()?;
        ensure!(
            said.status.success(),
            "the server does not start: {}",
            String::from_utf8_lossy(&said.stderr).trim()
        );
        println!("{}", String::from_utf8_lossy(&said.stdout).trim());
        println!("{}", bin.display());
        Ok(CONFORMANT)
    }
}

/// Puts the packages' files into a folder, as they are in the packages.
fn unpack(root: &Path) -> anyhow::Result<()> {
    let program = which::which("mmdebstrap")
        .context("mmdebstrap is not on PATH; run: sudo apt-get install --yes mmdebstrap")?;
    eprintln!("unpacking MySQL of Debian {SUITE}: about 450 MB");
    let made = Command::new(program)
        .env("LC_ALL", "C.UTF-8")
        // The suite's Release file may be past its date; its signature is checked.
        .args(["--quiet", "--variant=extract", "--aptopt=Acquire::Check-Valid-Until \"false\""])
        .args(["--include=ca-certificates,mysql-server", SUITE])
        .arg(root)
        .status()?;
    ensure!(made.success(), "mmdebstrap ended with {made}; it needs root or user namespaces");
    Ok(())
}

/// Writes the program that starts the server.
fn script(path: &Path, root: &Path) -> anyhow::Result<()> {
    let root = root.display();
    let text = format!(
        "#!/bin/sh\nr='{root}'\nexec \"$r/usr/lib64/ld-linux-x86-64.so.2\" --library-path \
         \"$r/usr/lib/x86_64-linux-gnu\" \"$r/usr/sbin/mysqld\" \"$@\" \
         --lc-messages-dir=\"$r/usr/share/mysql\" \
         --character-sets-dir=\"$r/usr/share/mysql/charsets\" \
         --plugin-dir=\"$r/usr/lib/mysql/plugin\"\n"
    );
    std::fs::write(path, text)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

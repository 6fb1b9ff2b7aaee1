//! Pairs of servers, each used by one history at a time, and kept for the next.

use crate::Error;
use crate::server::{Flavour, Program, Server};
use std::sync::{Mutex, PoisonError};

const COMMON: [&str; 5] = [
    "--log-bin=bin",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    // A source whose number is 0 refuses replicas.
    "--server-id=1",
];
const MYSQL: [&str; 2] = ["--gtid-mode=ON", "--enforce-gtid-consistency=ON"];

/// A source and a staging server.
pub struct Pair {
    /// The source.
    pub source: Server,
    /// Staging.
    pub staging: Server,
    /// Number of histories run with this pair.
    pub used: u32,
}

impl Pair {
    /// Starts both.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(program: &Program) -> Result<Self, Error> {
        Self::start_with(program, &[], &[])
    }

    /// Starts both with further flags of the source and of staging.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start_with(program: &Program, source: &[&str], staging: &[&str]) -> Result<Self, Error> {
        let own: &[&str] = if program.flavour == Flavour::Mysql { &MYSQL } else { &[] };
        let flags: Vec<&str> = COMMON.iter().chain(own).chain(source).copied().collect();
        // Without a log: staging is no one's source, and writes are cheaper.
        let staging_flags = [&["--skip-log-bin"], staging].concat();
        let (source, staging) = std::thread::scope(|scope| {
            // Both at the same time: a server takes seconds to start.
            let source = scope.spawn(|| Server::start(program, &flags));
            let staging = Server::start(program, &staging_flags);
            let broken = || Error::Broken("a thread that starts a database broke".to_owned());
            (source.join().unwrap_or_else(|_| Err(broken())), staging)
        });
        Ok(Self { source: source?, staging: staging?, used: 0 })
    }
}

/// Pairs that no history uses now. They end when this is dropped.
#[derive(Default)]
pub struct Pool(Mutex<Vec<Pair>>);

impl Pool {
    /// A pair of that program, from those that are free or started now.
    ///
    /// # Errors
    /// When none can be started.
    pub fn take(&self, program: &Program) -> Result<Pair, Error> {
        let free = {
            let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // MySQL and MariaDB differ in their logs and positions; a pair is of one of them.
            let at = free.iter().position(|pair| pair.source.flavour() == program.flavour);
            at.map(|at| free.remove(at))
        };
        match free {
            Some(pair) => Ok(pair),
            None => Pair::start(program),
        }
    }

    /// Gives a pair back. One whose servers were left in doubt is dropped instead.
    pub fn give(&self, pair: Pair) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(pair);
    }
}

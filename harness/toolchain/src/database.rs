//! The checksum database's answer about toolchains, found by cmd/go's rules.
//!
//! Each origin of the GOPROXY list is asked for `/sumdb/NAME/supported`: 200 means that the
//! database is always to be reached through it, 404 and 410 mean the next one, and after the last
//! the database itself is asked. Everything else ends the search. An inclusion proof and the signed
//! tree are verified by [`twinproof_sumdb::Client`]; comparing strings is the last step only.
//!
//! GOSUMDB=off does not count: cmd/go verifies toolchains all the same.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use twinproof_gomod::H1;
use twinproof_gomod::goproxy::{Miss, ProxyList, without_user};
use twinproof_sumdb::client::{DirStore, MAX_RESPONSE};
use twinproof_sumdb::{
    Client, Fetch, FetchError, LookupError, LookupProof, PUBLIC_DATABASE, PUBLIC_KEY,
};

use crate::error::Error;
use crate::http::{Http, Reply};
use crate::platform::Platform;
use crate::version::{TOOLCHAIN_MODULE, Version};

/// An answer of the checksum database that anyone can check again, offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseProof {
    /// The database's name.
    pub database: String,
    /// The URL below which it was reached, without user info.
    pub via: String,
    /// The zip's hash.
    pub zip: H1,
    /// The record, its inclusion proof and the signed tree.
    pub proof: LookupProof,
}

/// Whether the database has a record of a toolchain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// The database has a record, with this hash.
    Yes(Box<DatabaseProof>),
    /// The database has no record, or refuses access: the answers, with the servers that gave them.
    No(String),
}

/// A checksum database with records of toolchains. There is one real one; tests bring a double.
pub trait Database: Send + Sync {
    /// The hash of the toolchain zip of this version and platform, with its proof.
    ///
    /// # Errors
    /// When it cannot be reached, or when a signature or a proof is wrong.
    fn vouch(&self, version: Version, platform: Platform) -> Result<Vouched, Error>;
}

/// Go's public database.
pub(crate) struct PublicDatabase<'a> {
    pub(crate) http: &'a Http,
    pub(crate) list: &'a ProxyList,
    /// The folder for tree heads and tiles.
    pub(crate) store: PathBuf,
}

struct At<'a> {
    http: &'a Http,
    base: String,
}

impl Fetch for At<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        match self.http.get(&format!("{}{path}", self.base), MAX_RESPONSE as u64) {
            Ok(Reply::Found(body)) => Ok(body),
            Ok(Reply::Status(status)) => Err(FetchError::from_status(status)),
            Err(error) => Err(FetchError::Transport(error.to_string())),
        }
    }
}

impl PublicDatabase<'_> {
    /// The URL below which the database is.
    fn base(&self) -> Result<String, Error> {
        let found = self.list.find(|proxy| {
            let base = format!("{}/sumdb/{PUBLIC_DATABASE}", proxy.base());
            // Only the status counts. The body is bounded because a captive portal answers with a
            // page.
            match self.http.get(&format!("{base}/supported"), 1 << 16) {
                Ok(Reply::Found(_)) => Ok(base),
                Ok(Reply::Status(404 | 410)) => Err(Miss::NotFound(None)),
                Ok(Reply::Status(status)) => {
                    let name = proxy.name();
                    let reason =
                        format!("{name} answers status {status} when asked whether it relays it");
                    let name = PUBLIC_DATABASE.to_owned();
                    Err(Miss::Failed(Some(Error::Database { name, reason })))
                }
                Err(error) => Err(Miss::Failed(Some(error))),
            }
        });
        found.or_else(|unfound| match unfound.miss {
            Some(Miss::Failed(Some(error))) => Err(error),
            _ => Ok(format!("https://{PUBLIC_DATABASE}")),
        })
    }
}

impl Database for PublicDatabase<'_> {
    fn vouch(&self, version: Version, platform: Platform) -> Result<Vouched, Error> {
        let fail = |reason: String| Error::Database { name: PUBLIC_DATABASE.to_owned(), reason };
        let base = self.base()?;
        let via = without_user(&base);
        let fetch = At { http: self.http, base };
        let client = Client::new(PUBLIC_KEY, fetch, DirStore::new(&self.store))
            .map_err(|error| fail(error.to_string()))?;
        let module_version = version.module_version(platform);
        let proof = match client.lookup_with_proof(TOOLCHAIN_MODULE, &module_version) {
            Ok(found) => found,
            Err(LookupError::Fetch {
                path,
                source: FetchError::NotFound | FetchError::Refused,
                // Only for the record itself does "not found" mean that the database has none; a
                // tile that is not found is a broken database.
            }) if path.starts_with("/lookup/") => {
                return Ok(Vouched::No(format!("the checksum database at {via} does not know it")));
            }
            Err(LookupError::Fetch { source: FetchError::Transport(reason), .. }) => {
                return Err(Error::Network { origin: via, reason });
            }
            Err(error) => return Err(fail(error.to_string())),
        };
        let zip = proof
            .record
            .lines()
            .find_map(|line| {
                let mut fields = line.split(' ');
                let whole = fields.next() == Some(TOOLCHAIN_MODULE)
                    && fields.next() == Some(module_version.as_str());
                fields.next().filter(|_| whole)?.parse::<H1>().ok()
            })
            .ok_or_else(|| fail(format!("its record for {module_version} has no h1 of the zip")))?;
        let database = PUBLIC_DATABASE.to_owned();
        Ok(Vouched::Yes(Box::new(DatabaseProof { database, via, zip, proof })))
    }
}

//! `sumdb`: makes, fills, checks and serves a checksum database.

use crate::database::{Database, Served};
use crate::exit::{CONFORMANT, Failure};
use crate::on_demand::OnDemand;
use crate::records::{Found, from_download, from_go_sum};
use crate::serving::{announce, begin_log, block_on, release_signals};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use twinproof_gomod::goproxy::ProxyList;
use twinproof_httpd::{Hangup, Server, Settings, Tls, handed_over, stop_signal};
use twinproof_modproxy::config::{Format, Log, memory, parse_bytes};
use twinproof_sumdb::note::Signer;
use twinproof_sumdb::server::Store;
use twinproof_sumdb::server::store::Reader;

/// Make, fill and serve a checksum database.
#[derive(clap::Args, Debug)]
pub struct Sumdb {
    #[command(subcommand)]
    command: SumdbCommand,
}

#[derive(clap::Subcommand, Debug)]
enum SumdbCommand {
    /// Make a signer key, and print its verifier key for GOSUMDB
    Key {
        /// Name of the database, such as sum.corp.example
        #[arg(long)]
        name: String,
        /// File for the signer key; it must not exist
        #[arg(long)]
        out: PathBuf,
    },
    /// Serve a database until SIGTERM or ^C
    ///
    /// Makes an empty database where there is none, and serves what `add` publishes meanwhile.
    Serve(Serve),
    /// Add records, and publish them all at once
    ///
    /// A module version that has a record already keeps it.
    Add(Add),
    /// Read a whole database and check records, hashes, index and head against each other
    ///
    /// Changes nothing. The database may be served and added to meanwhile.
    Check(DatabaseFiles),
    /// Rebuild the index of a database from its records
    ///
    /// Clients do not verify the index: the records and their hashes stay as they are.
    Rebuild(DatabaseFiles),
}

#[derive(clap::Args, Debug)]
struct Serve {
    /// Address to listen at, host:port; port 0 chooses a free port
    #[arg(long, env = "TWINPROOF_SUMDB_LISTEN", default_value = "127.0.0.1:8081")]
    listen: String,
    #[command(flatten)]
    log: DatabaseFiles,
    /// Certificate chain of the server, PEM; serves TLS when given
    #[arg(long, env = "TWINPROOF_SUMDB_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the server's certificate, PEM
    #[arg(long, env = "TWINPROOF_SUMDB_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Add module versions when clients look them up, from these proxies, in GOPROXY's syntax;
    /// `sumdb add` is refused then
    #[arg(long, env = "TWINPROOF_SUMDB_UPSTREAM", value_name = "LIST")]
    upstream: Option<ProxyList>,
    /// Authorities to trust besides the system's, PEM
    #[arg(long, env = "TWINPROOF_SUMDB_UPSTREAM_CA", value_name = "PATH")]
    upstream_ca: Option<PathBuf>,
    /// Client certificate towards upstreams, PEM
    #[arg(long, env = "TWINPROOF_SUMDB_UPSTREAM_CLIENT_CERT", value_name = "PATH")]
    #[arg(requires = "upstream_client_key")]
    upstream_client_cert: Option<PathBuf>,
    /// Private key of the client certificate, PEM
    #[arg(long, env = "TWINPROOF_SUMDB_UPSTREAM_CLIENT_KEY", value_name = "PATH")]
    #[arg(requires = "upstream_client_cert")]
    upstream_client_key: Option<PathBuf>,
    /// Hosts beside their own that upstreams may redirect to [storage.googleapis.com]
    #[arg(long, env = "TWINPROOF_SUMDB_UPSTREAM_REDIRECTS", value_name = "LIST")]
    #[arg(value_delimiter = ',')]
    upstream_redirects: Vec<String>,
    /// Memory limit of the process, such as 512MiB; clients wait or are turned away before it is
    /// exceeded
    #[arg(long, env = "TWINPROOF_SUMDB_MEMORY_LIMIT", value_name = "BYTES")]
    #[arg(default_value = "512MiB", value_parser = memory_limit)]
    memory_limit: u64,
    /// Log level (error, warn, info, debug, trace), or directives
    #[arg(long, env = "TWINPROOF_SUMDB_LOG_LEVEL", default_value = "info")]
    log_level: String,
}

#[derive(clap::Args, Debug)]
struct Add {
    #[command(flatten)]
    log: DatabaseFiles,
    /// A go.sum file; adds each module version that has both of its lines there
    #[arg(long, value_name = "FILE")]
    go_sum: Vec<PathBuf>,
    /// A folder such as GOMODCACHE/cache/download; adds each zip in it
    #[arg(long, value_name = "DIR")]
    download: Vec<PathBuf>,
}

/// The files of a database.
#[derive(clap::Args, Debug)]
struct DatabaseFiles {
    /// Folder of the database
    #[arg(long, env = "TWINPROOF_SUMDB_STORE")]
    store: PathBuf,
    /// File of the signer key, made by `twinproof sumdb key`
    #[arg(long, env = "TWINPROOF_SUMDB_KEY")]
    key: PathBuf,
}

impl DatabaseFiles {
    fn signer(&self) -> Result<Signer, Failure> {
        let signer = Signer::read_file(&self.key).map_err(Failure::invalid)?;
        // A warning, not a refusal: a mounted secret may not be under the user's control.
        if let Some(why) = twinproof_base::file::exposure(&self.key) {
            eprintln!("warning: the signer key {}: {why}", self.key.display());
        }
        Ok(signer)
    }

    fn check(&self) -> Result<u8, Failure> {
        let verifier = self.signer()?.verifier().clone();
        let reader = Reader::open(&self.store, verifier).map_err(Failure::invalid)?;
        reader.check().map_err(Failure::invalid)?;
        println!(
            "{} records, all as they should be",
            reader.head().map_err(Failure::invalid)?.size
        );
        Ok(CONFORMANT)
    }

    fn rebuild(&self) -> Result<u8, Failure> {
        let store = Store::rebuild(&self.store, self.signer()?).map_err(Failure::invalid)?;
        store.check().map_err(Failure::invalid)?;
        println!("the index of {} records is made anew", store.head().size);
        Ok(CONFORMANT)
    }

    /// Opens the database for writing.
    fn open(&self) -> Result<Store, Failure> {
        Store::open(&self.store, self.signer()?).map_err(Failure::invalid)
    }
}

impl Sumdb {
    /// Runs the command.
    ///
    /// # Errors
    /// When the database or the key cannot be used.
    pub fn run(&self) -> Result<u8, Failure> {
        match &self.command {
            SumdbCommand::Key { name, out } => key(name, out),
            SumdbCommand::Serve(serve) => serve.run(),
            SumdbCommand::Add(add) => add.run(),
            SumdbCommand::Check(place) => place.check(),
            SumdbCommand::Rebuild(place) => place.rebuild(),
        }
    }
}

fn memory_limit(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "write a number of bytes, such as 512MiB".to_owned())
}

fn key(name: &str, out: &Path) -> Result<u8, Failure> {
    let signer = Signer::generate(name).map_err(Failure::invalid)?;
    signer.create_file(out).map_err(Failure::invalid)?;
    println!("{}", signer.verifier().encode());
    Ok(CONFORMANT)
}

impl Serve {
    fn run(&self) -> Result<u8, Failure> {
        let access = true;
        let _log = begin_log(&Log { format: Format::Text, level: self.log_level.clone(), access })?;
        let mut settings = Settings::new(&self.listen);
        settings.access_log = access;
        settings.limits.memory =
            memory::for_clients(self.memory_limit, 0).map_err(Failure::invalid)?;
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            settings.tls = Some(Tls::new(cert, key));
        }
        block_on(async move {
            // Before anything else: from here on no signal ends the process but as it should.
            let (stop, _hangup) = (stop_signal(), Hangup::new());
            release_signals();
            if let Some(upstream) = &self.upstream {
                let store = self.log.open()?;
                let key = store.key();
                let client = self.client()?;
                let log =
                    OnDemand::new(store, upstream.clone(), client).map_err(Failure::invalid)?;
                return serve(settings, &key, log, stop).await;
            }
            let reader = self.reader()?;
            let key = reader.key();
            serve(settings, &key, reader, stop).await
        })
    }

    /// The client towards upstreams: the proxy's own.
    fn client(&self) -> Result<reqwest::Client, Failure> {
        let mut settings = twinproof_modproxy::Settings::new("");
        settings.tls.ca.clone_from(&self.upstream_ca);
        settings.tls.cert.clone_from(&self.upstream_client_cert);
        settings.tls.key.clone_from(&self.upstream_client_key);
        if !self.upstream_redirects.is_empty() {
            settings.redirects.clone_from(&self.upstream_redirects);
        }
        twinproof_modproxy::client(&settings).map_err(Failure::invalid)
    }

    /// The database for reading, so that another process may add to it. It is made where there is
    /// none.
    fn reader(&self) -> Result<Reader, Failure> {
        let signer = self.log.signer()?;
        let verifier = signer.verifier().clone();
        if let Ok(reader) = Reader::open(&self.log.store, verifier.clone()) {
            return Ok(reader);
        }
        // Made and closed again: `serve` reads only, so that `sumdb add` may write meanwhile.
        drop(self.log.open()?);
        Reader::open(&self.log.store, verifier).map_err(Failure::invalid)
    }
}

/// Serves a log until SIGTERM or ^C.
async fn serve(
    settings: Settings,
    key: &str,
    log: impl Served,
    stop: impl Future<Output = ()>,
) -> Result<u8, Failure> {
    let socket = handed_over().map_err(Failure::invalid)?.into_iter().next();
    let server = Server::bind_or_take(settings, socket).map_err(Failure::invalid)?;
    tracing::info!(key, "serving");
    // After the socket listens: scripts wait for this line before they connect.
    announce(&server.url())?;
    let drained = server.run(Arc::new(Database::new(log)), stop).await;
    tracing::info!(connections = drained.open, cut = drained.cut, "stopped");
    Ok(CONFORMANT)
}

impl Add {
    fn run(&self) -> Result<u8, Failure> {
        let mut found = Found::default();
        for path in &self.go_sum {
            from_go_sum(path, &mut found).map_err(Failure::invalid)?;
        }
        for folder in &self.download {
            from_download(folder, &mut found).map_err(Failure::invalid)?;
        }
        // All records are read before the database is opened: a wrong line must not leave half of a
        // file added.
        let store = self.log.open()?;
        let before = store.head().size;
        for record in &found.records {
            store.add(&record.module, &record.version, &record.text).map_err(|error| {
                Failure::invalid(format!("{}@{}: {error}", record.module, record.version))
            })?;
        }
        let head = store.publish().map_err(Failure::broken)?;
        let added = head.size - before;
        let known = (found.records.len() as u64).saturating_sub(added);
        println!("{added} added, {known} known, {} left out, {} in all", found.left_out, head.size);
        Ok(CONFORMANT)
    }
}

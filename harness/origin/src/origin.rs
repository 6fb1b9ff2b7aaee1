//! The origin: what it is set up with, its listeners, and what tests ask of it.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use twinproof_model::Rule;

use crate::authority::Identity;
use crate::catalogue::Catalogue;
use crate::connection::{self, Site};
use crate::corpus::{Corpus, CorpusError};
use crate::database::{Database, OWN_NAME, ROOT_NAME, SLASHED_NAME};
use crate::protocol::{ROOT, Service};
use crate::record::{Log, Request};
use crate::release::Module;
use crate::rules::Rules;
use crate::server::{Server, Shared};
use crate::tls::{Authorities, BadTls, ClientCertificate, TlsError};
use crate::wire::conn::Conn;

/// The modules, databases and rules of an origin.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Folders of module archives: `src/cmd/go/testdata/mod` of a Go distribution.
    pub corpora: Vec<PathBuf>,
    /// Modules on top, in place of those with the same path and version.
    pub modules: Vec<Module>,
    /// Faults.
    pub rules: Vec<Rule>,
}

/// An error in setting up an origin or a part of it.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// A corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A listener cannot be had.
    #[error("listening on a loopback port")]
    Listen(#[source] io::Error),
    /// The database has no key.
    #[error("making the key of the checksum database")]
    Key,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A listener beside the plain one. Each is started at its first use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Listener {
    Tls,
    Mutual,
    /// For the checksum database alone, at its root.
    Database,
    Bad(BadTls),
}

/// A scriptable upstream. It serves from its start until it is dropped.
pub struct Origin {
    plain: Server,
    secure: Mutex<BTreeMap<Listener, Server>>,
    authorities: Mutex<Option<Arc<Authorities>>>,
    site: Arc<Site>,
}

impl Origin {
    /// Starts an origin on a loopback port of its own.
    ///
    /// # Errors
    /// When a corpus cannot be read, or there is no port.
    pub fn start(setup: Setup) -> Result<Self, OriginError> {
        let corpora = setup.corpora.iter().map(|folder| Corpus::open(folder));
        let corpora = corpora.collect::<Result<Vec<_>, _>>()?;
        let service = Service {
            catalogue: Catalogue::new(setup.modules, corpora),
            own: Database::named(OWN_NAME).ok_or(OriginError::Key)?,
            slashed: Database::named(SLASHED_NAME).ok_or(OriginError::Key)?,
            root: Database::named(ROOT_NAME).ok_or(OriginError::Key)?,
            cmd_go: setup.corpora.iter().find_map(|folder| Database::of_cmd_go(folder)),
        };
        let site = Arc::new(Site { service, rules: Rules::new(setup.rules), log: Log::new() });
        let own = Arc::clone(&site);
        let handler = move |stream: TcpStream, shared: &Arc<Shared>| {
            if let Ok(held) = shared.hold(&stream) {
                connection::serve(Conn::plain(stream), &own, "", &shared.stop, held);
            }
        };
        let plain = Server::start(Arc::new(handler)).map_err(OriginError::Listen)?;
        Ok(Self { plain, secure: Mutex::default(), authorities: Mutex::default(), site })
    }

    /// Its base URL, without a slash at the end: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.plain.address())
    }

    /// The same under TLS, with a certificate for `localhost`, `127.0.0.1` and `::1`.
    ///
    /// # Errors
    /// When TLS cannot be set up. So for all that follow.
    pub fn url_tls(&self) -> Result<String, OriginError> {
        self.secure(Listener::Tls)
    }

    /// The same under TLS, where only clients with a certificate of the origin's authority get
    /// through the handshake.
    ///
    /// # Errors
    /// As [`Origin::url_tls`].
    pub fn url_mutual_tls(&self) -> Result<String, OriginError> {
        self.secure(Listener::Mutual)
    }

    /// A base URL whose TLS is wrong.
    ///
    /// # Errors
    /// As [`Origin::url_tls`].
    pub fn url_tls_bad(&self, kind: BadTls) -> Result<String, OriginError> {
        self.secure(Listener::Bad(kind))
    }

    /// The certificate of the origin's authority, PEM.
    ///
    /// # Errors
    /// As [`Origin::url_tls`].
    pub fn ca_pem(&self) -> Result<String, OriginError> {
        Ok(self.authorities()?.own.pem())
    }

    /// A new client certificate, whose subject is `CN=client.example`.
    ///
    /// # Errors
    /// As [`Origin::url_tls`].
    pub fn client_cert(&self, kind: ClientCertificate) -> Result<Identity, OriginError> {
        Ok(self.authorities()?.client(kind)?)
    }

    /// A new certificate by the origin's authority.
    ///
    /// # Errors
    /// When the names are not ones.
    pub fn issue(&self, spec: &crate::CertificateSpec) -> Result<Identity, OriginError> {
        Ok(self.authorities()?.own.issue(spec).map_err(TlsError::from)?)
    }

    fn authorities(&self) -> Result<Arc<Authorities>, OriginError> {
        let mut slot = self.authorities.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(authorities) = &*slot {
            return Ok(Arc::clone(authorities));
        }
        Ok(Arc::clone(slot.insert(Arc::new(Authorities::new()?))))
    }

    fn secure(&self, which: Listener) -> Result<String, OriginError> {
        // Listeners with TLS start when they are asked for: making keys takes longer than most
        // cases.
        let mut open = self.secure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = open.get(&which) {
            return Ok(format!("https://{}", server.address()));
        }
        let authorities = self.authorities()?;
        let config = match which {
            Listener::Tls | Listener::Database => Some(authorities.server(None, false)?),
            Listener::Mutual => Some(authorities.server(None, true)?),
            Listener::Bad(BadTls::Plain) => None,
            Listener::Bad(kind) => Some(authorities.server(Some(kind), false)?),
        };
        let site = Arc::clone(&self.site);
        let handler = move |stream: TcpStream, shared: &Arc<Shared>| {
            let Ok(held) = shared.hold(&stream) else { return };
            if let Some(conn) = handshake(stream, config.as_ref()) {
                let base = if which == Listener::Database { ROOT } else { "" };
                connection::serve(conn, &site, base, &shared.stop, held);
            }
        };
        let server = Server::start(Arc::new(handler)).map_err(OriginError::Listen)?;
        let url = format!("https://{}", server.address());
        open.insert(which, server);
        Ok(url)
    }

    /// The name of its own checksum database.
    #[must_use]
    pub fn sumdb_name(&self) -> &'static str {
        OWN_NAME
    }

    /// The verifier key of its own checksum database, as GOSUMDB takes it. One for all origins of a
    /// process.
    #[must_use]
    pub fn sumdb_key(&self) -> String {
        self.site.service.own.key().to_owned()
    }

    /// The URL of its own checksum database, for clients that ask it directly.
    #[must_use]
    pub fn sumdb_url(&self) -> String {
        format!("{}/db", self.url())
    }

    /// Name, verifier key and URL of a second checksum database of its own, whose name has a slash.
    #[must_use]
    pub fn slashed_sumdb(&self) -> (String, String, String) {
        let database = &self.site.service.slashed;
        let url = format!("{}/slashed-db", self.url());
        (database.name().to_owned(), database.key().to_owned(), url)
    }

    /// Name, verifier key and URL of a third one: at the root of a host under TLS.
    ///
    /// # Errors
    /// As [`Origin::url_tls`].
    pub fn root_sumdb(&self) -> Result<(String, String, String), OriginError> {
        let database = &self.site.service.root;
        let url = self.secure(Listener::Database)?;
        Ok((database.name().to_owned(), database.key().to_owned(), url))
    }

    /// Name and verifier key of the database of cmd/go's tests, when a corpus came with it.
    #[must_use]
    pub fn cmd_go_sumdb(&self) -> Option<(String, String)> {
        let database = self.site.service.cmd_go.as_ref()?;
        Some((database.name().to_owned(), database.key().to_owned()))
    }

    /// The lines that its databases record for a module version, when it has it and it has a sum.
    #[must_use]
    pub fn sums(&self, path: &str, version: &str) -> Option<String> {
        self.site.service.catalogue.find(path, version)?.sums()
    }

    /// The versions of a module, pseudo-versions included, lowest first.
    #[must_use]
    pub fn versions(&self, path: &str) -> Option<Vec<String>> {
        self.site.service.catalogue.versions(path)
    }

    /// Other rules, whose counters start anew.
    pub fn script(&self, rules: Vec<Rule>) {
        self.site.rules.replace(rules);
    }

    /// The requests so far, in order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.site.log.requests(0)
    }

    /// The requests from the one with this number.
    #[must_use]
    pub fn requests_from(&self, number: u64) -> Vec<Request> {
        self.site.log.requests(number)
    }

    /// Waits until `n` requests have arrived since the start or the last clearing, at most for
    /// `limit`; whether they have.
    #[must_use]
    pub fn wait_for(&self, n: u64, limit: Duration) -> bool {
        self.site.log.wait_for(n, limit)
    }

    /// Forgets the requests.
    pub fn clear(&self) {
        self.site.log.clear();
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Origin").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Time limit of a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(30);

fn handshake(mut stream: TcpStream, config: Option<&Arc<ServerConfig>>) -> Option<Conn> {
    let Some(config) = config else { return Some(Conn::plain(stream)) };
    let mut connection = ServerConnection::new(Arc::clone(config)).ok()?;
    stream.set_read_timeout(Some(HANDSHAKE)).ok()?;
    while connection.is_handshaking() {
        // rustls keeps the alert for the error in its buffer; the client's message says only `EOF`
        // without it.
        if connection.complete_io(&mut stream).is_err() {
            // The alert, which says why, goes out as far as it can.
            let _ = connection.write_tls(&mut stream);
            Conn::plain(stream).cut();
            return None;
        }
    }
    Some(Conn::tls(StreamOwned::new(connection, stream)))
}

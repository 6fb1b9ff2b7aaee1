//! Connections: verified TLS, or plain text over a socket or the loopback interface.

use super::redact::{Failed, without_values};
use crate::binlog::{Charsets, Flavour};
use crate::defect::{Defect, has};
use crate::policy::{Address, Endpoint};
use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder, SslOpts};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// No TCP connection takes longer to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// No server takes longer to be connected to, greet, and take the user's name.
const GREETING: Duration = Duration::from_secs(20);
/// No answer is waited for longer.
const ANSWER: Duration = Duration::from_secs(600);

/// The purpose of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asking for rows; texts in statements are UTF-8, results come as they are stored.
    Ask,
    /// Writing rows; statements are bytes, and nothing is changed by the server on its own.
    Write,
    /// Reading the binlog.
    Stream,
}

/// A way to one server.
#[derive(Clone, Debug)]
pub struct Connector {
    address: Address,
    what: &'static str,
}

/// A connection.
pub struct Session {
    /// The connection itself.
    pub conn: Conn,
    /// The kind of server.
    pub flavour: Flavour,
    /// The server's version, as it reports it.
    pub version: String,
}

impl Connector {
    /// A connector to a server, which messages call `what`.
    #[must_use]
    pub fn new(address: Address, what: &'static str) -> Self {
        Self { address, what }
    }

    /// Connects.
    ///
    /// # Errors
    /// When the server is out of reach, refuses, or is not what its certificate says.
    pub fn connect(&self, role: Role) -> Result<Session, Failed> {
        let doing = format!("connecting to {}", self.what);
        let failed =
            |why: String| Failed { doing: doing.clone(), why, code: None, unreachable: false };
        let password = self.address.password().map_err(|e| failed(e.to_string()))?;
        let mut opts = OptsBuilder::new()
            .user(Some(&self.address.user))
            .pass(password.as_deref().map(String::as_str))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(CONNECT))
            .read_timeout(Some(ANSWER))
            .write_timeout(Some(ANSWER))
            // Texts of statements differ each time, and each prepared one stays open on the server.
            .stmt_cache_size(0);
        opts = match &self.address.endpoint {
            Endpoint::Socket(path) => {
                let path =
                    path.to_str().ok_or_else(|| failed("the socket's path is no UTF-8".into()))?;
                opts.socket(Some(path))
            }
            Endpoint::Tcp(host, port) => opts.ip_or_hostname(Some(host)).tcp_port(*port),
        };
        let tls = !self.address.is_local() || self.address.ca.is_some();
        if tls {
            let mut tls = SslOpts::default();
            if let Some(ca) = &self.address.ca {
                tls = tls.with_root_cert_path(Some(ca.clone()));
            }
            opts = opts.ssl_opts(tls);
        }
        let reported = |e: mysql::Error| {
            let mut failed = without_values(&doing, &e);
            if tls && matches!(e, mysql::Error::DriverError(mysql::DriverError::TlsNotSupported)) {
                failed.why = "the server offers no TLS, and plain text goes to a socket or this \
                              machine only, where no `ca` is named"
                    .to_owned();
                failed.unreachable = false;
            }
            failed
        };
        let mut conn = match greeted(opts) {
            Some(made) => made.map_err(reported)?,
            None => {
                let why = format!(
                    "nothing that answers as MySQL or MariaDB do within {} s",
                    GREETING.as_secs()
                );
                return Err(Failed { unreachable: true, ..failed(why) });
            }
        };
        let version: Option<String> = conn.query_first("SELECT VERSION()").map_err(reported)?;
        let version = version.unwrap_or_default();
        let flavour = if version.contains("MariaDB") { Flavour::Mariadb } else { Flavour::Mysql };
        for statement in settings(role, flavour) {
            let statement = match has(Defect::AutoNumber) {
                true => statement.replace("NO_AUTO_VALUE_ON_ZERO,", ""),
                false => (*statement).to_owned(),
            };
            conn.query_drop(statement).map_err(reported)?;
        }
        Ok(Session { conn, flavour, version })
    }
}

/// A new connection, or nothing when the server does not greet in time.
fn greeted(opts: OptsBuilder) -> Option<mysql::Result<Conn>> {
    // The library knows one limit for every read, and a statement may take minutes. Something that is
    // no database would be waited for as long: the first four bytes of a mail server's greeting are
    // the length of a packet that never comes. The thread that is left ends at that limit.
    let (made, greeting) = mpsc::sync_channel(1);
    let connect = move || drop(made.send(Conn::new(opts)));
    match thread::Builder::new().name("connect".to_owned()).spawn(connect) {
        Ok(_) => greeting.recv_timeout(GREETING).ok(),
        Err(error) => Some(Err(error.into())),
    }
}

/// The statements that each connection runs first.
fn settings(role: Role, flavour: Flavour) -> &'static [&'static str] {
    // A 0 in an AUTO_INCREMENT column is a value of the source, and must not become the next
    // number. ALLOW_INVALID_DATES keeps `2024-02-30`, which a source may hold.
    const MODE: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,\
                        ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION'";
    match (role, flavour) {
        (Role::Ask, _) => &[
            "SET NAMES utf8mb4",
            // The server then sends texts in their column's own character set, unconverted.
            "SET character_set_results = NULL",
            "SET SESSION time_zone = '+00:00'",
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ALLOW_INVALID_DATES'",
        ],
        (Role::Write, Flavour::Mysql) => &[
            "SET NAMES utf8mb4",
            "SET character_set_results = NULL",
            "SET SESSION time_zone = '+00:00'",
            MODE,
            "SET SESSION foreign_key_checks = 0",
            "SET SESSION unique_checks = 1",
            "SET SESSION innodb_lock_wait_timeout = 20",
        ],
        (Role::Write, Flavour::Mariadb) => &[
            "SET NAMES utf8mb4",
            "SET character_set_results = NULL",
            "SET SESSION time_zone = '+00:00'",
            MODE,
            "SET SESSION foreign_key_checks = 0",
            "SET SESSION check_constraint_checks = 0",
            "SET SESSION innodb_lock_wait_timeout = 20",
        ],
        (Role::Stream, _) => &["SET NAMES utf8mb4"],
    }
}

impl Session {
    /// Runs a statement.
    ///
    /// # Errors
    /// When the server does not; `doing` is what it was for.
    pub fn run(&mut self, doing: &str, sql: &str) -> Result<(), Failed> {
        self.conn.query_drop(sql).map_err(|e| without_values(doing, &e))
    }

    /// The first column of the query's first row as text; `None` for NULL or no row.
    ///
    /// # Errors
    /// When the query fails.
    pub fn text(&mut self, doing: &str, sql: &str) -> Result<Option<String>, Failed> {
        let row: Option<Option<Vec<u8>>> =
            self.conn.query_first(sql).map_err(|e| without_values(doing, &e))?;
        Ok(row.flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Rows of texts; NULL is the empty text.
    ///
    /// # Errors
    /// When the server gives none.
    pub fn texts(&mut self, doing: &str, sql: &str) -> Result<Vec<Vec<String>>, Failed> {
        let rows: Vec<mysql::Row> = self.conn.query(sql).map_err(|e| without_values(doing, &e))?;
        let text = |value: mysql::Value| match value {
            mysql::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            mysql::Value::Int(n) => n.to_string(),
            mysql::Value::UInt(n) => n.to_string(),
            _ => String::new(),
        };
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    }

    /// The server's collations.
    ///
    /// # Errors
    /// When it does not say.
    pub fn charsets(&mut self) -> Result<Charsets, Failed> {
        let sql = match self.flavour {
            Flavour::Mysql => {
                "SELECT CAST(ID AS CHAR), CHARACTER_SET_NAME FROM information_schema.COLLATIONS"
            }
            Flavour::Mariadb => {
                "SELECT CAST(ID AS CHAR), CHARACTER_SET_NAME FROM \
                 information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
            }
        };
        let rows = self.texts("reading the collations", sql)?;
        let known = rows.iter().filter_map(|row| Some((row[0].parse().ok()?, row[1].as_str())));
        Ok(Charsets::new(known))
    }
}

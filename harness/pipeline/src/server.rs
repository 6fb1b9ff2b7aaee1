//! Servers of MySQL or MariaDB of the run's own, on private folders and sockets.

use crate::Error;
use mysql::{Conn, OptsBuilder};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use twinproof_process::{Launch, Live, Start, Stdin, Variables, run};

/// A server that is not ready by then does not start.
const READY: Duration = Duration::from_secs(90);
/// Most bytes kept of what making a data folder prints.
const OUTPUT: u64 = 1 << 20;

/// The kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

/// The variable that chooses the server: `mysql` or `mariadb`.
pub const SERVER: &str = "TWINPROOF_DATABASE";

/// A program that serves.
#[derive(Clone, Debug)]
pub struct Program {
    /// The kind of server.
    pub flavour: Flavour,
    /// Path of the program.
    pub path: PathBuf,
    /// Its version, as it reports it.
    pub version: String,
}

impl Program {
    /// The server that is on PATH: MariaDB's or MySQL's, or the one that is asked for. Where the
    /// variable [`SERVER`] is `mysql` or `mariadb`, whatever is asked for has to be that.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(asked: Option<Flavour>) -> Result<Self, Error> {
        let wanted = match std::env::var(SERVER).unwrap_or_default().as_str() {
            "" => None,
            "mysql" => Some(Flavour::Mysql),
            "mariadb" => Some(Flavour::Mariadb),
            _ => return Err(Error::Broken(format!("{SERVER} is neither `mysql` nor `mariadb`"))),
        };
        let asked = match (asked, wanted) {
            (Some(asked), Some(wanted)) if asked != wanted => {
                return Err(Error::OtherServer(SERVER));
            }
            (asked, wanted) => asked.or(wanted),
        };
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<PathBuf> =
            // Debian keeps servers there, and an ordinary user's PATH does not name it.
            std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin")]).collect();
        for (flavour, name) in [(Flavour::Mariadb, "mariadbd"), (Flavour::Mysql, "mysqld")] {
            if asked.is_some_and(|asked| asked != flavour) {
                continue;
            }
            for path in folders.iter().map(|f| f.join(name)).filter(|p| p.is_file()) {
                let Ok(version) = said(&path) else { continue };
                // A `mysqld` that is MariaDB's by another name is no MySQL.
                if version.contains("Maria") == (flavour == Flavour::Mariadb) {
                    return Ok(Self { flavour, path, version });
                }
            }
        }
        let name = match asked {
            Some(Flavour::Mysql) => "mysqld of MySQL",
            Some(Flavour::Mariadb) => "mariadbd",
            None => "mariadbd or mysqld",
        };
        Err(Error::NoDatabase(name))
    }
}

impl Program {
    /// Every server that is on PATH, MariaDB's first.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let flavours = [Flavour::Mariadb, Flavour::Mysql];
        flavours.into_iter().filter_map(|flavour| Self::find(Some(flavour)).ok()).collect()
    }
}

/// A server program's output of `--version`.
fn said(path: &Path) -> std::io::Result<String> {
    let args = ["--no-defaults", "--version"].map(OsString::from).to_vec();
    let ended = run(started(path, args, Path::new("/")))?;
    Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned())
}

fn started<'a>(program: &'a Path, args: Vec<OsString>, cwd: &'a Path) -> Start<'a> {
    Start {
        program,
        args,
        variables: Variables::Inherited(&[]),
        cwd,
        stdin: Stdin::Null,
        limit: READY,
        output_limit: OUTPUT,
        grace: None,
    }
}

/// A server that runs. It ends, and its data goes, when this is dropped.
pub struct Server {
    program: Program,
    live: Option<Live>,
    flags: Vec<String>,
    folder: TempDir,
}

impl Server {
    /// Starts a server with these flags besides what it needs.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Program, flags: &[&str]) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("twinproof-db-")
            .tempdir()
            .map_err(Error::io("a folder"))?;
        let flags = flags.iter().map(|f| (*f).to_owned()).collect();
        let mut server = Self { program: program.clone(), live: None, flags, folder };
        server.initialize()?;
        server.launch()?;
        Ok(server)
    }

    /// The socket that it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        // Short: the path of a socket holds 108 bytes on Linux and 104 elsewhere.
        self.folder.path().join("s")
    }

    /// The folder with its data and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The kind of server.
    #[must_use]
    pub fn flavour(&self) -> Flavour {
        self.program.flavour
    }

    fn flag(&self, name: &str, file: &str) -> OsString {
        format!("--{name}={}", self.folder.path().join(file).display()).into()
    }

    /// The servers run as root only with an option.
    fn user(&self) -> Option<OsString> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let root = std::fs::metadata(self.folder.path()).is_ok_and(|m| m.uid() == 0);
            // The servers refuse to run as root without this option.
            root.then(|| "--user=root".into())
        }
        #[cfg(not(unix))]
        None
    }

    fn initialize(&self) -> Result<(), Error> {
        let mut args: Vec<OsString> = vec!["--no-defaults".into()];
        let program = match self.program.flavour {
            Flavour::Mysql => {
                args.push("--initialize-insecure".into());
                self.program.path.clone()
            }
            Flavour::Mariadb => {
                args.push("--auth-root-authentication-method=normal".into());
                args.push("--skip-test-db".into());
                which::which("mariadb-install-db")
                    .map_err(|_| Error::NoDatabase("mariadb-install-db"))?
            }
        };
        args.extend([self.flag("datadir", "data"), self.flag("tmpdir", "")]);
        args.extend(self.user());
        let ended =
            run(started(&program, args, self.folder.path())).map_err(Error::io("a database"))?;
        if ended.code == Some(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        Err(Error::Broken(format!("a database cannot be made: {said}")))
    }

    fn launch(&mut self) -> Result<(), Error> {
        let log = self.folder.path().join("log");
        let mut args: Vec<OsString> = vec!["--no-defaults".into()];
        args.extend(self.user());
        args.extend([
            self.flag("datadir", "data"),
            self.flag("tmpdir", ""),
            self.flag("socket", "s"),
            self.flag("pid-file", "pid"),
        ]);
        for flag in [
            // Sockets only: no port to be taken, and no one else's program connects.
            "--skip-networking",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=64M",
            // Histories kill pipelines, not the machine: what the kernel has is safe, and a sync at
            // each commit would be most of the time.
            "--innodb-flush-log-at-trx-commit=2",
            "--sync-binlog=0",
        ] {
            args.push(flag.into());
        }
        if self.program.flavour == Flavour::Mysql {
            // The X plugin listens on a socket of a fixed name in /tmp, so that two servers would
            // collide.
            args.extend(["--mysqlx=OFF".into(), "--secure-file-priv=NULL".into()]);
        }
        args.extend(self.flags.iter().map(OsString::from));
        // A server that was killed leaves its socket: a look at it would say nothing of the new one.
        let _ = std::fs::remove_file(self.socket());
        let env: BTreeMap<String, String> = std::env::vars().collect();
        let log_file = File::options().create(true).append(true).open(&log);
        let live = Live::start(Launch {
            program: &self.program.path,
            args,
            env: &env,
            cwd: self.folder.path(),
            log: log_file.map_err(Error::io("a log"))?,
        });
        let mut live = live.map_err(Error::io("a database"))?;
        let until = Instant::now() + READY;
        while self.connect("root").is_err() {
            let ended = live.ended().is_ok_and(|ended| ended.is_some());
            if ended || Instant::now() > until {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Error::Broken(format!("a database does not start: {said}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.live = Some(live);
        Ok(())
    }

    /// Kills it, and starts it again on the same data.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.live = None;
        self.launch()
    }

    /// A connection as a user without a password.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn connect(&self, user: &str) -> Result<Conn, Error> {
        let socket = self.socket();
        let opts = OptsBuilder::new()
            .user(Some(user))
            .socket(socket.to_str())
            .prefer_socket(false)
            // Tables are made anew between histories; a cached statement would be of the old one.
            .stmt_cache_size(0)
            .init(vec!["SET NAMES utf8mb4", "SET SESSION time_zone = '+00:00'"]);
        Ok(Conn::new(opts)?)
    }
}

//! Servers of MySQL and MariaDB that a test starts for itself, on a private folder and socket.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::requirement::{Requirement, Unavailable};

/// A server that is not ready by then does not start.
const READY: Duration = Duration::from_secs(90);

/// The product: MySQL or MariaDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MySQL.
    Mysql,
    /// MariaDB.
    Mariadb,
}

/// A running server. Dropping this stops it and removes its data.
#[derive(Debug)]
pub struct Database {
    /// Whose it is.
    pub kind: Kind,
    program: PathBuf,
    folder: TempDir,
    child: Option<Child>,
    flags: Vec<String>,
}

/// The servers that can be started here, at least one.
///
/// # Errors
/// When there is none, and none need be.
pub fn databases() -> Result<Vec<(Kind, PathBuf)>, Unavailable> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian puts servers into /usr/sbin, which an ordinary user has not on PATH.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let folders: Vec<PathBuf> = folders.collect();
    let find = |name: &str| folders.iter().map(|f| f.join(name)).find(|p| p.is_file());
    let mut found = Vec::new();
    if let Some(program) = find("mariadbd") {
        found.push((Kind::Mariadb, program));
    }
    // A `mysqld` that is MariaDB's by another name is no MySQL.
    if let Some(program) = find("mysqld").filter(|program| is_mysql(program)) {
        found.push((Kind::Mysql, program));
    }
    if found.is_empty() {
        return Err(Requirement::Mysql.unavailable("neither mariadbd nor mysqld is on PATH"));
    }
    Ok(found)
}

fn is_mysql(program: &Path) -> bool {
    let output = Command::new(program).args(["--no-defaults", "--version"]).output();
    output
        .is_ok_and(|o| o.status.success() && !String::from_utf8_lossy(&o.stdout).contains("Maria"))
}

impl Database {
    /// Starts a server with these flags besides what it needs.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(kind: Kind, program: &Path, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags = flags.iter().map(|f| (*f).to_owned()).collect();
        let mut database = Self { kind, program: program.to_owned(), folder, child: None, flags };
        database.initialize();
        database.run();
        database
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The socket that it listens on.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// The folder with its data and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder for temporary tables: servers that share one remove each other's.
    fn temporary(&self) -> String {
        format!("--tmpdir={}", self.folder.path().display())
    }

    fn user(&self) -> Option<&'static str> {
        // The servers refuse to run as root unless `--user=root` says so.
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            (std::fs::metadata(self.folder.path()).unwrap().uid() == 0).then_some("--user=root")
        }
        #[cfg(not(unix))]
        None
    }

    fn initialize(&self) {
        let data = format!("--datadir={}", self.data().display());
        let mut command = match self.kind {
            Kind::Mysql => {
                let mut command = Command::new(&self.program);
                command.args(["--no-defaults", "--initialize-insecure", &data]);
                command
            }
            Kind::Mariadb => {
                let install = which::which("mariadb-install-db").unwrap();
                let mut command = Command::new(install);
                command.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
                command.args(["--skip-test-db", &data]);
                command
            }
        };
        let output = command.arg(self.temporary()).args(self.user()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&mut self) {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(&self.program);
        command
            .arg("--no-defaults")
            .args(self.user())
            .arg(self.temporary())
            .arg(format!("--datadir={}", self.data().display()))
            .arg(format!("--socket={}", self.socket().display()))
            .arg(format!("--pid-file={}", self.folder.path().join("pid").display()))
            .args(["--skip-networking", "--skip-name-resolve", "--innodb-buffer-pool-size=64M"])
            // No test depends on surviving a power failure; with a sync for each commit they take
            // five times as long.
            .args(["--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0"])
            .args(&self.flags)
            .stdout(Stdio::null())
            .stderr(log);
        if self.kind == Kind::Mysql {
            // The X plugin listens on a socket of a fixed name in /tmp, so that two servers would
            // collide.
            command.args(["--mysqlx=OFF", "--secure-file-priv=NULL"]);
        }
        let _ = std::fs::remove_file(self.socket());
        self.child = Some(command.spawn().unwrap());
        let until = Instant::now() + READY;
        while !self.is_ready() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            let late = Instant::now() > until;
            assert!(ended.is_none() && !late, "{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether a server answers at the socket.
    #[cfg(unix)]
    fn is_ready(&self) -> bool {
        use std::io::Read as _;
        let Ok(mut stream) = std::os::unix::net::UnixStream::connect(self.socket()) else {
            return false;
        };
        // The server speaks first.
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        stream.read(&mut [0; 1]).is_ok_and(|n| n == 1)
    }

    #[cfg(not(unix))]
    fn is_ready(&self) -> bool {
        self.socket().exists()
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it without a warning, and starts it again on the same data.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.end();
        self.run();
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.end();
    }
}

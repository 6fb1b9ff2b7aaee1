//! A broker of Kafka of the run's own: one process in KRaft mode, on a private folder and free ports.

use crate::Error;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{DirEntry, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use twinproof_process::{Launch, Live, Start, Stdin, Variables, run};
use twinproof_toolchain::Cache;

/// The version of Kafka that `cargo xtask ci` provides.
pub const KAFKA: &str = "4.2.0";
/// The variable that names a folder with Kafka's jars.
pub const JARS: &str = "TWINPROOF_KAFKA";

/// A broker that is not ready by then does not start.
const READY: Duration = Duration::from_secs(90);
/// Most bytes kept of what making a data folder prints.
const OUTPUT: u64 = 1 << 20;
/// A port that is free when it is asked for may be another's when it is used.
const TRIES: u32 = 3;
/// An identity of a cluster, which is nobody else's: the broker is seen on this machine only.
const CLUSTER: &str = "dHdpbnByb29mLXRlc3RlZA";
/// A small heap, and the quick compiler: a broker of a test lives for seconds.
const JAVA: [&str; 3] = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/// Kafka: a Java runtime and the jars.
#[derive(Clone, Debug)]
pub struct Kafka {
    java: PathBuf,
    jars: PathBuf,
}

impl Kafka {
    /// The folder of the user's cache that Kafka's jars are provided in.
    ///
    /// # Errors
    /// When there is no cache.
    pub fn provided() -> Result<PathBuf, Error> {
        let cache = Cache::of_user().map_err(|e| Error::Broken(e.to_string()))?;
        Ok(cache.root().join("tools").join(format!("kafka-{KAFKA}")))
    }

    /// Java on PATH, and the jars that the variable [`JARS`] names or that are provided.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn find() -> Result<Self, Error> {
        let java = which::which("java").map_err(|_| Error::NoKafka("there is no java on PATH"))?;
        let jars = match std::env::var_os(JARS) {
            Some(folder) => PathBuf::from(folder),
            None => Self::provided()?,
        };
        let core = format!("kafka_2.13-{KAFKA}.jar");
        let is_there = std::fs::read_dir(&jars).is_ok_and(|mut files| {
            files.any(|f| f.is_ok_and(|f| f.file_name().to_string_lossy() == *core))
        });
        match is_there {
            true => Ok(Self { java, jars }),
            false => Err(Error::NoKafka(
                "there are no jars of Kafka: `cargo xtask ci --only provide` gets them, or \
                 TWINPROOF_KAFKA names their folder",
            )),
        }
    }

    fn args(&self, class: &str, rest: &[&str]) -> Vec<OsString> {
        let mut args: Vec<OsString> = JAVA.iter().map(Into::into).collect();
        args.extend(["-cp".into(), self.jars.join("*").into_os_string(), class.into()]);
        args.extend(rest.iter().map(Into::into));
        args
    }
}

/// A broker that runs. It ends, and its data goes, when this is dropped.
pub struct Broker {
    kafka: Kafka,
    live: Option<Live>,
    port: u16,
    other: u16,
    folder: TempDir,
}

impl Broker {
    /// Starts a broker with these settings besides what it needs. In a setting's value `{port}` is a
    /// free port for a further listener.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(kafka: &Kafka, settings: &[(&str, &str)]) -> Result<Self, Error> {
        let mut last = Error::NoKafka("it was not started");
        for _ in 0..TRIES {
            let folder = tempfile::Builder::new()
                .prefix("twinproof-kafka-")
                .tempdir()
                .map_err(Error::io("a folder"))?;
            let [port, controller, other] = free_ports()?;
            let mut broker = Self { kafka: kafka.clone(), live: None, port, other, folder };
            broker.write(controller, settings)?;
            broker.format()?;
            match broker.launch() {
                Ok(()) => return Ok(broker),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The port of plain text.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of the further listener, where there is one.
    #[must_use]
    pub fn other_port(&self) -> u16 {
        self.other
    }

    /// The folder with the segments of all topics.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("server.properties")
    }

    fn write(&self, controller: u16, settings: &[(&str, &str)]) -> Result<(), Error> {
        let plain = format!("PLAINTEXT://127.0.0.1:{}", self.port);
        let mut all = BTreeMap::from([
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", "1".to_owned()),
            ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            // Of the further listeners, too, which are called as their protocols are.
            (
                "listener.security.protocol.map",
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"
                    .to_owned(),
            ),
            ("listeners", format!("{plain},CONTROLLER://127.0.0.1:{controller}")),
            ("advertised.listeners", plain),
            ("log.dirs", self.data().display().to_string()),
            ("auto.create.topics.enable", "false".to_owned()),
            // One broker has one replica, and topics of its own with one partition are made sooner.
            ("offsets.topic.replication.factor", "1".to_owned()),
            ("offsets.topic.num.partitions", "1".to_owned()),
            ("transaction.state.log.replication.factor", "1".to_owned()),
            ("transaction.state.log.min.isr", "1".to_owned()),
            ("transaction.state.log.num.partitions", "1".to_owned()),
            ("log.cleaner.dedupe.buffer.size", "4194304".to_owned()),
            ("log.index.size.max.bytes", "65536".to_owned()),
        ]);
        for (name, value) in settings {
            let value = value.replace("{port}", &self.other.to_string());
            // A further listener stands beside the plain one.
            match *name {
                "listeners" | "advertised.listeners" => {
                    let listeners = all.entry(name).or_default();
                    listeners.push(',');
                    listeners.push_str(&value);
                }
                _ => {
                    all.insert(name, value);
                }
            }
        }
        let text: String = all.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        std::fs::write(self.settings(), text).map_err(Error::io("the broker's settings"))
    }

    /// Makes the data folder: the first time in this process by Kafka's own tool, a Java program that
    /// takes a second, afterwards from what that one made. Each broker is a cluster of its own, so equal
    /// identities do no harm.
    fn format(&self) -> Result<(), Error> {
        static MADE: Mutex<BTreeMap<OsString, Vec<u8>>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = Error::io("the broker's data");
        if made.is_empty() {
            self.format_by_kafka()?;
            let read = |entry: std::io::Result<DirEntry>| {
                let entry = entry?;
                Ok((entry.file_name(), std::fs::read(entry.path())?))
            };
            let files = std::fs::read_dir(self.data()).and_then(|all| all.map(read).collect());
            *made = files.map_err(failed)?;
            return Ok(());
        }
        std::fs::create_dir(self.data()).map_err(&failed)?;
        for (name, bytes) in &*made {
            std::fs::write(self.data().join(name), bytes).map_err(&failed)?;
        }
        Ok(())
    }

    fn format_by_kafka(&self) -> Result<(), Error> {
        let settings = self.settings().display().to_string();
        let args = ["format", "-t", CLUSTER, "-c", &settings];
        let ended = run(Start {
            program: &self.kafka.java,
            args: self.kafka.args("kafka.tools.StorageTool", &args),
            variables: Variables::Inherited(&[]),
            cwd: self.folder.path(),
            stdin: Stdin::Null,
            limit: READY,
            output_limit: OUTPUT,
            grace: None,
        })
        .map_err(Error::io("Java"))?;
        if ended.code == Some(0) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        Err(Error::Broken(format!("a broker's folder cannot be made: {said}")))
    }

    fn launch(&mut self) -> Result<(), Error> {
        let log = self.folder.path().join("log");
        let file = File::options().create(true).append(true).open(&log);
        let env: BTreeMap<String, String> = std::env::vars().collect();
        let live = Live::start(Launch {
            program: &self.kafka.java,
            args: self.kafka.args("kafka.Kafka", &[&self.settings().display().to_string()]),
            env: &env,
            cwd: self.folder.path(),
            log: file.map_err(Error::io("a log"))?,
        });
        let mut live = live.map_err(Error::io("Java"))?;
        let until = Instant::now() + READY;
        while !answers(self.port) {
            let ended = live.ended().is_ok_and(|ended| ended.is_some());
            if ended || Instant::now() > until {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Error::Broken(format!("a broker does not start: {said}")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.live = Some(live);
        Ok(())
    }

    /// Kills it. It is not there until it is started again.
    pub fn kill(&mut self) {
        self.live = None;
    }

    /// Kills it, and starts it again on the same data and port.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.kill();
        self.launch()
    }

    /// All bytes of all segments of topics whose names begin so: what was committed and what was not.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn segments(&self, prefix: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let folders = std::fs::read_dir(self.data()).map_err(Error::io("the broker's data"))?;
        for folder in folders.filter_map(Result::ok) {
            let name = folder.file_name().to_string_lossy().into_owned();
            if name.starts_with(prefix) && folder.path().is_dir() {
                files(&folder.path(), &mut bytes)?;
            }
        }
        Ok(bytes)
    }
}

/// All bytes of a folder's files, each after its name.
fn files(folder: &Path, bytes: &mut Vec<u8>) -> Result<(), Error> {
    let files = std::fs::read_dir(folder).map_err(Error::io("the broker's data"))?;
    // Indexes have places in segments, and are made larger than they are filled.
    let is_index = |path: &Path| path.extension().is_some_and(|e| e == "index" || e == "timeindex");
    let files = files.filter_map(Result::ok).filter(|f| f.path().is_file() && !is_index(&f.path()));
    for file in files {
        bytes.extend_from_slice(file.file_name().to_string_lossy().as_bytes());
        bytes.push(b'\n');
        bytes.extend(std::fs::read(file.path()).map_err(Error::io("a segment"))?);
        bytes.push(b'\n');
    }
    Ok(())
}

/// Three ports that nobody listens on now.
fn free_ports() -> Result<[u16; 3], Error> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(Error::io("a port"));
    // All are held until all are known: they differ.
    let (one, two, three) = (listen()?, listen()?, listen()?);
    let port = |l: &TcpListener| l.local_addr().map(|a| a.port()).map_err(Error::io("a port"));
    Ok([port(&one)?, port(&two)?, port(&three)?])
}

/// Whether a broker answers the request for its versions, the one that needs nothing before it.
fn answers(port: u16) -> bool {
    // Length 10, ApiVersions (18) in version 0, number 1, no client's name.
    const ASK: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
    let ask = || -> std::io::Result<[u8; 8]> {
        let place = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream = TcpStream::connect_timeout(&place, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(&ASK)?;
        let mut answer = [0; 8];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer[4..] == [0, 0, 0, 1])
}

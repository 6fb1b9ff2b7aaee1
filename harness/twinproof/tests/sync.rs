//! `twinproof sync` as a program: killed at any moment, and its files searched for production values.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder};
use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use twinproof_pipeline::{Pair, Program, Server};
use twinproof_testkit::{Outcome, Requirement, Unavailable};

/// How often the pipeline is killed, unless this variable says.
const KILLS: (&str, u32) = ("TWINPROOF_KILLS", 12);
const RING: &str = "[[key]]\nid = 1\nstate = \"primary\"\n\
    secret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
const POLICY: &str = r#"
[keys]
file = "keys.toml"
pinned = 1
[class.phone]
mask = { randomised = {} }
[class.mail]
mask = { deterministic = {} }
[[table]]
name = "shop.users"
where = "user_type NOT IN ('VIP', 'CORP')"
[table.columns]
id = "public"
user_type = "public"
n = "public"
phone = "phone"
mail = "mail"
"#;

struct World {
    source: Server,
    staging: Server,
    folder: TempDir,
}

/// The servers that are here, at least one.
fn programs() -> Result<Vec<Program>, Unavailable> {
    let programs = Program::all();
    match programs.is_empty() {
        true => Err(Requirement::Mysql.unavailable("neither mariadbd nor mysqld is on PATH")),
        false => Ok(programs),
    }
}

fn connect(database: &Server) -> Conn {
    let opts = OptsBuilder::new().user(Some("root")).socket(database.socket().to_str());
    Conn::new(opts.prefer_socket(false)).unwrap()
}

fn run_all(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        let done = conn.query_drop(statement);
        assert!(done.is_ok(), "{statement}: {done:?}");
    }
}

impl World {
    fn new(program: &Program) -> Self {
        // Staging logs every statement: search that log for production values, too.
        let Pair { source, staging, .. } =
            Pair::start_with(program, &[], &["--general-log=ON"]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), RING).unwrap();
        let server = |name: &str, database: &Server| {
            format!("[{name}]\nurl = \"mysql://sync@{}\"\n", database.socket().display())
        };
        let policy = server("source", &source) + &server("staging", &staging) + POLICY;
        std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
        let world = Self { source, staging, folder };
        let columns = "user_type VARCHAR(16), n INT";
        run_all(
            &mut connect(&world.source),
            &[
                "CREATE DATABASE shop",
                &format!(
                    "CREATE TABLE shop.users (id INT PRIMARY KEY, {columns}, phone VARCHAR(20), \
                 mail VARCHAR(40)) DEFAULT CHARSET utf8mb4"
                ),
                "CREATE USER sync@localhost",
                "GRANT SELECT ON shop.users TO sync@localhost",
            ],
        );
        run_all(
            &mut connect(&world.staging),
            &[
                "CREATE DATABASE shop",
                "CREATE USER sync@localhost",
                "GRANT ALL ON *.* TO sync@localhost",
            ],
        );
        world
    }

    /// The pipeline does what `check` announces.
    fn mend(&self) {
        let said = self.sync("check", &[]);
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.contains("GRANT REPLICATION SLAVE ON *.* TO 'sync'@'localhost';"), "{said}");
        run_all(
            &mut connect(&self.source),
            &["GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO sync@localhost"],
        );
        run_all(
            &mut connect(&self.staging),
            &["CREATE TABLE shop.users (id INT PRIMARY KEY, user_type VARCHAR(16), n INT, \
             phone VARCHAR(160) CHARACTER SET ascii COLLATE ascii_bin, \
             mail VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin) DEFAULT CHARSET utf8mb4"],
        );
        for line in said.lines().map(str::trim) {
            if line.starts_with("CREATE DATABASE") || line.starts_with("CREATE TABLE IF") {
                run_all(&mut connect(&self.staging), &[line]);
            }
        }
        let said = self.sync("check", &[]);
        let told = String::from_utf8_lossy(&said.stdout);
        assert_eq!(said.status.code(), Some(0), "{told}");
        assert!(told.contains("nothing is missing: 1 tables can be copied"), "{told}");
    }

    fn command(&self, command: &str, args: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_twinproof"));
        program.args(["sync", command, "--policy"]).arg(self.folder.path().join("policy.toml"));
        program.args(args);
        program
    }

    fn sync(&self, command: &str, args: &[&str]) -> Output {
        self.command(command, args).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts the pipeline; its log is added to a file.
    fn start(&self) -> Child {
        let log = self.folder.path().join("log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = self.command("run", &["--log-level", "debug"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }
}

/// A number that looks random, from a counter.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Phones of the workload, by their number.
fn phone(n: u64) -> String {
    format!("139{:08}", mixed(n) % 100_000_000)
}

/// Changes rows until it is stopped; gives how many changes there were.
fn work(source: &Server, ends: &AtomicBool) -> u64 {
    let mut conn = connect(source);
    let mut n = 0;
    while !ends.load(Ordering::Relaxed) {
        conn.query_drop("START TRANSACTION").unwrap();
        for _ in 0..1 + mixed(n) % 8 {
            n += 1;
            let id = mixed(n * 3) % 500;
            let class = ["N", "VIP", "vip", "M"][(mixed(n * 5) % 4) as usize];
            let phone = phone(n);
            conn.query_drop(match mixed(n * 7) % 10 {
                0 | 1 => format!("DELETE FROM shop.users WHERE id = {id}"),
                2 => format!("UPDATE shop.users SET user_type = '{class}' WHERE id = {id}"),
                3 => format!(
                    "UPDATE IGNORE shop.users SET id = {} WHERE id = {id}",
                    mixed(n * 11) % 500
                ),
                _ => format!(
                    "INSERT INTO shop.users VALUES ({id}, '{class}', {n}, '{phone}', '{phone}@x') \
                     ON DUPLICATE KEY UPDATE n = {n}, phone = '{phone}'"
                ),
            })
            .unwrap();
        }
        let undone = mixed(n * 13).is_multiple_of(10);
        conn.query_drop(if undone { "ROLLBACK" } else { "COMMIT" }).unwrap();
    }
    n
}

/// The files below a folder that have any of some texts. All are longer than eight bytes.
fn occurrences(folder: &Path, needles: &[Vec<u8>]) -> Vec<String> {
    let mut by_start: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    let mut starts = vec![false; 1 << 16];
    let pair = |bytes: &[u8]| usize::from(bytes[0]) << 8 | usize::from(bytes[1]);
    for needle in needles {
        by_start.entry(&needle[..8]).or_default().push(needle);
        starts[pair(needle)] = true;
    }
    let mut found = Vec::new();
    for file in twinproof_testkit::files_in(folder) {
        // Sockets are no files that can be read.
        let Ok(bytes) = std::fs::read(folder.join(&file)) else { continue };
        let mut at = 0;
        while at + 8 <= bytes.len() {
            if bytes[at] != 0 && starts[pair(&bytes[at..])] {
                let listed = by_start.get(&bytes[at..at + 8]);
                if listed.is_some_and(|all| all.iter().any(|n| bytes[at..].starts_with(n))) {
                    found.push(file);
                    break;
                }
            }
            at += 1;
        }
    }
    found
}

/// A text as leaks have it: plain, hexadecimal, base64 in three alignments, UTF-16.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec()];
    let hex: String = text.bytes().map(|b| format!("{b:02x}")).collect();
    forms.push(hex.to_uppercase().into_bytes());
    forms.push(hex.into_bytes());
    for pad in 0..3 {
        let padded = [&b"\0\0"[..pad], text.as_bytes()].concat();
        let encoded = BASE64_STANDARD.encode(&padded);
        // Characters that depend on what comes before or after are left out.
        let first = [0, 2, 3][pad];
        let whole = padded.len() / 3 * 4;
        forms.push(encoded.as_bytes()[first..whole].to_vec());
    }
    forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    forms
}

#[test]
fn nothing_is_lost_doubled_or_leaked_when_it_is_killed() -> Outcome {
    let kills = std::env::var(KILLS.0).ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS.1);
    for program in programs()? {
        let kind = program.flavour;
        let world = World::new(&program);
        world.mend();
        let ends = AtomicBool::new(false);
        let changes = std::thread::scope(|scope| {
            let worker = scope.spawn(|| work(&world.source, &ends));
            for i in 0..kills {
                let mut child = world.start();
                std::thread::sleep(Duration::from_millis(mixed(u64::from(i)) % 700));
                child.kill().unwrap();
                child.wait().unwrap();
            }
            ends.store(true, Ordering::Relaxed);
            worker.join().unwrap()
        });
        let last = world.sync("run", &["--until-now", "--once"]);
        assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
        let verified = world.sync("verify", &[]);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert_eq!(verified.status.code(), Some(0), "{kind:?}: {said}");
        println!("{kind:?}: {kills} kills, {changes} changes, {said}");

        let needles: Vec<Vec<u8>> = (1..=changes)
            .step_by((changes as usize / 200).max(1))
            .flat_map(|n| forms(&phone(n)))
            .collect();
        assert!(!occurrences(world.source.folder(), &needles).is_empty(), "nothing to be found");
        let found = occurrences(world.staging.folder(), &needles);
        assert!(found.is_empty(), "{kind:?}: {found:?}");
        let found = occurrences(world.folder.path(), &needles);
        assert!(found.is_empty(), "{kind:?}: {found:?}");
    }
    Ok(())
}

#[test]
fn a_token_is_read_by_who_holds_the_key_and_that_is_recorded() -> Outcome {
    use std::io::Write as _;
    for program in programs()? {
        let world = World::new(&program);
        world.mend();
        run_all(
            &mut connect(&world.source),
            &["INSERT INTO shop.users VALUES (7, 'N', 1, '13900001111', 'a@x')"],
        );
        assert!(world.sync("run", &["--until-now", "--once"]).status.success());
        let token: Option<String> =
            connect(&world.staging).query_first("SELECT phone FROM shop.users").unwrap();
        let token = token.unwrap();
        let audit = world.folder.path().join("audit");
        let unmask = |key: &str| {
            let audit = audit.to_str().unwrap();
            let args = ["--table", "shop.users", "--column", "phone", "--key", key];
            let mut command = world.command("unmask", &args);
            command.args(["--audit", audit, "--reason", "a test"]);
            let mut child = command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        };
        assert_eq!(unmask("7").stdout, b"13900001111\n");
        let moved = unmask("8");
        assert_eq!((moved.status.code(), moved.stdout.len()), (Some(254), 0));
        let recorded = std::fs::read_to_string(&audit).unwrap();
        assert_eq!(recorded.lines().count(), 2);
        assert!(recorded.lines().next().unwrap().contains("\"outcome\":\"read\""), "{recorded}");
        assert!(recorded.contains("\"outcome\":\"refused\""), "{recorded}");
        assert!(!recorded.contains("13900001111") && !recorded.contains(&token), "{recorded}");
    }
    Ok(())
}

/// A program that does not outlive a test that fails.
#[cfg(unix)]
struct Guarded(Child);

#[cfg(unix)]
impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Pass after pass, until a signal ends it.
#[cfg(unix)]
#[test]
fn continuous_verify_reports_a_changed_cell_until_it_is_repaired() -> Outcome {
    use nix::sys::signal::{Signal, kill};
    use std::io::{BufRead as _, BufReader};
    for program in programs()? {
        let world = World::new(&program);
        world.mend();
        let row = "INSERT INTO shop.users VALUES (7, 'N', 1, '13900001111', 'a@x')";
        run_all(&mut connect(&world.source), &[row]);
        assert!(world.sync("run", &["--until-now", "--once"]).status.success());

        let mut command =
            world.command("verify", &["--continuous", "1", "--metrics", "127.0.0.1:0"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut verify = Guarded(child);
        let mut lines = BufReader::new(verify.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.find_map(|line| Some(line[line.find("http://")?..].trim().to_owned()));
        let url = url.unwrap();
        let differing = || {
            let mut answer = ureq::get(format!("{url}/metrics")).call().unwrap();
            let text = answer.body_mut().read_to_string().unwrap();
            let value =
                text.lines().find_map(|l| l.strip_prefix("twinproof_sync_verify_differing_rows "));
            value.unwrap().to_owned()
        };
        let mut pass = || {
            let mut said = Vec::new();
            for line in lines.by_ref() {
                let ends = line.ends_with("compared");
                said.push(line);
                if ends {
                    break;
                }
            }
            said
        };
        assert_eq!(pass(), ["1 rows, 5 cells compared"]);
        assert_eq!(differing(), "0.0");
        run_all(&mut connect(&world.staging), &["UPDATE shop.users SET n = 99"]);
        // A pass may have begun before the change.
        let said = std::iter::repeat_with(&mut pass).take(5).find(|said| said.len() > 1).unwrap();
        assert!(said[0].contains("shop.users.n, 1 rows"), "{said:?}");
        assert_eq!(differing(), "1.0");
        let repair = world.sync("verify", &["--repair"]);
        let text = String::from_utf8(repair.stdout).unwrap();
        assert!(text.contains("1 rows wait for the pipeline, which copies them again"), "{text}");
        assert!(world.sync("run", &["--until-now", "--once"]).status.success());
        assert!(std::iter::repeat_with(&mut pass).take(5).any(|said| said.len() == 1));
        assert_eq!(differing(), "0.0");
        kill(nix::unistd::Pid::from_raw(verify.0.id().cast_signed()), Signal::SIGTERM).unwrap();
        assert_eq!(verify.0.wait().unwrap().code(), Some(0));
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}

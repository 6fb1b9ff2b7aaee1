//! Runs one history: schemas of its own at both ends, the actions one after the other, and the
//! observations.

use crate::Error;
use crate::broker::Broker;
use crate::kept::{FOLDER, collations, folder, kept_rows, schema};
use crate::policy::{self, Places};
use crate::pool::Pair;
use crate::process::{Running, Starting};
use crate::reader::Reader;
use crate::relay::Relay;
use crate::server::{Flavour, Server};
use crate::topics::{Consuming, Topics};
use crate::watch::{self, Names, Watch, rows};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mysql::Conn;
use mysql::prelude::Queryable as _;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use twinproof_history::{
    Action, Cell, Done, End, Evidence, Generator, Instance, Keys, Place, PlaceKind, Row, Spec,
    State, Zone,
};
use twinproof_model::Template;
use twinproof_process::{Start, Stdin, Variables, run};
use twinproof_subject::{Pipeline, PipelineZone};

/// Time limit of a command of a pipeline.
const COMMAND: Duration = Duration::from_secs(60);
/// Most bytes kept of what a command prints.
const OUTPUT: u64 = 1 << 20;
/// Between two transactions of `busy` where every state of staging is kept: a few hundred a second.
const BUSY: Duration = Duration::from_millis(2);
/// Time limit of a wait for a lock.
const HELD: Duration = Duration::from_secs(5);

/// A history to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The tables and classes: a file's text.
    pub spec: String,
    /// The seed of random choices.
    pub seed: u64,
    /// The actions.
    pub actions: Vec<Action>,
    /// Whether all rows are read all the time, and not only at the end.
    pub watch: bool,
    /// Time that `settle` waits.
    pub patience: Duration,
    /// The deliberate defect that the pipeline is to have.
    pub defect: Option<String>,
}

/// The pipeline and the files that a history runs with.
pub struct Surroundings<'s> {
    /// The pipeline.
    pub pipeline: &'s Pipeline,
    /// The subject's program.
    pub program: PathBuf,
    /// The program that has the defects; none of a pipeline that is not ours.
    pub defects: Option<PathBuf>,
    /// The variables that programs need on this machine.
    pub env: BTreeMap<String, String>,
    /// A folder of the history's own.
    pub work: PathBuf,
    /// The broker, where the pipeline's staging is topics.
    pub broker: Option<Broker>,
}

/// Runs a history, and records the observations.
///
/// # Errors
/// When an action cannot be done; then nothing is known about the pipeline.
pub fn record(
    plan: &Plan,
    surroundings: &Surroundings<'_>,
    pair: &mut Pair,
) -> Result<Evidence, Error> {
    let mut world = World::new(plan, surroundings, pair)?;
    for action in &plan.actions {
        world.act(action)?;
    }
    world.end()
}

struct World<'w> {
    plan: &'w Plan,
    surroundings: &'w Surroundings<'w>,
    pair: &'w mut Pair,
    program: &'w Path,
    spec: Spec,
    keys: Keys,
    places: Places,
    values: Values,
    begun: Instant,
    reader: Reader,
    watch: Watch,
    consuming: Option<Consuming>,
    generator: Generator,
    instances: Vec<Running>,
    ended: Vec<Instance>,
    starts: u32,
    done: Vec<Done>,
    beats: u64,
    mark: String,
    held: Option<Conn>,
    relays: Option<Relays>,
    busy: Option<(Arc<AtomicBool>, JoinHandle<u32>)>,
}

/// The relays before the servers, where a history interrupts connections.
struct Relays {
    source: Relay,
    staging: Relay,
}

/// The number of each history in this process: schemas and users have it in their names.
static NUMBER: AtomicU32 = AtomicU32::new(1);

fn statements(conn: &mut Conn, all: &[String]) -> Result<(), Error> {
    for sql in all {
        conn.query_drop(sql)
            .map_err(|e| Error::Action { action: sql.clone(), cause: e.to_string() })?;
    }
    Ok(())
}

impl<'w> World<'w> {
    fn new(
        plan: &'w Plan,
        surroundings: &'w Surroundings<'w>,
        pair: &'w mut Pair,
    ) -> Result<Self, Error> {
        let spec =
            Spec::parse(&plan.spec).map_err(|e| Error::Broken(format!("the tables: {e}")))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        pair.used += 1;
        let (db, state) = (format!("h{number}"), format!("h{number}_state"));
        let user = format!("sync{number}");
        let folder = surroundings.work.join("prod");
        for folder in [&folder, &surroundings.work.join("own/tmp"), &surroundings.work.join("logs")]
        {
            std::fs::create_dir_all(folder).map_err(Error::io("the history's folder"))?;
        }
        let breaks =
            |action: &Action| matches!(action, Action::Relay(_) | Action::Cut(_) | Action::Heal(_));
        let relays = match plan.actions.iter().any(breaks) {
            true => Some(Relays {
                source: Relay::start(&pair.source.socket())?,
                staging: Relay::start(&pair.staging.socket())?,
            }),
            false => None,
        };
        let places = Places {
            source: relays.as_ref().map_or_else(|| pair.source.socket(), |r| r.source.socket()),
            staging: relays.as_ref().map_or_else(|| pair.staging.socket(), |r| r.staging.socket()),
            db,
            state,
            user,
            folder,
            broker: surroundings.broker.as_ref().map(Broker::port),
            server_id: 1_000_000 + number,
        };
        let reader = Reader::new(&pair.source, &places.db)?;
        let keys = policy::first_keys(plan.seed);
        let begun = Instant::now();
        let names: Names = spec
            .table
            .iter()
            // The beat is looked at in any case: it is what a wait for staging waits for.
            .filter(|t| plan.watch || t.name == "beat")
            .map(|t| (t.name.clone(), t.key.clone()))
            .collect();
        let generator = Generator::new(plan.seed, &spec);
        let program = program(plan, surroundings)?;
        let values = values(surroundings, program, &places);
        prepare(pair, &places, &spec, surroundings.pipeline, &values)?;
        policy::write(&places, &spec, &keys)?;
        let consuming =
            places.broker.map(|port| consuming(port, &places, &spec, pair)).transpose()?;
        let watch =
            Watch::start(watch::connection(&pair.staging)?, places.db.clone(), names, begun);
        Ok(Self {
            plan,
            surroundings,
            pair,
            program,
            spec,
            keys,
            places,
            values,
            begun,
            reader,
            watch,
            consuming,
            generator,
            instances: Vec::new(),
            ended: Vec::new(),
            starts: 0,
            done: Vec::new(),
            beats: 0,
            mark: String::new(),
            held: None,
            relays,
            busy: None,
        })
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    fn note(&mut self, what: impl Into<String>, at: u64, outcome: impl Into<String>) {
        let until = self.now();
        self.done.push(Done { what: what.into(), at, until, outcome: outcome.into() });
    }

    fn text(&self, text: &str) -> String {
        text.replace("%state%", &self.places.state)
            .replace("%db%", &self.places.db)
            .replace("%user%", &self.places.user)
            .replace("%mark%", &self.mark)
    }

    fn texts(&self, all: &[String]) -> Vec<String> {
        all.iter().map(|text| self.text(text)).collect()
    }

    fn source(&self) -> Result<Conn, Error> {
        let mut conn = self.pair.source.connect("root")?;
        conn.query_drop(format!("USE {}", self.places.db))?;
        Ok(conn)
    }

    fn act(&mut self, action: &Action) -> Result<(), Error> {
        let at = self.now();
        match action {
            Action::Source(all) => {
                let all = self.texts(all);
                statements(&mut self.source()?, &all)?;
                self.note(format!("source {}", all.join("; ")), at, "");
            }
            Action::Admin(all) => {
                // Read the log before a purge removes parts of it.
                self.reader.read_on(&self.pair.source)?;
                let all = self.texts(all);
                statements(&mut self.pair.source.connect("root")?, &all)?;
                self.reader.skip(&self.pair.source)?;
                self.note(format!("admin {}", all.join("; ")), at, "");
            }
            Action::Staging(all) => {
                let all = self.texts(all);
                let mut conn = self.pair.staging.connect("root")?;
                conn.query_drop(format!("USE {}", self.places.db))?;
                statements(&mut conn, &all)?;
                self.note(format!("staging {}", all.join("; ")), at, "");
            }
            Action::Generate(count) => {
                let mut conn = self.source()?;
                let mut refused = 0;
                for _ in 0..*count {
                    let transaction = self.generator.transaction(&self.spec);
                    refused += u32::from(!attempt(&mut conn, &transaction));
                }
                self.note(format!("generate {count}"), at, format!("{refused} refused"));
            }
            Action::Busy => {
                let stop: Arc<AtomicBool> = Arc::default();
                let (stopped, mut conn) = (Arc::clone(&stop), self.source()?);
                let (spec, mut generator) = (self.spec.clone(), self.generator.clone());
                // Unwatched histories measure speed.
                let pause = if self.plan.watch { BUSY } else { Duration::ZERO };
                let thread = std::thread::spawn(move || {
                    let mut count = 0;
                    while !stopped.load(Ordering::Relaxed) {
                        count += u32::from(attempt(&mut conn, &generator.transaction(&spec)));
                        std::thread::sleep(pause);
                    }
                    count
                });
                self.busy = Some((stop, thread));
                self.note("busy", at, "");
            }
            Action::Quiet => {
                let count = self.quiet();
                self.note("quiet", at, format!("{count} transactions"));
            }
            Action::Start | Action::Twin => {
                self.start()?;
                let what = if *action == Action::Twin { "twin" } else { "start" };
                self.note(what, at, "");
            }
            Action::Stop => {
                self.look();
                while let Some(running) = self.instances.pop() {
                    self.ended.push(running.stop());
                }
                self.note("stop", at, "");
            }
            Action::Kill => {
                self.look();
                let count = self.kill();
                self.note("kill", at, format!("{count} instances"));
            }
            Action::Kills(count) => {
                for i in 0..*count {
                    self.start()?;
                    let spread = (self
                        .plan
                        .seed
                        .wrapping_add(u64::from(i))
                        // Spread by multiplication with the golden ratio (Fibonacci hashing): a
                        // kill hits another moment each time, and the same ones for the same seed.
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15))
                        >> 56;
                    std::thread::sleep(Duration::from_millis(40 + spread));
                    self.look();
                    self.kill();
                }
                self.note(format!("kills {count}"), at, "");
            }
            Action::Pause | Action::Resume => {
                let pause = *action == Action::Pause;
                for running in &mut self.instances {
                    running.pause(pause)?;
                }
                self.note(if pause { "pause" } else { "resume" }, at, "");
            }
            Action::Settle => self.settle()?,
            Action::Held => {
                let mut conn = self.pair.staging.connect("root")?;
                // A row's lock, or a table's, which its definition waits for.
                let threads = match self.pair.staging.flavour() {
                    Flavour::Mysql => "performance_schema.processlist",
                    Flavour::Mariadb => "information_schema.processlist",
                };
                let sql = format!(
                    "SELECT (SELECT COUNT(*) FROM information_schema.innodb_trx \
                     WHERE trx_state = 'LOCK WAIT') + (SELECT COUNT(*) FROM {threads} \
                     WHERE state = 'Waiting for table metadata lock')"
                );
                let mut outcome = "late".to_owned();
                while self.now() - at < HELD.as_micros() as u64 {
                    let waits: Option<u64> = conn.query_first(&sql)?;
                    if waits.unwrap_or(0) > 0 {
                        outcome = format!("{} wait", waits.unwrap_or(0));
                        break;
                    }
                    // The server makes this view anew only when it was not asked for 100 ms.
                    std::thread::sleep(Duration::from_millis(130));
                }
                self.note("held", at, outcome);
            }
            Action::Hold(sql) => {
                let sql = self.text(sql);
                let mut conn = self.pair.staging.connect("root")?;
                conn.query_drop(format!("USE {}", self.places.db))?;
                conn.query_drop("START TRANSACTION")?;
                let held = rows(&mut conn, &sql)?;
                self.held = Some(conn);
                self.note(format!("hold {sql}"), at, format!("{} rows", held.len()));
            }
            Action::Release => {
                if let Some(mut conn) = self.held.take() {
                    conn.query_drop("ROLLBACK")?;
                }
                self.note("release", at, "");
            }
            Action::Wait(ms) => {
                std::thread::sleep(Duration::from_millis((*ms).into()));
                self.note(format!("wait {ms}"), at, "");
            }
            Action::Mark => {
                let sql = match self.pair.source.flavour() {
                    Flavour::Mysql => "SELECT @@GLOBAL.gtid_executed",
                    Flavour::Mariadb => "SELECT @@GLOBAL.gtid_binlog_pos",
                };
                let position: Option<String> =
                    self.pair.source.connect("root")?.query_first(sql)?;
                self.mark = position.unwrap_or_default().replace('\n', "");
                self.note(format!("mark {}", self.mark), at, "");
            }
            Action::Restart(which) => {
                self.reader.read_on(&self.pair.source)?;
                match which {
                    End::Source => self.pair.source.restart()?,
                    End::Staging => self.pair.staging.restart()?,
                }
                self.note(format!("restart {}", which.name()), at, "");
            }
            Action::Relay(fault) => {
                if let Some(relays) = &self.relays {
                    relays.source.order(*fault);
                }
                self.note(format!("relay {}", fault.name()), at, "");
            }
            Action::Cut(end) | Action::Heal(end) => {
                let cut = matches!(action, Action::Cut(_));
                if let Some(relays) = &self.relays {
                    match end {
                        End::Source => relays.source.cut(cut),
                        End::Staging => relays.staging.cut(cut),
                    }
                }
                let what = if cut { "cut" } else { "heal" };
                self.note(format!("{what} {}", end.name()), at, "");
            }
            Action::Policy(change) => {
                let text = toml::to_string(&self.spec).map_err(|e| Error::Broken(e.to_string()))?;
                let (from, to) = (change.from.as_str(), change.to.as_str());
                if !text.contains(from) {
                    return Err(Error::Broken(format!("the policy has no `{from}`")));
                }
                let spec: Spec = toml::from_str(&text.replace(from, to))
                    .map_err(|e| Error::Broken(e.to_string()))?;
                self.spec = spec;
                policy::write(&self.places, &self.spec, &self.keys)?;
                self.note(format!("policy {from} -> {to}"), at, "");
            }
            Action::Rotate => {
                policy::rotate(&mut self.keys, self.plan.seed);
                policy::write(&self.places, &self.spec, &self.keys)?;
                self.note("rotate", at, self.keys.primary.to_string());
            }
            Action::Run(words) => {
                let (code, said) = self.command(words, Values::new(), Vec::new())?;
                self.note(format!("run {}", words.join(" ")), at, format!("{code} {said}"));
            }
            Action::Unmask { table, column, at: condition, moved, flips } => {
                self.unmask(table, column, condition, moved.as_deref(), *flips)?;
            }
        }
        Ok(())
    }

    fn kill(&mut self) -> usize {
        let count = self.instances.len();
        self.ended.extend(self.instances.drain(..).map(Running::kill));
        count
    }

    fn quiet(&mut self) -> u32 {
        let Some((stop, thread)) = self.busy.take() else { return 0 };
        stop.store(true, Ordering::Relaxed);
        thread.join().unwrap_or(0)
    }

    /// Notes which instances have ended by themselves; whether all have.
    fn look(&mut self) -> bool {
        let at = self.now();
        let ended = self.instances.iter_mut().filter_map(|running| running.look(at).then_some(()));
        ended.count() == self.instances.len()
    }

    fn env(&self) -> BTreeMap<String, String> {
        let mut env = self.surroundings.env.clone();
        let tmp = self.surroundings.work.join("own/tmp").display().to_string();
        env.insert("TMPDIR".to_owned(), tmp);
        if let Some(defect) = &self.plan.defect {
            env.insert("TWINPROOF_DEFECT".to_owned(), defect.clone());
        }
        env
    }

    fn start(&mut self) -> Result<(), Error> {
        self.starts += 1;
        let at = self.now();
        let expand = |text: &Template| expand(text, &self.values);
        let own = self.surroundings.work.join("own");
        let starting = Starting {
            program: self.program,
            processes: &self.surroundings.pipeline.process,
            expand: &expand,
            env: &self.env(),
            cwd: &own,
            logs: &self.surroundings.work.join("logs"),
        };
        let running = Running::start(&starting, self.starts, at)?;
        self.instances.push(running);
        Ok(())
    }

    /// Makes the source's count one more, and waits until staging shows it; then once more, since the
    /// first may have come with a snapshot, before anything of the stream.
    fn settle(&mut self) -> Result<(), Error> {
        let at = self.now();
        let mut outcome = self.beat()?;
        // Two beats: what a pipeline wrote beside the first one (its position, its clean-up) is
        // there at the second.
        if outcome == "shown" {
            outcome = self.beat()?;
        }
        self.note("settle", at, outcome);
        Ok(())
    }

    fn beat(&mut self) -> Result<&'static str, Error> {
        let at = self.now();
        self.beats += 1;
        let beat = self.beats;
        let sql = format!("UPDATE {}.beat SET n = {beat}", self.places.db);
        self.pair.source.connect("root")?.query_drop(sql)?;
        self.note("beat", at, beat.to_string());
        let begun = Instant::now();
        loop {
            if self.watch.beat() >= beat {
                return Ok("shown");
            }
            if self.look() {
                // Let the watcher read the last writes before the end.
                std::thread::sleep(Duration::from_millis(30));
                return Ok(if self.watch.beat() >= beat { "shown" } else { "ended" });
            }
            if begun.elapsed() > self.plan.patience {
                return Ok("late");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs a command that the pipeline declares; further words are added to its arguments.
    fn command(
        &self,
        words: &[String],
        more: Values,
        stdin: Vec<u8>,
    ) -> Result<(i64, String), Error> {
        let [name, rest @ ..] = words else {
            return Err(Error::Broken("a command has no name".to_owned()));
        };
        let declared = self.surroundings.pipeline.command.get(name);
        let declared = declared
            .ok_or_else(|| Error::Broken(format!("the pipeline has no command `{name}`")))?;
        let mut values = self.values.clone();
        values.extend(more);
        let args: Vec<OsString> = declared
            .iter()
            .map(|text| expand(text, &values))
            .chain(rest.iter().map(|text| Ok(self.text(text))))
            .map(|text| text.map(Into::into))
            .collect::<Result<_, Error>>()?;
        let env = self.env();
        let variables: Vec<(&str, &str)> =
            env.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let ended = run(Start {
            program: self.program,
            args,
            variables: Variables::Inherited(&variables),
            cwd: &self.surroundings.work.join("own"),
            stdin: if stdin.is_empty() { Stdin::Null } else { Stdin::Bytes(stdin) },
            limit: COMMAND,
            output_limit: OUTPUT,
            grace: None,
        })
        .map_err(|e| Error::Broken(format!("{name}: {e}")))?;
        let said = [ended.stdout, ended.stderr].concat();
        Ok((ended.code.unwrap_or(-1), String::from_utf8_lossy(&said).trim().to_owned()))
    }

    fn unmask(
        &mut self,
        table: &str,
        column: &str,
        condition: &str,
        moved: Option<&str>,
        flips: u32,
    ) -> Result<(), Error> {
        let sql = format!("SELECT * FROM {}.{table} WHERE {condition} LIMIT 1", self.places.db);
        let row = rows(&mut self.pair.staging.connect("root")?, &sql)?.into_iter().next();
        let row = row.ok_or_else(|| Error::Broken(format!("{sql} gives no row")))?;
        let spec = self
            .spec
            .find(table)
            .ok_or_else(|| Error::Broken(format!("there is no table {table}")))?;
        let of = |row: &Row, column: &str| {
            row.get(column).and_then(Cell::as_text).unwrap_or_default().to_owned()
        };
        let token = of(&row, column);
        let own: Vec<String> = spec.key.iter().map(|c| of(&row, c)).collect();
        let values = Values::from([
            ("table", format!("{}.{table}", self.places.db)),
            ("column", column.to_owned()),
        ]);
        let ask = |this: &mut Self, what: String, token: &str, key: &[String]| {
            let at = this.now();
            let mut words = vec!["unmask".to_owned()];
            words.extend(key.iter().map(|value| format!("--key={value}")));
            let asked = this.command(&words, values.clone(), token.as_bytes().to_vec());
            asked.map(|(code, said)| this.note(what, at, format!("{code} {said}")))
        };
        ask(self, format!("unmask {table}.{column}"), &token, &own)?;
        if let Some(key) = moved {
            ask(self, format!("unmask-moved {table}.{column} {key}"), &token, &[key.to_owned()])?;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap_or_default();
        for i in 0..flips {
            // Spread over all bytes, and over the bits of each.
            let bit = (i as usize * bytes.len() * 8 / flips.max(1) as usize)
                .min((bytes.len() * 8).saturating_sub(1));
            let mut flipped = bytes.clone();
            if let Some(byte) = flipped.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            let token = BASE64_URL_SAFE_NO_PAD.encode(&flipped);
            ask(self, format!("unmask-flipped {table}.{column} bit {bit}"), &token, &own)?;
        }
        Ok(())
    }

    /// Ends everything, and gathers the observations.
    fn end(mut self) -> Result<Evidence, Error> {
        self.quiet();
        if let Some(mut conn) = self.held.take() {
            conn.query_drop("ROLLBACK")?;
        }
        self.look();
        while let Some(running) = self.instances.pop() {
            self.ended.push(running.stop());
        }
        let relayed = self.relays.take().map_or_else(Vec::new, |relays| relays.source.done());
        for what in relayed {
            let at = self.now();
            self.note("relayed", at, what);
        }
        self.reader.read_on(&self.pair.source)?;
        if let Some(consuming) = self.consuming.take() {
            consuming.end()?;
        }
        let names: Names =
            self.spec.table.iter().map(|t| (t.name.clone(), t.key.clone())).collect();
        let mut staging = watch::connection(&self.pair.staging)?;
        let last = watch::look(&mut staging, &self.places.db, &names, self.begun)?;
        let mut places = Vec::new();
        self.files(&mut places)?;
        let mut states: Vec<State> = self.watch.end()?;
        if states.last().is_none_or(|state| state.tables != last.tables) {
            states.push(last);
        }
        let mut source = self.pair.source.connect("root")?;
        let mut kept = BTreeMap::new();
        for table in self.spec.table.iter().filter(|t| !t.aside) {
            let rows = kept_rows(&mut source, &self.places.db, &self.spec, table)?;
            kept.insert(table.name.clone(), rows);
        }
        if let Some(broker) = &self.surroundings.broker {
            let bytes = broker.segments(&format!("{}.", self.places.db))?;
            if bytes.len() > FOLDER {
                return Err(Error::Broken(format!("topics have more than {FOLDER} bytes")));
            }
            let name = "the segments of topics".to_owned();
            places.push(Place { name, zone: Zone::Staging, kind: PlaceKind::File, bytes });
        }
        places.push(Place {
            name: "the schema of the position".to_owned(),
            zone: Zone::Staging,
            kind: PlaceKind::State,
            bytes: schema(&mut staging, &self.places.state)?,
        });
        let collations = collations(&mut staging, &self.places.db)?;
        let mut instances = self.ended;
        instances.sort_by_key(|i| i.number);
        for (server, more) in
            [(&self.pair.source, None), (&self.pair.staging, Some(&self.places.state))]
        {
            clear(server, &self.places, more)?;
        }
        Ok(Evidence {
            spec: self.spec,
            db: self.places.db,
            keys: self.keys,
            source: self.reader.read,
            kept,
            staging: states,
            collations,
            places,
            done: self.done,
            instances,
        })
    }

    /// The logs, the pipeline's own folder, and the places that it declares.
    fn files(&self, places: &mut Vec<Place>) -> Result<(), Error> {
        let zone = |zone: PipelineZone| match zone {
            PipelineZone::Prod => Zone::Prod,
            PipelineZone::Staging => Zone::Staging,
        };
        let logs = self.surroundings.work.join("logs");
        for process in &self.surroundings.pipeline.process {
            let begins = format!("{}-", process.name);
            let mut bytes = Vec::new();
            folder(&logs, &mut bytes, &|name| name.starts_with(&begins))?;
            let name = format!("the log of {}", process.name);
            places.push(Place { name, zone: zone(process.zone), kind: PlaceKind::Log, bytes });
        }
        let own = self.surroundings.work.join("own");
        for place in &self.surroundings.pipeline.place {
            let mut bytes = Vec::new();
            if let Some(path) = &place.folder {
                folder(&own.join(expand(path, &self.values)?), &mut bytes, &|_| true)?;
            }
            if let Some(name) = &place.schema {
                let name = expand(name, &self.values)?;
                bytes.extend(schema(&mut self.pair.staging.connect("root")?, &name)?);
            }
            let kind = if place.schema.is_some() { PlaceKind::State } else { PlaceKind::File };
            places.push(Place { name: place.name.clone(), zone: zone(place.zone), kind, bytes });
        }
        Ok(())
    }
}

/// A consumer of the topics of a history.
fn consuming(port: u16, places: &Places, spec: &Spec, pair: &Pair) -> Result<Consuming, Error> {
    let db = &places.db;
    let tables = spec.table.iter().filter(|t| !t.aside);
    // As the pipeline's policy names them: prefix, schema, table.
    let tables = tables.map(|t| (t.name.clone(), format!("{db}.{db}.{}", t.name))).collect();
    Consuming::start(Topics { port, tables, db: db.clone() }, pair.staging.connect("root")?)
}

/// The values that a pipeline's texts may refer to.
type Values = BTreeMap<&'static str, String>;

fn values(surroundings: &Surroundings<'_>, program: &Path, places: &Places) -> Values {
    let path = |path: &Path| path.display().to_string();
    let mut values = BTreeMap::from([
        ("program", path(program)),
        ("policy", path(&places.folder.join("policy.toml"))),
        ("plan", path(&places.folder.join("plan.json"))),
        ("work", path(&surroundings.work.join("own"))),
        ("source", path(&places.source)),
        ("staging", path(&places.staging)),
        ("db", places.db.clone()),
        ("state", places.state.clone()),
        ("user", places.user.clone()),
    ]);
    values.extend(surroundings.defects.as_deref().map(|peers| ("peers", path(peers))));
    values
}

fn expand(text: &Template, values: &Values) -> Result<String, Error> {
    text.expand(|name| values.get(name)).map_err(|e| Error::Broken(format!("`{text}`: {e}")))
}

/// The pipeline's program, or the one that has the defect that is asked for.
fn program<'s>(plan: &Plan, surroundings: &'s Surroundings<'_>) -> Result<&'s Path, Error> {
    match (&plan.defect, &surroundings.defects) {
        (None, _) => Ok(&surroundings.program),
        (Some(_), Some(program)) => Ok(program),
        (Some(_), None) => Err(Error::Broken("this pipeline has no defects to choose".to_owned())),
    }
}

/// Runs a generated transaction; one that the source refuses is undone.
fn attempt(conn: &mut Conn, transaction: &[String]) -> bool {
    // Generated statements may be refused (a key twice, a row that is missing): that is part of the
    // history.
    let done = transaction.iter().all(|sql| conn.query_drop(sql).is_ok());
    if !done {
        // A statement that failed by itself leaves its transaction open, with its locks.
        let _ = conn.query_drop("ROLLBACK");
    }
    done
}

/// Makes schemas, tables and users at both ends, with exactly the rights that the documents name.
fn prepare(
    pair: &Pair,
    places: &Places,
    spec: &Spec,
    pipeline: &Pipeline,
    values: &Values,
) -> Result<(), Error> {
    let Places { db, state, user, .. } = places;
    let mut source = vec![
        format!("CREATE DATABASE {db} DEFAULT CHARACTER SET utf8mb4"),
        format!("USE {db}"),
        format!("CREATE USER {user}@localhost"),
        format!("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {user}@localhost"),
    ];
    let mut staging = vec![
        format!("CREATE DATABASE {db} DEFAULT CHARACTER SET utf8mb4"),
        format!("CREATE DATABASE {state}"),
        format!("USE {db}"),
        format!("CREATE USER {user}@localhost"),
        format!("GRANT ALL ON {db}.* TO {user}@localhost"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {state}.* TO {user}@localhost"),
    ];
    for table in &spec.table {
        let name = &table.name;
        if !table.aside {
            source.push(format!("CREATE TABLE {name} {}", table.source));
            source.push(format!("GRANT SELECT ON {db}.{name} TO {user}@localhost"));
        }
        staging.push(format!("CREATE TABLE {name} {}", table.staging));
        staging.extend(table.also.iter().cloned());
    }
    source.push("INSERT INTO beat VALUES (1, 0)".to_owned());
    for text in &pipeline.prepare {
        staging.push(expand(text, values)?);
    }
    statements(&mut pair.source.connect("root")?, &source)?;
    statements(&mut pair.staging.connect("root")?, &staging)
}

/// Drops the schemas and users that a history made at a server.
fn clear(server: &Server, places: &Places, more: Option<&String>) -> Result<(), Error> {
    let mut conn = server.connect("root")?;
    let mut all = vec![
        // The default is a day (MariaDB) or a year (MySQL): a lock that a pipeline forgot would stop the
        // whole run.
        "SET SESSION lock_wait_timeout = 20".to_owned(),
        // Tables that refer to each other cannot be dropped in any order.
        "SET SESSION foreign_key_checks = 0".to_owned(),
        format!("DROP DATABASE IF EXISTS {}", places.db),
        format!("DROP USER IF EXISTS {}@localhost", places.user),
    ];
    all.extend(more.map(|state| format!("DROP DATABASE IF EXISTS {state}")));
    statements(&mut conn, &all)
}

//! The stream in topics: each batch's records and the position after it in one transaction.

use super::envelope::{Envelope, Kind, Stamp};
use super::log::{Log, Out};
use super::names::Names;
use crate::defect::{Defect, has};
use crate::flow::Effect;
use crate::policy::Before;
use crate::server::Failed;
use crate::sink::batch::{Batch, Commit, Op, Row};
use crate::sink::mac::PositionMac;
use crate::sink::state::{State, StateStore};
use crate::sink::{Sink, SinkError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Records are handed over when they have as many bytes together.
// More would only wait in this program's memory instead of the client's.
const LOT: usize = 2 << 20;

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Writes the stream to topics.
pub(super) struct TopicSink<L> {
    log: Arc<L>,
    /// The topic and the envelopes of each table.
    tables: Vec<(String, Envelope)>,
    before: Before,
    state: State,
    names: Names,
    mac: PositionMac,
    ids: PositionMac,
    open: bool,
    current: Current,
    lot: Vec<Out>,
    bytes: usize,
}

/// The transaction of the source that is being written.
#[derive(Default)]
struct Current {
    id: String,
    source_ms: u64,
    total: u64,
    of_table: HashMap<usize, u64>,
}

impl<L: Log> TopicSink<L> {
    /// Writes beside a state, to the topics of tables in their order.
    ///
    /// # Errors
    /// When no key authenticates positions.
    pub(super) fn new(
        log: Arc<L>,
        names: Names,
        tables: Vec<(String, Envelope)>,
        before: Before,
        state: State,
        store: &StateStore,
    ) -> Result<Self, Failed> {
        Ok(Self {
            log,
            tables,
            before,
            mac: store.mac(&state.tables)?,
            ids: store.transactions()?,
            state,
            names,
            open: false,
            current: Current::default(),
            lot: Vec::new(),
            bytes: 0,
        })
    }

    fn add(&mut self, out: Out) -> Result<(), SinkError> {
        let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        self.bytes += length(&out.key) + length(&out.value) + out.topic.len();
        self.lot.push(out);
        if self.bytes >= LOT { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), SinkError> {
        self.bytes = 0;
        match std::mem::take(&mut self.lot) {
            lot if lot.is_empty() => Ok(()),
            lot => self.log.append(lot),
        }
    }

    fn stamp(&mut self, table: usize) -> Stamp {
        let current = &mut self.current;
        current.total += 1;
        let of_table = current.of_table.entry(table).or_default();
        *of_table += 1;
        Stamp {
            source_ms: current.source_ms,
            now_ms: now_ms(),
            transaction: Some((current.id.clone(), current.total, *of_table)),
        }
    }

    fn change(
        &mut self,
        table: usize,
        effect: &Effect<Row, Row>,
        replay: bool,
    ) -> Result<(), SinkError> {
        let Some(kind) = kind(effect, replay, self.before) else { return Ok(()) };
        let stamp = self.stamp(table);
        let Some((topic, envelope)) = self.tables.get(table) else { return Ok(()) };
        let key = envelope.key(&effect.key)?;
        let (before, after) = (effect.before.as_deref(), effect.row.as_deref());
        let value = envelope.value(kind, before, after, &stamp)?;
        let record =
            |value| Out { topic: topic.clone(), partition: None, key: Some(key.clone()), value };
        // A compacted topic forgets a key after a record without a value, and not before.
        let tombstone = (kind == Kind::Delete).then(|| record(None));
        let first = record(Some(value));
        self.add(first)?;
        tombstone.map_or(Ok(()), |out| self.add(out))
    }

    fn steps(&mut self, batch: &Batch) -> Result<(), SinkError> {
        if !self.open {
            self.log.begin()?;
            self.open = true;
        }
        for op in &batch.ops {
            match op {
                Op::Begin { transaction, timestamp } => {
                    self.current = Current {
                        id: self.id(transaction),
                        source_ms: u64::from(*timestamp) * 1000,
                        ..Current::default()
                    };
                }
                Op::Rows { table, effects, replay, .. } => {
                    for effect in effects {
                        self.change(*table, effect, *replay)?;
                    }
                }
                // Topics have no queue of repairs.
                Op::Repaired { .. } => {}
                Op::Truncate { table } => {
                    let stamp = self.stamp(*table);
                    if let Some((topic, envelope)) = self.tables.get(*table) {
                        for out in truncated(&*self.log, topic, envelope, &stamp)? {
                            self.add(out)?;
                        }
                    }
                }
            }
        }
        match &batch.commit {
            Some(commit) => self.commit(commit),
            None => self.hand_over(),
        }
    }

    /// A transaction's id: not its GTID, which names a server of production.
    fn id(&self, transaction: &str) -> String {
        let mac = self.ids.of(transaction);
        let hex = mac.split_once(':').map_or("", |(_, hex)| hex);
        hex.chars().take(32).collect()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), SinkError> {
        self.state.position = Some(commit.position.clone());
        self.state.mac = self.mac.of(&commit.position);
        self.add(self.names.record(&self.state))?;
        // A topic's state has no file of the source, which is where this defect puts values.
        if has(Defect::StateHasValues)
            && let Some((file, _)) = &commit.file
        {
            let record = self.names.record(&self.state);
            self.add(Out {
                key: Some(b"file".to_vec()),
                value: Some(file.clone().into()),
                ..record
            })?;
        }
        self.hand_over()?;
        self.log.commit()?;
        self.open = false;
        Ok(())
    }
}

impl<L: Log> Sink for TopicSink<L> {
    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let written = self.steps(batch);
        if written.is_err() {
            self.lot.clear();
            if self.open {
                self.log.abort();
                self.open = false;
            }
        }
        written
    }
}

/// The kind of a record for a change; `None` for a row that came and went.
fn kind(effect: &Effect<Row, Row>, replay: bool, before: Before) -> Option<Kind> {
    match (&effect.row, effect.existed) {
        (None, false) => None,
        (None, true) => Some(Kind::Delete),
        (Some(_), false) => Some(Kind::Create),
        // In a replay a row may be there or not. A consumer of updates expects the row before.
        (Some(_), true) if replay && before == Before::Masked && effect.before.is_none() => {
            Some(Kind::Create)
        }
        (Some(_), true) => Some(Kind::Update),
    }
}

/// The records that say that a table was emptied: one for each partition, so that each has it at its
/// place among the changes of rows.
pub(super) fn truncated(
    log: &impl Log,
    topic: &str,
    envelope: &Envelope,
    stamp: &Stamp,
) -> Result<Vec<Out>, SinkError> {
    let value = envelope.value(Kind::Truncate, None, None, stamp)?;
    let record = |partition| Out {
        topic: topic.to_owned(),
        partition: Some(partition),
        key: None,
        value: Some(value.clone()),
    };
    Ok((0..log.partitions(topic)?).map(record).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Ring;
    use crate::sink::batch::Target;
    use crate::value::{Cell, Charset};
    use std::sync::Mutex;

    /// Records the calls of a log.
    #[derive(Default)]
    struct Asked {
        lines: Mutex<Vec<String>>,
        fails: bool,
    }

    impl Asked {
        fn note(&self, line: String) {
            self.lines.lock().unwrap().push(line);
        }
    }

    impl Log for Asked {
        fn begin(&self) -> Result<(), SinkError> {
            self.note("begin".to_owned());
            Ok(())
        }

        fn append(&self, records: Vec<Out>) -> Result<(), SinkError> {
            for out in records {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let value: serde_json::Value = match &out.value {
                    Some(value) => serde_json::from_slice(value).unwrap(),
                    None => serde_json::Value::Null,
                };
                let order = &value["transaction"]["total_order"];
                let op = value["op"].as_str().map_or("", |op| op);
                let key = out.key.as_deref().map_or_else(String::new, text);
                self.note(format!("{} {op} {key} {order}", out.topic));
            }
            if self.fails { Err(SinkError::Fenced) } else { Ok(()) }
        }

        fn commit(&self) -> Result<(), SinkError> {
            self.note("commit".to_owned());
            Ok(())
        }

        fn abort(&self) {
            self.note("abort".to_owned());
        }

        fn partitions(&self, _: &str) -> Result<i32, SinkError> {
            Ok(2)
        }
    }

    fn sink(log: &Arc<Asked>) -> TopicSink<Asked> {
        let ring = Arc::new(Ring::of_tests());
        let store = StateStore::new("twinproof_sync", "s.u", ring, "acme".into());
        let names = Names {
            pipeline: "s.u".to_owned(),
            state: "m.state".to_owned(),
            writer: "w".to_owned(),
        };
        let target = Target {
            name: "`s`.`u`".to_owned(),
            place: ("s".to_owned(), "u".to_owned()),
            columns: vec![("id".into(), Charset::Binary)],
            written: vec![0],
            key: vec![0],
            lenient: false,
            cascades: false,
        };
        let tables = vec![("m.s.u".to_owned(), Envelope::new("m", &target))];
        let state =
            State { epoch: 1, position: None, tables: Default::default(), mac: String::new() };
        TopicSink::new(Arc::clone(log), names, tables, Before::Null, state, &store).unwrap()
    }

    fn row(id: i64) -> Row {
        vec![Cell::Int(id)]
    }

    fn begin(transaction: &str) -> Op {
        Op::Begin { transaction: transaction.to_owned(), timestamp: 5 }
    }

    fn rows(effects: Vec<Effect<Row, Row>>) -> Op {
        Op::Rows { table: 0, effects, replay: false, unchecked: false }
    }

    #[test]
    fn records_and_position_are_one_transaction_however_many_batches_it_takes() {
        let log = Arc::new(Asked::default());
        let mut sink = sink(&log);
        let gone = Effect { gone: true, ..Effect::leave(row(1)) };
        let first = vec![begin("0-1-1"), rows(vec![Effect::insert(row(1), row(1)), gone])];
        sink.write(&Batch { ops: first, ..Batch::default() }).unwrap();
        let changed = Effect { row: Some(row(2)), ..Effect::leave(row(2)) };
        let commit = Some(Commit { position: "0-1-2".to_owned(), file: None, timestamp: 5 });
        let second = vec![rows(vec![changed]), begin("0-1-2"), Op::Truncate { table: 0 }];
        sink.write(&Batch { ops: second, commit, ..Batch::default() }).unwrap();
        let expected = [
            "begin",
            "m.s.u c {\"id\":1} 1",
            "m.s.u d {\"id\":1} 2",
            "m.s.u  {\"id\":1} null",
            "m.s.u u {\"id\":2} 3",
            "m.s.u t  1",
            "m.s.u t  1",
            "m.state  state:s.u null",
            "commit",
        ];
        assert_eq!(*log.lines.lock().unwrap(), expected);
    }

    #[test]
    fn what_is_not_written_whole_is_taken_back() {
        let log = Arc::new(Asked { fails: true, ..Asked::default() });
        let mut sink = sink(&log);
        let ops = vec![begin("0-1-1"), rows(vec![Effect::insert(row(1), row(1))])];
        assert!(matches!(sink.write(&Batch { ops, ..Batch::default() }), Err(SinkError::Fenced)));
        assert_eq!(log.lines.lock().unwrap().last().unwrap(), "abort");
    }

    #[test]
    fn an_id_of_a_transaction_does_not_show_its_gtid() {
        let sink = sink(&Arc::default());
        let id = sink.id("0-4711-1");
        assert_eq!(id.len(), 32);
        assert!(!id.contains("4711") && id != sink.id("0-4711-2"));
    }

    #[test]
    fn a_row_that_may_be_there_already_is_an_update_only_where_it_was_seen() {
        let came = Effect { existed: true, ..Effect::insert(row(1), row(1)) };
        assert_eq!(kind(&came, true, Before::Masked), Some(Kind::Create));
        assert_eq!(kind(&came, true, Before::Null), Some(Kind::Update));
        let seen = Effect { before: Some(row(1)), ..came };
        assert_eq!(kind(&seen, true, Before::Masked), Some(Kind::Update));
        let never = Effect { existed: false, ..Effect::leave(row(1)) };
        assert_eq!(kind(&never, false, Before::Masked), None);
    }
}

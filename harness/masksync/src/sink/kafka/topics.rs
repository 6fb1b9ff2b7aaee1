//! Topics as staging: whether they are there, whose turn it is, and snapshots.

use super::client::{Client, Wanted, Writer};
use super::envelope::{Envelope, Kind, Stamp};
use super::log::{Log as _, Out};
use super::names::Names;
use super::sink::{TopicSink, now_ms, truncated};
use super::state;
use crate::policy::{Before, TablePolicy, TopicsPolicy, is_topic};
use crate::server::{Column, Failed, Table};
use crate::sink::batch::{Row, Target};
use crate::sink::staging::{Detail, Filling, Finding, RowWriter, Staging, ToFill};
use crate::sink::state::{State, StateStore};
use crate::sink::{Sink, SinkError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Topics of Kafka as staging.
pub(crate) struct Topics {
    policy: Arc<TopicsPolicy>,
    names: Names,
    store: StateStore,
    client: Arc<Client>,
    there: BTreeSet<String>,
    wanted: Vec<String>,
    writer: Option<Arc<Writer>>,
}

impl Topics {
    /// Connects.
    ///
    /// # Errors
    /// When no broker answers, or none that may be trusted.
    pub(crate) fn open(policy: &Arc<TopicsPolicy>, store: &StateStore) -> Result<Self, SinkError> {
        let client = Client::connect(policy)?;
        let there = client.topics()?;
        Ok(Self {
            policy: Arc::clone(policy),
            names: Names::new(policy, store),
            store: store.clone(),
            client,
            there,
            wanted: Vec::new(),
            writer: None,
        })
    }

    /// The producer, after this instance has taken over.
    fn writer(&self) -> Result<Arc<Writer>, SinkError> {
        self.writer.clone().ok_or(SinkError::Fenced)
    }

    /// A table's topic, and the envelope of its records.
    fn envelopes(&self, target: &Target) -> (String, Envelope) {
        (self.policy.topic(&target.place), Envelope::new(&self.policy.prefix, target))
    }
}

/// The record of a state, with the MAC that authenticates it.
fn sealed(names: &Names, store: &StateStore, state: &State) -> Result<Out, SinkError> {
    let mut state = state.clone();
    state.mac = match &state.position {
        Some(position) => store.mac(&state.tables)?.of(position),
        None => String::new(),
    };
    Ok(names.record(&state))
}

impl Staging for Topics {
    fn missing(&mut self) -> Result<Vec<Finding>, Failed> {
        let state = &self.names.state;
        if !is_topic(state) {
            let what = format!("`{state}`, which is to hold the position, is no name of a topic");
            let fix = "name `state` with ASCII letters, digits, `.`, `_` and `-`".to_owned();
            return Ok(vec![Finding { what, fix }]);
        }
        if self.policy.create || self.there.contains(state) {
            return Ok(Vec::new());
        }
        Ok(vec![Finding {
            what: format!("there is no topic {state} for the position"),
            fix: format!(
                "kafka-topics.sh --create --topic {state} --partitions 1 --config \
                 cleanup.policy=compact"
            ),
        }])
    }

    fn table(
        &mut self,
        table: &TablePolicy,
        source: Option<&Table>,
    ) -> Result<Option<Table>, Failed> {
        let topic = self.policy.topic(&table.staging);
        if !is_topic(&topic) || !(self.policy.create || self.there.contains(&topic)) {
            return Ok(None);
        }
        self.wanted.push(topic);
        let (schema, name) = table.staging.clone();
        // A topic takes rows of any shape, as the source has them.
        let column = |column: &Column| Column { column: None, generated: false, ..column.clone() };
        Ok(Some(Table {
            schema,
            name,
            columns: source.iter().flat_map(|t| t.columns.iter().map(column)).collect(),
            keys: source.map(|t| t.keys.clone()).unwrap_or_default(),
            parents: Vec::new(),
            triggers: Vec::new(),
            engine: "InnoDB".to_owned(),
        }))
    }

    fn remedy(&self, table: &TablePolicy) -> String {
        let topic = self.policy.topic(&table.staging);
        match is_topic(&topic) {
            true => format!("kafka-topics.sh --create --topic {topic}, or `create = true`"),
            false => format!(
                "`{topic}` is no name of a topic; give the table a `staging` with ASCII letters, \
                 digits, `.`, `_` and `-`"
            ),
        }
    }

    fn refuses(&self, column: &Column) -> Option<(String, String)> {
        let readable = column.column.as_ref().is_none_or(|c| c.charset.is_readable());
        (!readable).then(|| {
            let what = format!(
                "column `{}` has a character set that is not read here, and a record's texts are \
                 UTF-8",
                column.name
            );
            (what, "convert the column to utf8mb4, or leave the table out".to_owned())
        })
    }

    fn follows_keys(&self) -> bool {
        false
    }

    fn detail(&self) -> Detail {
        Detail { apart: true, before: self.policy.before == Before::Masked }
    }

    fn take_over(&mut self) -> Result<State, SinkError> {
        let state = Wanted { name: self.names.state.clone(), partitions: Some(1), compacted: true };
        let partitions = self.policy.partitions;
        let table = |name: &String| Wanted { name: name.clone(), partitions, compacted: false };
        let wanted: Vec<Wanted> = [state]
            .into_iter()
            .chain(self.wanted.iter().map(table))
            .filter(|wanted| !self.there.contains(&wanted.name))
            .collect();
        self.client.create(&wanted, self.policy.replication)?;
        // From here on nobody else writes, so the state that is read is final.
        let writer = Arc::new(self.client.writer(&self.names.writer)?);
        self.writer = Some(Arc::clone(&writer));
        let mut reader = self.client.reader(&self.names.state)?;
        reader.read_on()?;
        let mut state = match reader.get(&state::key(&self.names.pipeline)) {
            Some(value) => state::read(&value)?,
            None => {
                State { epoch: 0, position: None, tables: Default::default(), mac: String::new() }
            }
        };
        state.epoch += 1;
        // The position and its MAC are the ones that were read: only the program that wrote them
        // may make new ones.
        writer.begin()?;
        writer.append(vec![self.names.record(&state)])?;
        writer.commit()?;
        Ok(state)
    }

    fn save(&mut self, state: &State) -> Result<(), SinkError> {
        let writer = self.writer()?;
        writer.begin()?;
        writer.append(vec![sealed(&self.names, &self.store, state)?])?;
        writer.commit()
    }

    fn fill(&mut self, group: &[ToFill<'_>]) -> Result<Box<dyn Filling>, SinkError> {
        let writer = self.writer()?;
        let table = |one: &ToFill<'_>| self.envelopes(one.target);
        let fill = Fill {
            tables: group.iter().map(table).collect(),
            names: self.names.clone(),
            store: self.store.clone(),
            open: true,
            writer,
        };
        fill.writer.begin()?;
        for ((topic, envelope), _) in fill.tables.iter().zip(group).filter(|(_, one)| one.again) {
            let stamp = Stamp { source_ms: now_ms(), now_ms: now_ms(), transaction: None };
            let records = truncated(&*fill.writer, topic, envelope, &stamp)?;
            fill.writer.append(records)?;
        }
        Ok(Box::new(fill))
    }

    fn stream(
        &mut self,
        state: &State,
        targets: Arc<Vec<Target>>,
    ) -> Result<Box<dyn Sink>, SinkError> {
        let writer = self.writer()?;
        let (names, store) = (self.names.clone(), self.store.clone());
        let tables = targets.iter().map(|target| self.envelopes(target)).collect();
        let before = self.policy.before;
        Ok(Box::new(TopicSink::new(writer, names, tables, before, state.clone(), &store)?))
    }
}

/// Snapshots: one transaction, so that they are seen whole or not at all, however often they are
/// begun.
struct Fill {
    writer: Arc<Writer>,
    /// The topic and the envelopes of each table.
    tables: Vec<(String, Envelope)>,
    names: Names,
    store: StateStore,
    open: bool,
}

impl Drop for Fill {
    fn drop(&mut self) {
        if self.open {
            self.writer.abort();
        }
    }
}

impl Filling for Fill {
    fn name(&self, nth: usize) -> &str {
        &self.tables[nth].0
    }

    fn writer(&self, nth: usize) -> Result<Box<dyn RowWriter + '_>, SinkError> {
        let (topic, envelope) = &self.tables[nth];
        Ok(Box::new(Rows { writer: &self.writer, topic, envelope }))
    }

    fn place(mut self: Box<Self>, _: &State, after: &State) -> Result<(), SinkError> {
        let record = sealed(&self.names, &self.store, after)?;
        self.writer.append(vec![record])?;
        self.writer.commit()?;
        self.open = false;
        Ok(())
    }
}

/// Writes a thread's rows.
struct Rows<'f> {
    writer: &'f Writer,
    topic: &'f str,
    envelope: &'f Envelope,
}

impl RowWriter for Rows<'_> {
    fn write(&mut self, rows: Vec<Row>) -> Result<(), SinkError> {
        let now = now_ms();
        let stamp = Stamp { source_ms: now, now_ms: now, transaction: None };
        let record = |row: &Row| -> Result<Out, SinkError> {
            Ok(Out {
                topic: self.topic.to_owned(),
                partition: None,
                key: Some(self.envelope.key_of(row)?),
                value: Some(self.envelope.value(Kind::Read, None, Some(row), &stamp)?),
            })
        };
        self.writer.append(rows.iter().map(record).collect::<Result<_, _>>()?)
    }
}

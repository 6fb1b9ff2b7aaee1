//! Topics as staging: what a consumer of committed records makes of them, in the tables of staging, where
//! a history is looked at.
//!
//! It reads Debezium's envelopes and knows nothing else of the pipeline.

use crate::Error;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use krafka::Kafka;
use krafka::admin::{CreateTopicsOptions, NewTopic};
use krafka::consumer::{AutoOffsetReset, Consumer, ConsumerRecord, IsolationLevel};
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time limit of a single wait for records.
const POLL: Duration = Duration::from_millis(20);
/// Time that the consumer has to reach the end of all topics.
const END: Duration = Duration::from_secs(30);

/// A consumer that puts records into tables.
pub struct Consuming {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// The topics to consume.
pub struct Topics {
    /// The broker's port.
    pub port: u16,
    /// Topics by table, which are made.
    pub tables: BTreeMap<String, String>,
    /// The schema of the tables.
    pub db: String,
}

fn broken(error: &krafka::KrafkaError) -> Error {
    Error::Broken(format!("the broker: {error}"))
}

impl Consuming {
    /// Makes the topics, and begins to read them.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn start(topics: Topics, mut conn: Conn) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Error::io("a thread"))?;
        let consumer = runtime.block_on(consumer(&topics)).map_err(|e| broken(&e))?;
        let binary = binary_columns(&mut conn, &topics.db)?;
        conn.query_drop(format!("USE {}", topics.db))?;
        conn.query_drop("SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")?;
        // A topic has no foreign keys, and its records come table by table.
        conn.query_drop("SET SESSION foreign_key_checks = 0")?;
        let stop: Arc<AtomicBool> = Arc::default();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || -> Result<(), Error> {
            let mut until: Option<Instant> = None;
            loop {
                let records = runtime.block_on(consumer.poll(POLL)).map_err(|e| broken(&e))?;
                if !records.is_empty() {
                    apply(&mut conn, &topics, &binary, &records)?;
                } else if stopped.load(Ordering::Relaxed) {
                    let at_end = runtime.block_on(at_end(&consumer, &topics));
                    if at_end.map_err(|e| broken(&e))? {
                        return Ok(());
                    }
                    let until = *until.get_or_insert_with(|| Instant::now() + END);
                    if Instant::now() > until {
                        return Err(Error::Broken("topics are not read to their end".to_owned()));
                    }
                }
            }
        });
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Reads to the end of all topics.
    ///
    /// # Errors
    /// When a record is not what it should be, or the end is not reached.
    pub fn end(mut self) -> Result<(), Error> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().map_or(Ok(Ok(())), JoinHandle::join);
        thread.unwrap_or_else(|_| Err(Error::Broken("the consumer of topics broke".to_owned())))
    }
}

impl Drop for Consuming {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn consumer(topics: &Topics) -> krafka::Result<Consumer> {
    let kafka = Kafka::builder(format!("127.0.0.1:{}", topics.port)).connect().await?;
    let all: krafka::Result<Vec<NewTopic>> =
        topics.tables.values().map(|name| NewTopic::new(name, 1, 1)).collect();
    let made = kafka.admin().create_topics(all?, CreateTopicsOptions::default()).await?;
    made.into_values().collect::<krafka::Result<Vec<()>>>()?;
    let consumer = kafka
        .consumer_without_group()
        .isolation_level(IsolationLevel::ReadCommitted)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .fetch_max_wait(POLL)
        .build()
        .await?;
    for name in topics.tables.values() {
        consumer.assign(name, vec![0]).await?;
    }
    Ok(consumer)
}

async fn at_end(consumer: &Consumer, topics: &Topics) -> krafka::Result<bool> {
    for name in topics.tables.values() {
        let (_, end) = consumer.fetch_watermarks(name, 0).await?;
        let at = consumer.position(name, 0).await;
        if end > 0 && at.is_none_or(|at| at < end) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The columns whose cells are base64 in records: `table.column`.
fn binary_columns(conn: &mut Conn, db: &str) -> Result<BTreeSet<String>, Error> {
    let all: Vec<String> = conn.query(format!(
        "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.columns \
         WHERE table_schema = '{db}' AND data_type IN ('binary', 'varbinary', 'tinyblob', 'blob', \
         'mediumblob', 'longblob')"
    ))?;
    Ok(all.into_iter().collect())
}

/// Applies records, all or none.
fn apply(
    conn: &mut Conn,
    topics: &Topics,
    binary: &BTreeSet<String>,
    records: &[ConsumerRecord],
) -> Result<(), Error> {
    conn.query_drop("START TRANSACTION")?;
    for record in records {
        let table = topics.tables.iter().find(|(_, topic)| **topic == *record.topic);
        // A record without a value is for the broker, which may forget the key.
        let (Some((table, _)), Some(value)) = (table, &record.value) else { continue };
        let wrong = |what: &str| Error::Broken(format!("a record of {table}: {what}"));
        let value: Value =
            serde_json::from_slice(value).map_err(|_| wrong("its value is no JSON"))?;
        let cells = |row: &Map<String, Value>| -> Result<Vec<mysql::Value>, Error> {
            row.iter()
                .map(|(name, cell)| {
                    let is_binary = binary.contains(&format!("{table}.{name}"));
                    parameter(cell, is_binary).ok_or_else(|| wrong("a cell of another form"))
                })
                .collect()
        };
        match value["op"].as_str() {
            Some("r" | "c" | "u") => {
                let after = value["after"].as_object().ok_or_else(|| wrong("no row after"))?;
                let names: Vec<String> = after.keys().map(|name| format!("`{name}`")).collect();
                let marks = vec!["?"; names.len()].join(", ");
                // Another row that has a unique value of this one loses it later, by a record of
                // its own.
                let sql = format!("REPLACE INTO `{table}` ({}) VALUES ({marks})", names.join(", "));
                conn.exec_drop(sql, cells(after)?)?;
            }
            Some("d") => {
                let key = record.key.as_deref().map(serde_json::from_slice::<Value>);
                let key = key.and_then(Result::ok).ok_or_else(|| wrong("its key is no JSON"))?;
                let key = key.as_object().ok_or_else(|| wrong("its key is no object"))?;
                let names: Vec<String> = key.keys().map(|name| format!("`{name}` = ?")).collect();
                let sql = format!("DELETE FROM `{table}` WHERE {}", names.join(" AND "));
                conn.exec_drop(sql, cells(key)?)?;
            }
            Some("t") => conn.query_drop(format!("DELETE FROM `{table}`"))?,
            _ => return Err(wrong("no operation that is known")),
        }
    }
    Ok(conn.query_drop("COMMIT")?)
}

fn parameter(cell: &Value, binary: bool) -> Option<mysql::Value> {
    Some(match cell {
        Value::Null => mysql::Value::NULL,
        Value::String(text) if binary => BASE64_STANDARD.decode(text).ok()?.into(),
        Value::String(text) => text.as_bytes().to_vec().into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(n), _) => n.into(),
            (None, Some(n)) => n.into(),
            (None, None) => number.as_f64()?.into(),
        },
        _ => return None,
    })
}

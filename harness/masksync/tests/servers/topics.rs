//! A consumer of topics, by the client library alone.

use krafka::admin::{ConfigOp, ConfigResource, IncrementalAlterConfigsOptions};
use krafka::consumer::{AutoOffsetReset, IsolationLevel};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A record.
#[derive(Clone, Debug)]
pub struct Record {
    pub partition: i32,
    pub key: String,
    /// Absent of a tombstone.
    pub value: Option<Value>,
    pub headers: usize,
}

impl Record {
    /// The record's `op`; empty for a tombstone.
    pub fn op(&self) -> String {
        let op = self.value.as_ref().and_then(|value| value["op"].as_str());
        op.unwrap_or_default().to_owned()
    }
}

pub struct Topics {
    runtime: Runtime,
    port: u16,
}

impl Topics {
    pub fn new(port: u16) -> Self {
        Self { runtime: Runtime::new().unwrap(), port }
    }

    async fn kafka(&self) -> krafka::Kafka {
        krafka::Kafka::builder(format!("127.0.0.1:{}", self.port)).connect().await.unwrap()
    }

    async fn consumer(&self, topic: &str) -> (krafka::consumer::Consumer, Vec<i32>) {
        let consumer = self
            .kafka()
            .await
            .consumer_without_group()
            .isolation_level(IsolationLevel::ReadCommitted)
            .auto_offset_reset(AutoOffsetReset::Earliest)
            .fetch_max_wait(Duration::from_millis(50))
            .build()
            .await
            .unwrap();
        let metadata = consumer.fetch_metadata(Some(topic)).await.unwrap();
        let partitions = metadata.topics.iter().filter(|t| &*t.name == topic);
        let partitions: Vec<i32> = partitions.flat_map(|t| t.partitions.keys().copied()).collect();
        consumer.assign(topic, partitions.clone()).await.unwrap();
        (consumer, partitions)
    }

    /// All committed records, each partition's in their order.
    pub fn read(&self, topic: &str) -> Vec<Record> {
        self.runtime.block_on(async {
            let (consumer, partitions) = self.consumer(topic).await;
            let mut ends = Vec::new();
            for partition in partitions {
                ends.push((
                    partition,
                    consumer.fetch_watermarks(topic, partition).await.unwrap().1,
                ));
            }
            let mut records = Vec::new();
            let until = Instant::now() + Duration::from_secs(60);
            loop {
                let mut behind = false;
                for (partition, end) in &ends {
                    let at = consumer.position(topic, *partition).await;
                    behind |= *end > 0 && at.is_none_or(|at| at < *end);
                }
                if !behind {
                    return records;
                }
                assert!(Instant::now() < until, "{topic} is not read to its end");
                for record in consumer.poll(Duration::from_millis(200)).await.unwrap() {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    records.push(Record {
                        partition: record.partition,
                        key: record.key.as_deref().map(text).unwrap_or_default(),
                        value: record.value.as_deref().map(|v| serde_json::from_slice(v).unwrap()),
                        headers: record.headers.len(),
                    });
                }
            }
        })
    }

    /// Where the first partition ends, with what is not committed.
    pub fn end(&self, topic: &str) -> i64 {
        self.runtime.block_on(async {
            let (consumer, _) = self.consumer(topic).await;
            consumer.fetch_watermarks(topic, 0).await.unwrap().1
        })
    }

    pub fn wait_for(&self, topic: &str, records: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.read(topic).len() < records {
            assert!(Instant::now() < until, "{topic} has not {records} records");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn write(&self, topic: &str, key: &str, value: &str) {
        self.runtime.block_on(async {
            let producer = self.kafka().await.producer().build().await.unwrap();
            let record = krafka::Record::new(topic, value.to_owned()).key(key.to_owned());
            let _ = producer.send(record).await.unwrap();
        });
    }

    /// Sets a topic's setting.
    pub fn set(&self, topic: &str, name: &str, value: &str) {
        self.runtime.block_on(async {
            let admin = self.kafka().await.admin();
            let change = (ConfigResource::topic(topic), vec![ConfigOp::set(name, value)]);
            let options = IncrementalAlterConfigsOptions::default();
            let changed = admin.incremental_alter_configs([change], options).await.unwrap();
            changed.into_values().for_each(|result| result.unwrap());
        });
    }
}

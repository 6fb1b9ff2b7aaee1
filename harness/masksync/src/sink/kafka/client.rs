//! An adapter to the client library.
//!
//! The library is asynchronous, and the pipeline's threads are not: each call waits for its end. A
//! thread of its own keeps connections and transactions alive meanwhile.

use super::log::{Log, Out};
use super::trouble::{code_in, failed};
use crate::policy::{Mechanism, TopicsPolicy};
use crate::server::Failed;
use crate::sink::SinkError;
use krafka::admin::{CreateTopicsOptions, ListTopicsOptions, NewTopic};
use krafka::auth::{AuthConfig, TlsConfig};
use krafka::consumer::CompactedTopicConsumer;
use krafka::error::{ErrorCode, KrafkaError};
use krafka::producer::{DeliveryHandle, TransactionalProducer};
use krafka::{Kafka, Record};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// No connection takes longer to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// No answer is waited for longer.
const ANSWER: Duration = Duration::from_secs(20);
/// A broker that does not take a record for so long is out of reach.
const DELIVERY: Duration = Duration::from_secs(60);
/// The time limit of all other calls.
const BLOCKED: Duration = Duration::from_secs(30);
/// Records of one partition that are sent at once, in bytes.
// A topic's `max.message.bytes` holds for them together, and in a transaction the library does not
// part what was refused: they stay far below the usual megabyte.
const BATCH: usize = 16 << 10;
/// Records on their way, in bytes; more wait. Usually there are two lots, and one record fits.
const BUFFER: usize = 64 << 20;
/// Time that a record waits for others. Batches are handed over whole, and a commit waits for none.
const LINGER: Duration = Duration::from_millis(1);
/// Number of commits that are tried where the coordinator answers with an error of its own, and the
/// time between two.
const COMMITS: (u32, Duration) = (40, Duration::from_millis(100));
/// Time limit for reading the state's topic.
const SCAN: Duration = Duration::from_secs(120);
/// The largest record that is sent; a topic's own limit is usually lower.
const RECORD: usize = 64 << 20;

/// A connection to the brokers.
pub(super) struct Client {
    /// Taken by `drop` only.
    runtime: Option<Runtime>,
    kafka: Kafka,
    transaction: Duration,
}

impl Drop for Client {
    fn drop(&mut self) {
        // The last thread that drops it may not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A topic that is to be there.
pub(super) struct Wanted {
    /// Its name.
    pub(super) name: String,
    /// Number of partitions; the broker's default where it is left out.
    pub(super) partitions: Option<u16>,
    /// Whether only the newest record of each key is kept.
    pub(super) compacted: bool,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When no broker answers, or none that may be trusted.
    pub(super) fn connect(policy: &TopicsPolicy) -> Result<Arc<Self>, Failed> {
        let doing = "connecting to Kafka";
        let wrong =
            |why: String| Failed { doing: doing.to_owned(), why, code: None, unreachable: false };
        let security = security(policy).map_err(&wrong)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("masksync-kafka")
            .enable_all()
            .build()
            .map_err(|e| wrong(format!("no thread: {e}")))?;
        let place = |(host, port): &(String, u16)| match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let brokers: Vec<String> = policy.brokers.iter().map(place).collect();
        let builder = Kafka::builder(brokers.join(","))
            .client_id("twinproof-sync")
            .security(security)
            .connect_timeout(CONNECT)
            .request_timeout(ANSWER.min(policy.transaction / 2));
        let kafka = runtime.block_on(builder.connect()).map_err(|e| {
            let mut failed = plain(failed(doing, &e));
            failed.why = format!("{}: {}", brokers.join(","), failed.why);
            failed
        })?;
        let transaction = policy.transaction;
        Ok(Arc::new(Self { runtime: Some(runtime), kafka, transaction }))
    }

    fn wait<T>(
        &self,
        doing: &str,
        work: impl Future<Output = krafka::Result<T>>,
    ) -> Result<T, SinkError> {
        self.run(work).map_err(|e| failed(doing, &e))
    }

    fn run<T>(&self, work: impl Future<Output = krafka::Result<T>>) -> krafka::Result<T> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(work),
            // Only a client that is being dropped has none.
            None => Err(KrafkaError::closed("the client is gone")),
        }
    }

    /// The names of all topics that this user may see.
    ///
    /// # Errors
    /// When the broker does not say.
    pub(super) fn topics(&self) -> Result<BTreeSet<String>, SinkError> {
        let admin = self.kafka.admin();
        let topics = self.wait("reading the names of topics", async {
            admin.list_topics(ListTopicsOptions::default().timeout(BLOCKED)).await
        })?;
        Ok(topics.into_iter().collect())
    }

    /// Makes topics, but those that are there.
    ///
    /// # Errors
    /// When one is not made.
    pub(super) fn create(
        &self,
        wanted: &[Wanted],
        replication: Option<u16>,
    ) -> Result<(), SinkError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let doing = "making topics";
        let replicas = replication.map_or(-1, |n| i16::try_from(n).unwrap_or(i16::MAX));
        let topic = |wanted: &Wanted| -> krafka::Result<NewTopic> {
            let partitions = wanted.partitions.map_or(-1, i32::from);
            let topic = NewTopic::new(&wanted.name, partitions, replicas)?;
            Ok(match wanted.compacted {
                true => topic.with_config("cleanup.policy", "compact"),
                false => topic,
            })
        };
        let topics: krafka::Result<Vec<NewTopic>> = wanted.iter().map(topic).collect();
        let topics = topics.map_err(|e| failed(doing, &e))?;
        let admin = self.kafka.admin();
        let made = self.wait(doing, async {
            admin.create_topics(topics, CreateTopicsOptions::default().timeout(BLOCKED)).await
        })?;
        for (name, result) in made {
            match result {
                Err(KrafkaError::Broker { code: ErrorCode::TopicAlreadyExists, .. }) | Ok(()) => {}
                Err(error) => return Err(failed(&format!("making topic {name}"), &error)),
            }
        }
        Ok(())
    }

    /// Becomes the one instance that writes under an id: a transaction that another left open is
    /// taken back, and it can write no more.
    ///
    /// # Errors
    /// When the broker refuses.
    pub(super) fn writer(self: &Arc<Self>, id: &str) -> Result<Writer, SinkError> {
        let builder = self
            .kafka
            .producer()
            .transaction_timeout(self.transaction)
            .delivery_timeout(DELIVERY.min(self.transaction))
            .max_block(BLOCKED)
            .batch_size(BATCH)
            .buffer_memory(BUFFER)
            .max_request_size(RECORD)
            .metrics_push(false)
            .linger(LINGER);
        let producer = self.wait("taking over at Kafka", builder.build_transactional(id))?;
        Ok(Writer {
            client: Arc::clone(self),
            producer,
            sent: Mutex::default(),
            begun: Mutex::new(Instant::now()),
        })
    }

    /// A reader of a compacted topic.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn reader(self: &Arc<Self>, topic: &str) -> Result<Reader, SinkError> {
        let builder = self
            .kafka
            .consumer_without_group()
            .metrics_push(false)
            .fetch_max_wait(Duration::from_millis(50));
        let reading = CompactedTopicConsumer::from_consumer_builder(builder, topic);
        let table = self.wait("reading the state's topic", reading)?;
        Ok(Reader { client: Arc::clone(self), table })
    }
}

/// The error of connecting, where no other instance can have taken over.
fn plain(error: SinkError) -> Failed {
    match error {
        SinkError::Failed(failed) => failed,
        other => Failed {
            doing: "connecting to Kafka".to_owned(),
            why: other.to_string(),
            code: None,
            unreachable: false,
        },
    }
}

fn security(policy: &TopicsPolicy) -> Result<AuthConfig, String> {
    let password = policy.password.read().map_err(|e| e.to_string())?;
    let mut security = match (&policy.user, &password) {
        (None, None) => AuthConfig::plaintext(),
        (Some(user), Some(password)) => {
            let (user, password) = (user.as_str(), password.as_str());
            match policy.mechanism {
                Mechanism::ScramSha512 => AuthConfig::sasl_scram_sha512(user, password),
                Mechanism::ScramSha256 => AuthConfig::sasl_scram_sha256(user, password),
                Mechanism::Plain => AuthConfig::sasl_plain(user, password),
            }
        }
        (Some(_), None) => {
            return Err("a user of Kafka has a password; name its `password-file` or \
                        `password-variable`"
                .to_owned());
        }
        (None, Some(_)) => {
            return Err("a password belongs to a user: `kafka://user@host:9092`".to_owned());
        }
    };
    if policy.is_encrypted() {
        let mut tls = TlsConfig::new();
        if let Some(ca) = &policy.ca {
            let pem = std::fs::read(ca)
                .map_err(|e| format!("the certificates {} cannot be read: {e}", ca.display()))?;
            tls = tls.with_ca_cert_pem(pem);
        }
        security = security.with_tls(tls);
    }
    Ok(security)
}

/// Writes under an id, until another instance takes it over.
pub(super) struct Writer {
    client: Arc<Client>,
    producer: TransactionalProducer,
    /// Records that were handed over and that the broker has not yet confirmed.
    sent: Mutex<Vec<DeliveryHandle>>,
    begun: Mutex<Instant>,
}

impl Writer {
    fn sent(&self) -> Vec<DeliveryHandle> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The error of a write. A partition's leader refuses the records of an instance that was
    /// replaced and those of a transaction that has ended in the same way; the coordinator's answer
    /// to an abort tells them apart.
    fn told(&self, doing: &str, error: &KrafkaError) -> SinkError {
        let mut told = failed(doing, error);
        if let KrafkaError::TransactionAbortable { message } = error
            && code_in(message) == Some(ErrorCode::InvalidProducerEpoch)
            && let Err(error) = self.client.run(self.producer.abort())
            && let SinkError::Fenced = failed(doing, &error)
        {
            told = SinkError::Fenced;
        }
        self.in_time(told)
    }

    /// An error, where a transaction that was open for too long is not mistaken for another
    /// instance: the broker answers both in the same way.
    fn in_time(&self, error: SinkError) -> SinkError {
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = self.client.transaction;
        if matches!(error, SinkError::Fenced) && begun.elapsed() >= limit {
            return SinkError::Failed(Failed {
                doing: "writing to Kafka".to_owned(),
                why: format!(
                    "a transaction was open for longer than {} s, and the broker took it back: \
                     raise `transaction-seconds`, and the brokers' `transaction.max.timeout.ms` \
                     with it",
                    limit.as_secs()
                ),
                code: None,
                unreachable: false,
            });
        }
        error
    }
}

/// The first error of records that were handed over.
async fn delivered(sent: Vec<DeliveryHandle>) -> krafka::Result<()> {
    let mut first = Ok(());
    for one in sent {
        let one = one.await.map(|_| ());
        first = first.and(one);
    }
    first
}

impl Log for Writer {
    fn begin(&self) -> Result<(), SinkError> {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.producer.begin().map_err(|e| failed("beginning a transaction at Kafka", &e))
    }

    fn append(&self, records: Vec<Out>) -> Result<(), SinkError> {
        let before = self.sent();
        let doing = "writing to Kafka";
        let sent = self.client.run(async {
            // The records before these are waited for here, and not when they were handed over:
            // these were made meanwhile.
            delivered(before).await?;
            let mut sent = Vec::with_capacity(records.len());
            for out in records {
                let mut record = match out.value {
                    Some(value) => Record::new(out.topic, value),
                    None => Record::new(out.topic, "").without_value(),
                };
                if let Some(key) = out.key {
                    record = record.key(key);
                }
                if let Some(partition) = out.partition {
                    record = record.partition(partition);
                }
                match self.producer.enqueue(record).await {
                    Ok(handle) => sent.push(handle),
                    // An earlier record says better why.
                    Err(error) => {
                        delivered(sent).await?;
                        return Err(error);
                    }
                }
            }
            Ok::<_, KrafkaError>(sent)
        });
        let sent = sent.map_err(|e| self.told(doing, &e))?;
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend(sent);
        Ok(())
    }

    fn commit(&self) -> Result<(), SinkError> {
        let sent = self.sent();
        let committed = self.client.run(async {
            let flushed = self.producer.flush().await;
            delivered(sent).await?;
            flushed?;
            let (most, pause) = COMMITS;
            let mut tried = 1;
            loop {
                match self.producer.commit().await {
                    // So it answers for a moment while another instance takes over; then it says
                    // that this one is replaced.
                    Err(KrafkaError::Broker { code: ErrorCode::UnknownServerError, .. })
                        if tried < most =>
                    {
                        tokio::time::sleep(pause).await;
                        tried += 1;
                    }
                    ended => break ended,
                }
            }
        });
        committed.map_err(|e| self.told("committing at Kafka", &e))
    }

    fn abort(&self) {
        drop(self.sent());
        // The next instance aborts a transaction that stays open, or the broker does after its
        // timeout.
        let _ = self.client.wait("taking back at Kafka", self.producer.abort());
    }

    fn partitions(&self, topic: &str) -> Result<i32, SinkError> {
        let doing = format!("reading the partitions of topic {topic}");
        let all = self.client.wait(&doing, self.producer.partitions_for(topic))?;
        Ok(i32::try_from(all.len()).unwrap_or(i32::MAX))
    }
}

/// The newest committed record of each key of a compacted topic.
pub(super) struct Reader {
    client: Arc<Client>,
    table: CompactedTopicConsumer,
}

impl Reader {
    /// Reads on, to the end.
    ///
    /// # Errors
    /// When the end is not reached.
    pub(super) fn read_on(&mut self) -> Result<(), SinkError> {
        let scan = self.table.scan_with_timeout(Duration::from_millis(200), SCAN);
        self.client.wait("reading the state's topic", scan)
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.table.table().get_value(key.as_bytes()).map(|value| value.to_vec())
    }

    /// The keys with that beginning, and their values.
    pub(super) fn with_prefix(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let table = self.table.table().iter();
        table
            .filter_map(|(key, entry)| {
                let key = std::str::from_utf8(key).ok()?;
                key.starts_with(prefix).then(|| (key.to_owned(), entry.value.to_vec()))
            })
            .collect()
    }
}

//! The transactional log behind the topics, as a trait for tests.

use crate::sink::SinkError;

/// A record. It has no headers: nothing is to be found where nobody looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Out {
    /// The topic.
    pub(super) topic: String,
    /// The partition; by the key where it is left out.
    pub(super) partition: Option<i32>,
    /// The key.
    pub(super) key: Option<Vec<u8>>,
    /// The value; none in a tombstone.
    pub(super) value: Option<Vec<u8>>,
}

/// Topics, as one instance writes to them.
pub(super) trait Log: Send + Sync {
    /// Begins a transaction.
    ///
    /// # Errors
    /// When it cannot be begun.
    fn begin(&self) -> Result<(), SinkError>;

    /// Appends records; waits where more are on their way than memory should hold.
    ///
    /// # Errors
    /// When one is refused.
    fn append(&self, records: Vec<Out>) -> Result<(), SinkError>;

    /// Waits until all records are there, and commits.
    ///
    /// # Errors
    /// When it is not known to be committed. The state's topic says whether it is.
    fn commit(&self) -> Result<(), SinkError>;

    /// Aborts the transaction.
    fn abort(&self);

    /// Number of a topic's partitions.
    ///
    /// # Errors
    /// When the broker does not say.
    fn partitions(&self, topic: &str) -> Result<i32, SinkError>;
}

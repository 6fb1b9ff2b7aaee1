//! Topics of Kafka as staging: Debezium's envelopes, one topic for each table, and a topic with the
//! state. Rows and position are records of one transaction.
//!
//! The envelope is specified in [`envelope`], what the state's topic holds in [`state`].

mod client;
mod envelope;
mod log;
mod names;
mod sink;
mod state;
mod topics;
mod trouble;
mod uses;

pub(super) use topics::Topics;
pub(super) use uses::TopicUses;

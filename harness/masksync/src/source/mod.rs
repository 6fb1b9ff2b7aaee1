//! The source: its answers to predicates, its rows as they are, its binlog.

mod ask;
mod position;
mod snapshot;
mod stream;

pub(crate) use ask::asked;
pub use ask::{AskTable, OfTable, SourceAsk};
pub use position::executed;
pub use snapshot::{Chunk, Snapshot, between};
pub use stream::{OwnedEvent, Stream, StreamItem, StreamStart};

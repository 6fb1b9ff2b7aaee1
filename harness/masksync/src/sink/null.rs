//! A sink that forgets what it is given, to measure what comes before it.

use super::{Batch, Op, Sink, SinkError};

/// Counts, and forgets.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullSink {
    /// Rows that were given.
    pub rows: u64,
}

impl Sink for NullSink {
    fn write(&mut self, batch: &Batch) -> Result<(), SinkError> {
        for op in &batch.ops {
            if let Op::Rows { effects, .. } = op {
                self.rows += effects.len() as u64;
            }
        }
        Ok(())
    }
}

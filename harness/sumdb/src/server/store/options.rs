//! Options for opening a store.

use std::sync::Arc;

use super::disk::{Disk, OsDisk};
use super::index;

/// Options for opening a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The file system, or its double in tests.
    pub disk: Arc<dyn Disk>,
    /// From how many records on a run of the index is made of them. Fewer are held in memory.
    pub run_from: u64,
}

impl Default for Options {
    /// The file system as it is, and runs from 4096 records on.
    fn default() -> Self {
        Self { disk: Arc::new(OsDisk), run_from: index::TAIL }
    }
}

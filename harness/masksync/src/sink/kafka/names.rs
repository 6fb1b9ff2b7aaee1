//! Names at the brokers.

use super::log::Out;
use super::state;
use crate::policy::TopicsPolicy;
use crate::sink::state::{State, StateStore};

/// Names of a pipeline's topics and transactions.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// The pipeline: see [`StateStore`].
    pub(super) pipeline: String,
    /// The state's topic.
    pub(super) state: String,
    /// The transactional id, which tells instances of the same pipeline.
    pub(super) writer: String,
}

impl Names {
    pub(super) fn new(policy: &TopicsPolicy, state: &StateStore) -> Self {
        let (prefix, pipeline) = (&policy.prefix, state.pipeline());
        Self {
            pipeline: pipeline.to_owned(),
            state: format!("{prefix}.{}", state.schema()),
            writer: format!("twinproof-sync.{prefix}.{pipeline}"),
        }
    }

    /// The record of a state.
    pub(super) fn record(&self, state: &State) -> Out {
        Out {
            topic: self.state.clone(),
            partition: Some(0),
            key: Some(state::key(&self.pipeline).into_bytes()),
            value: Some(state::write(state)),
        }
    }
}

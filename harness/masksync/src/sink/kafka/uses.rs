//! Uses of keys, counted in the state's topic: each pipeline counts its own, and the sum is
//! limited. No other instance of the same pipeline can count meanwhile: an instance that takes over
//! fences the one before.

use super::client::{Client, Reader, Writer};
use super::log::{Log as _, Out};
use super::names::Names;
use super::state::uses;
use crate::keys::{CEILING, Exhausted, Reserve, reserved};
use crate::policy::TopicsPolicy;
use crate::sink::SinkError;
use crate::sink::state::StateStore;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts in the topic of a state.
pub(crate) struct TopicUses {
    policy: Arc<TopicsPolicy>,
    names: Names,
    counting: Mutex<Option<Counting>>,
}

struct Counting {
    reader: Reader,
    writer: Writer,
}

impl TopicUses {
    /// Counts beside a pipeline's state.
    pub(crate) fn new(policy: &Arc<TopicsPolicy>, state: &StateStore) -> Self {
        let names = Names::new(policy, state);
        Self { policy: Arc::clone(policy), names, counting: Mutex::new(None) }
    }

    fn begin(&self) -> Result<Counting, SinkError> {
        let client = Client::connect(&self.policy)?;
        let writer = client.writer(&format!("{}.uses", self.names.writer))?;
        Ok(Counting { reader: client.reader(&self.names.state)?, writer })
    }

    fn count(&self, key: u32, class: &str, wanted: u64) -> Result<u64, SinkError> {
        let mut held = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counting = match held.take() {
            Some(counting) => counting,
            None => self.begin()?,
        };
        counting.reader.read_on()?;
        let begin = uses(key, class);
        let own = format!("{begin}{}", self.names.pipeline);
        let mut used = 0_u64;
        let mut mine = 0_u64;
        for (name, value) in counting.reader.with_prefix(&begin) {
            // A count that cannot be read counts as used up: a nonce that is used twice would reveal
            // plaintexts.
            let count = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
            let count = count.unwrap_or(CEILING);
            used = used.saturating_add(count);
            if name == own {
                mine = count;
            }
        }
        let given = wanted.min(CEILING.saturating_sub(used));
        // Committed before the uses are spent, so that a crash loses some and repeats none.
        counting.writer.begin()?;
        counting.writer.append(vec![Out {
            topic: self.names.state.clone(),
            partition: Some(0),
            key: Some(own.into_bytes()),
            value: Some((mine + given).to_string().into_bytes()),
        }])?;
        counting.writer.commit()?;
        *held = Some(counting);
        Ok(given)
    }
}

impl Reserve for TopicUses {
    fn reserve(&self, key: u32, class: &str, wanted: u64) -> Result<u64, Exhausted> {
        reserved(key, class, self.count(key, class, wanted))
    }
}

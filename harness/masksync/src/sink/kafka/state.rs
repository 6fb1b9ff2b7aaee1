//! The records of the state's topic. It is compacted and has one partition:
//!
//! | key | value |
//! |---|---|
//! | `state:PIPELINE` | `{"epoch": N, "position": "GTIDS", "tables": {…}, "mac": "KEY:HEX"}` |
//! | `uses:KEY:CLASS:PIPELINE` | how often that pipeline reserved uses of the key for the class, in digits |

use crate::server::Failed;
use crate::sink::state::{Progress, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A state, as its record has it.
#[derive(Serialize, Deserialize)]
struct Written {
    epoch: u64,
    position: Option<String>,
    tables: BTreeMap<String, Progress>,
    mac: String,
}

/// The key of a pipeline's state.
pub(super) fn key(pipeline: &str) -> String {
    format!("state:{pipeline}")
}

/// The beginning of the keys under which uses of a key for a class are counted.
pub(super) fn uses(key: u32, class: &str) -> String {
    format!("uses:{key}:{class}:")
}

/// The value of a state's record.
pub(super) fn write(state: &State) -> Vec<u8> {
    let State { epoch, position, tables, mac } = state.clone();
    // Maps of texts are JSON whatever is in them.
    serde_json::to_vec(&Written { epoch, position, tables, mac }).unwrap_or_default()
}

/// A state from its record.
///
/// # Errors
/// When it is none.
pub(super) fn read(value: &[u8]) -> Result<State, Failed> {
    let written: Written = serde_json::from_slice(value).map_err(|error| Failed {
        doing: "reading the position in the state's topic".to_owned(),
        why: format!("the record is no state: line {}, column {}", error.line(), error.column()),
        code: None,
        unreachable: false,
    })?;
    let Written { epoch, position, tables, mac } = written;
    Ok(State { epoch, position, tables, mac })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_reads_as_it_was_written() {
        let progress = Progress {
            low: "0-1-7".to_owned(),
            high: None,
            policy: "ab".to_owned(),
            orphans: false,
            again: true,
        };
        let state = State {
            epoch: 3,
            position: Some("0-1-9".to_owned()),
            tables: [("shop.users".to_owned(), progress)].into(),
            mac: "1:00".to_owned(),
        };
        assert_eq!(read(&write(&state)), Ok(state));
        assert!(read(b"{}").is_err());
    }
}

//! The lock file: the shape that each table had when its classes were decided. A column that comes
//! later is in no lock, and halts the stream, even where its name is in the policy already.

use super::halt::Halt;
use crate::server::Table;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Shapes by table: `name type [character set]` of each column, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lock {
    #[serde(default)]
    pub(super) table: BTreeMap<String, Vec<String>>,
}

impl Lock {
    /// Reads a lock file; an empty lock where there is none.
    pub(super) fn read(path: &Path) -> Result<Self, Halt> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                let what = format!("the lock file {} cannot be read: {error}", path.display());
                return Err(Halt::Mend { what, fix: None });
            }
        };
        toml::from_str(&text).map_err(|_| {
            Halt::mend(
                format!("the lock file {} is damaged", path.display()),
                "restore it, or remove it and take the snapshots again",
            )
        })
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), Halt> {
        let text = toml::to_string(self).unwrap_or_default();
        twinproof_base::file::write(path, text.as_bytes()).map_err(|error| Halt::Mend {
            what: format!("the lock file {} cannot be written: {error}", path.display()),
            fix: None,
        })
    }
}

/// The shape of a table.
pub(super) fn shape(table: &Table) -> Vec<String> {
    let line = |c: &crate::server::Column| {
        let charset = c.column.as_ref().map(|c| c.charset.introducer()).unwrap_or_default();
        format!("{} {} {charset}", c.name, c.written)
    };
    table.columns.iter().map(line).collect()
}

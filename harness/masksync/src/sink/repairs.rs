//! Rows that the pipeline is to copy again. `verify` puts their keys into a table beside the position,
//! and the pipeline takes them from there.
//!
//! The keys are the source's, so they stand there encrypted: AES-256-SIV with the subkey for repairs,
//! bound to the table's name. Layout: the key's id in 4 bytes, big-endian, and the ciphertext.

use super::Row;
use super::state::{StateStore, hex};
use crate::keys::Purpose;
use crate::server::{Failed, Session, name};
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;

/// Rows that are added or taken with one statement.
const ROWS: usize = 500;

/// A row that is to be copied again.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    /// Its number in the queue.
    pub id: u64,
    /// `schema.table` of the source.
    pub table: String,
    /// The row's key at the source; `None` where it cannot be decrypted.
    pub key: Option<Row>,
}

impl StateStore {
    /// The table of the queue.
    pub(super) fn repairs_table(&self) -> String {
        format!("{}.repairs", name(self.schema()))
    }

    /// Adds rows of a table to the queue. Pass at most as many as one pass of `verify` finds.
    ///
    /// # Errors
    /// When the ring's primary key cannot be used, or staging does not take them.
    pub fn add_repairs(
        &self,
        session: &mut Session,
        table: &str,
        keys: &[Row],
    ) -> Result<(), Failed> {
        let doing = "putting rows into the queue of repairs";
        for keys in keys.chunks(ROWS) {
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                let sealed = seal(self, table, key).ok_or_else(|| Failed {
                    doing: doing.to_owned(),
                    why: "the ring's primary key cannot encrypt a row's key".to_owned(),
                    code: None,
                    unreachable: false,
                })?;
                let sealed = twinproof_base::hex::encode(&sealed);
                rows.push(format!("({}, {}, x'{sealed}')", self.called(), hex(table)));
            }
            session.run(
                doing,
                &format!(
                    "INSERT INTO {} (pipeline, source, sealed) VALUES {}",
                    self.repairs_table(),
                    rows.join(", ")
                ),
            )?;
        }
        Ok(())
    }

    /// The first rows of the queue behind that number, in its order; they stay there.
    ///
    /// # Errors
    /// When staging does not answer.
    pub fn repairs(&self, session: &mut Session, after: u64) -> Result<Vec<Repair>, Failed> {
        let doing = "reading the queue of repairs";
        let sql = format!(
            "SELECT CAST(id AS CHAR), HEX(source), HEX(sealed) FROM {} WHERE pipeline = {} \
             AND id > {after} ORDER BY id LIMIT {ROWS}",
            self.repairs_table(),
            self.called()
        );
        let decoded = |text: &String| twinproof_base::hex::decode(text).unwrap_or_default();
        let read = |row: Vec<String>| {
            let [id, table, sealed] = &row[..] else { return None };
            let table = String::from_utf8_lossy(&decoded(table)).into_owned();
            let key = open(self, &table, &decoded(sealed));
            Some(Repair { id: id.parse().ok()?, table, key })
        };
        Ok(session.texts(doing, &sql)?.into_iter().filter_map(read).collect())
    }

    /// The statement that takes rows from the queue.
    pub(super) fn repaired(&self, ids: &[u64]) -> String {
        let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
        format!("DELETE FROM {} WHERE id IN ({})", self.repairs_table(), ids.join(", "))
    }
}

fn cipher(store: &StateStore, key: u32) -> Option<Aes256Siv> {
    let subkey = store.ring.subkey(key, Purpose::Repair, &store.tenant, store.pipeline()).ok()?;
    Some(Aes256Siv::new(subkey.whole().into()))
}

fn seal(store: &StateStore, table: &str, key: &Row) -> Option<Vec<u8>> {
    let id = store.ring.primary();
    let plain = serde_json::to_vec(key).ok()?;
    let sealed = cipher(store, id)?.encrypt([table.as_bytes()], &plain).ok()?;
    Some([&id.to_be_bytes()[..], &sealed].concat())
}

fn open(store: &StateStore, table: &str, sealed: &[u8]) -> Option<Row> {
    let (id, sealed) = sealed.split_first_chunk::<4>()?;
    let mut cipher = cipher(store, u32::from_be_bytes(*id))?;
    serde_json::from_slice(&cipher.decrypt([table.as_bytes()], sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Ring;
    use crate::value::Cell;
    use std::sync::Arc;

    #[test]
    fn a_key_of_the_queue_is_read_by_its_own_pipeline_and_table_only() {
        let ring = Arc::new(Ring::of_tests());
        let store = |pipeline: &str| {
            StateStore::new("twinproof_sync", pipeline, Arc::clone(&ring), "acme".into())
        };
        let key: Row = vec![
            Cell::Int(i64::MIN),
            Cell::UInt(u64::MAX),
            Cell::Double(0.1),
            Cell::Text(b"caf\xe9 139"[..].into()),
            Cell::Utf8("13900001111".to_owned()),
        ];
        let sealed = seal(&store("s.t"), "shop.users", &key).unwrap();
        assert!(!sealed.windows(3).any(|part| part == b"139"));
        assert_eq!(open(&store("s.t"), "shop.users", &sealed), Some(key));
        assert_eq!(open(&store("s.t"), "shop.orders", &sealed), None);
        assert_eq!(open(&store("s.u"), "shop.users", &sealed), None);
        for at in [0, 3, 4, sealed.len() - 1] {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(open(&store("s.t"), "shop.users", &flipped), None);
        }
        assert_eq!(open(&store("s.t"), "shop.users", &sealed[..3]), None);
    }
}

//! The state that this program keeps in staging, beside the rows: the position, which instance may
//! write, how often keys were used. It is changed in the same transactions as the rows.

use super::mac::PositionMac;
use crate::binlog::{Flavour, GtidSet};
use crate::keys::{CEILING, Exhausted, Reserve, Ring, reserved};
use crate::server::{Connector, Failed, Role, Session, name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The progress of a table's snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The source's position before its first row was read: the snapshot contains its transactions.
    pub low: String,
    /// The source's position after its last row was read; absent while it is being read. Up to here
    /// changes are replayed, and replace rows that are there.
    pub high: Option<String>,
    /// SHA-256 of the policy's part about the table.
    pub policy: String,
    /// Whether rows may name a row that does not pass because it is not there, and comes later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub orphans: bool,
    /// Whether an older snapshot was there before this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

/// The state of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// An instance with a lower one may not write.
    pub epoch: u64,
    /// The transactions that are applied; absent before the first snapshot.
    pub position: Option<String>,
    /// Snapshots by table (`schema.table` of the source).
    pub tables: BTreeMap<String, Progress>,
    /// Authenticates position and tables: see [`PositionMac`].
    pub mac: String,
}

/// The store for states.
#[derive(Clone)]
pub struct StateStore {
    schema: String,
    pipeline: String,
    pub(super) ring: Arc<Ring>,
    pub(super) tenant: Arc<str>,
}

impl StateStore {
    /// The state of a pipeline, which is named by its first table in staging. Positions are
    /// authenticated with keys of the ring.
    #[must_use]
    pub fn new(schema: &str, pipeline: &str, ring: Arc<Ring>, tenant: Arc<str>) -> Self {
        Self { schema: schema.to_owned(), pipeline: pipeline.to_owned(), ring, tenant }
    }

    /// The authenticator of positions beside the state of these tables.
    ///
    /// # Errors
    /// When the ring's primary key cannot be used.
    pub(crate) fn mac(&self, tables: &BTreeMap<String, Progress>) -> Result<PositionMac, Failed> {
        self.mac_of(self.ring.primary(), tables)
    }

    /// The authenticator that makes ids of transactions.
    ///
    /// # Errors
    /// When the ring's primary key cannot be used.
    pub(super) fn transactions(&self) -> Result<PositionMac, Failed> {
        // No JSON of tables, so that no id is what authenticates a position.
        self.mac_with(self.ring.primary(), "transactions")
    }

    fn mac_of(&self, key: u32, tables: &BTreeMap<String, Progress>) -> Result<PositionMac, Failed> {
        self.mac_with(key, &serde_json::to_string(tables).unwrap_or_default())
    }

    fn mac_with(&self, key: u32, beside: &str) -> Result<PositionMac, Failed> {
        let mac = PositionMac::new(&self.ring, key, &self.tenant, &self.pipeline, beside);
        mac.map_err(|error| Failed {
            doing: "checking the position in staging".to_owned(),
            why: error.to_string(),
            code: None,
            unreachable: false,
        })
    }

    /// Whether this program wrote position and tables as they are. A position that was set back by
    /// hand would take rows through older versions again, and one that was set forward would lose
    /// changes.
    ///
    /// # Errors
    /// When the key that it was written with is not in the ring, or retired.
    pub fn is_own(&self, state: &State) -> Result<bool, Failed> {
        // Before the first snapshot there is nothing that could have been changed.
        let Some(position) = &state.position else { return Ok(true) };
        let Some(key) = PositionMac::key(&state.mac) else { return Ok(false) };
        Ok(self.mac_of(key, &state.tables)?.of(position) == state.mac)
    }

    /// The statements that make its tables.
    #[must_use]
    pub fn statements(&self) -> Vec<String> {
        let schema = name(&self.schema);
        vec![
            format!("CREATE DATABASE IF NOT EXISTS {schema};"),
            format!(
                "CREATE TABLE IF NOT EXISTS {schema}.state (pipeline VARBINARY(190) PRIMARY KEY, \
                 epoch BIGINT UNSIGNED NOT NULL, position LONGTEXT CHARACTER SET ascii, \
                 file VARBINARY(512), place BIGINT UNSIGNED, \
                 mac VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin, tables LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE=InnoDB;"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {schema}.uses (key_id INT UNSIGNED, \
                 class VARBINARY(190), used BIGINT UNSIGNED NOT NULL, \
                 PRIMARY KEY (key_id, class)) ENGINE=InnoDB;"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {schema}.repairs (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, \
                 pipeline VARBINARY(190) NOT NULL, source VARBINARY(600) NOT NULL, \
                 sealed MEDIUMBLOB NOT NULL) ENGINE=InnoDB;"
            ),
        ]
    }

    /// The schema, or the topic, that holds states.
    pub(super) fn schema(&self) -> &str {
        &self.schema
    }

    /// The pipeline's name.
    pub(super) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    pub(super) fn table(&self) -> String {
        format!("{}.state", name(&self.schema))
    }

    /// The statement that writes the tables' progress.
    pub(super) fn progress(&self, epoch: u64, tables: &BTreeMap<String, Progress>) -> String {
        let tables = serde_json::to_string(tables).unwrap_or_default();
        let (table, called) = (self.table(), self.called());
        format!(
            "UPDATE {table} SET tables = _utf8mb4 {} WHERE pipeline = {called} AND epoch = {epoch}",
            hex(&tables)
        )
    }

    pub(super) fn called(&self) -> String {
        hex(&self.pipeline)
    }

    /// Whether its tables are there, for this user.
    pub fn is_there(&self, session: &mut Session) -> bool {
        // By reading what is newest: tables of an older release count as missing.
        [
            format!("SELECT mac FROM {} LIMIT 0", self.table()),
            format!("SELECT id FROM {} LIMIT 0", self.repairs_table()),
        ]
        .iter()
        .all(|sql| session.run("looking for the state", sql).is_ok())
    }

    /// Reads the state; none was written where it is absent.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, session: &mut Session) -> Result<Option<State>, Failed> {
        let doing = "reading the position in staging";
        let rows = session.texts(
            doing,
            &format!(
                "SELECT epoch, position IS NOT NULL, COALESCE(position, ''), \
                 COALESCE(mac, ''), tables FROM {} WHERE pipeline = {}",
                self.table(),
                self.called()
            ),
        )?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let wrong = |why: &str| Failed {
            doing: doing.to_owned(),
            why: why.to_owned(),
            code: None,
            unreachable: false,
        };
        let [epoch, has_position, position, mac, tables] = &row[..] else {
            return Err(wrong("the row has another form"));
        };
        Ok(Some(State {
            epoch: epoch.parse().map_err(|_| wrong("the epoch is no number"))?,
            position: (has_position == "1").then(|| position.clone()),
            tables: serde_json::from_str(tables).map_err(|_| wrong("the tables are no JSON"))?,
            mac: mac.clone(),
        }))
    }

    /// Takes over: the instance that wrote before may not write any more.
    ///
    /// # Errors
    /// When the state cannot be changed.
    pub fn take_over(&self, session: &mut Session) -> Result<State, Failed> {
        let doing = "taking over in staging";
        session.run(
            doing,
            &format!(
                "INSERT INTO {} (pipeline, epoch, tables) VALUES ({}, 1, '{{}}') \
                 ON DUPLICATE KEY UPDATE epoch = epoch + 1",
                self.table(),
                self.called()
            ),
        )?;
        self.read(session)?.ok_or_else(|| Failed {
            doing: doing.to_owned(),
            why: "the state is gone".to_owned(),
            code: None,
            unreachable: false,
        })
    }

    /// Writes a state, if its instance may.
    ///
    /// # Errors
    /// When it cannot be written. `Ok(false)`: another instance has taken over.
    pub fn write(&self, session: &mut Session, state: &State) -> Result<bool, Failed> {
        let doing = "writing the position in staging";
        let epoch = state.epoch;
        let position = state.position.as_deref().unwrap_or_default();
        let mac = self.mac(&state.tables)?.of(position);
        let tables = serde_json::to_string(&state.tables).unwrap_or_default();
        session.run(
            doing,
            &format!(
                "UPDATE {} SET tables = _utf8mb4 {}, position = '{position}', mac = '{mac}' \
                 WHERE pipeline = {} AND epoch = {epoch}",
                self.table(),
                hex(&tables),
                self.called()
            ),
        )?;
        // Read again: an UPDATE that sets what is there already counts no row as changed.
        let epoch_now = self.read(session)?.map(|state| state.epoch);
        Ok(epoch_now == Some(epoch))
    }
}

pub(super) fn hex(text: &str) -> String {
    format!("x'{}'", twinproof_base::hex::encode(text.as_bytes()))
}

/// Uses of keys, counted in staging.
pub struct Uses {
    connector: Connector,
    schema: String,
    session: Mutex<Option<Session>>,
}

impl Uses {
    /// Counts in the schema of a state.
    #[must_use]
    pub fn new(connector: Connector, schema: &str) -> Self {
        Self { connector, schema: schema.to_owned(), session: Mutex::new(None) }
    }

    fn count(&self, key: u32, class: &str, wanted: u64) -> Result<u64, Failed> {
        let mut held = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out: a session whose transaction failed is dropped with it, not used again.
        let session = match held.take() {
            Some(session) => session,
            None => self.connector.connect(Role::Write)?,
        };
        let session = held.insert(session);
        let doing = "reserving uses of a key";
        let (table, class) = (format!("{}.uses", name(&self.schema)), hex(class));
        let place = format!("key_id = {key} AND class = {class}");
        session.run(doing, &format!("INSERT IGNORE INTO {table} VALUES ({key}, {class}, 0)"))?;
        session.run(doing, "START TRANSACTION")?;
        let used = session.text(
            doing,
            &format!("SELECT CAST(used AS CHAR) FROM {table} WHERE {place} FOR UPDATE"),
        )?;
        // A count that cannot be read counts as used up: a nonce that is used twice would reveal
        // plaintexts.
        let used: u64 = used.and_then(|n| n.parse().ok()).unwrap_or(CEILING);
        let given = wanted.min(CEILING.saturating_sub(used));
        session.run(doing, &format!("UPDATE {table} SET used = used + {given} WHERE {place}"))?;
        // Committed before the uses are spent, so that a crash loses some numbers and repeats none.
        session.run(doing, "COMMIT")?;
        Ok(given)
    }
}

impl Reserve for Uses {
    fn reserve(&self, key: u32, class: &str, wanted: u64) -> Result<u64, Exhausted> {
        reserved(key, class, self.count(key, class, wanted))
    }
}

/// A position as the state holds it.
///
/// # Errors
/// When it is none of that server's.
pub fn position(flavour: Flavour, text: &str) -> Result<GtidSet, Failed> {
    let read = match flavour {
        Flavour::Mysql => GtidSet::mysql(text),
        Flavour::Mariadb => GtidSet::mariadb(text),
    };
    read.map_err(|error| Failed {
        doing: "reading the position in staging".to_owned(),
        why: error.to_string(),
        code: None,
        unreachable: false,
    })
}

//! The input of a pipeline: a policy, keys, and the same as JSON for pipelines that read no policy.

use crate::Error;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use twinproof_history::{Follow, Keys, Spec};

/// Addresses, folders and names that a pipeline's policy needs.
#[derive(Clone, Debug)]
pub struct Places {
    /// The source's socket.
    pub source: PathBuf,
    /// Staging's socket.
    pub staging: PathBuf,
    /// The schema of the tables.
    pub db: String,
    /// The schema of the position.
    pub state: String,
    /// The user at both ends.
    pub user: String,
    /// The folder of policy and keys, which is production's.
    pub folder: PathBuf,
    /// The broker's port, where staging is topics.
    pub broker: Option<u16>,
    /// The server id by which the source knows the pipeline among its replicas.
    pub server_id: u32,
}

/// Keys of a seed: one, which is primary.
#[must_use]
pub fn first_keys(seed: u64) -> Keys {
    let secrets = [(1, secret(seed, 1))].into();
    Keys { secrets, pinned: 1, primary: 1 }
}

/// Adds a key, which becomes the primary one.
pub fn rotate(keys: &mut Keys, seed: u64) {
    keys.primary += 1;
    keys.secrets.insert(keys.primary, secret(seed, keys.primary));
}

fn secret(seed: u64, id: u32) -> String {
    let mut bytes = [0; 32];
    let mut state =
        seed ^ u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0xa5a5_5a5a_1234_9876;
    for byte in &mut bytes {
        state =
            // Knuth's MMIX generator. Its low bits have short periods, so the highest byte is
            // taken. Test keys only: nothing here has to be secret.
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = (state >> 56) as u8;
    }
    BASE64_STANDARD.encode(bytes)
}

/// Writes the policy, the keys and the plan.
pub fn write(places: &Places, spec: &Spec, keys: &Keys) -> Result<(), Error> {
    let ring: String = keys
        .secrets
        .iter()
        .map(|(id, secret)| {
            let state = if *id == keys.primary { "primary" } else { "decrypt" };
            format!("[[key]]\nid = {id}\nstate = \"{state}\"\nsecret = \"{secret}\"\n")
        })
        .collect();
    let policy =
        policy(places, spec, keys).map_err(|e| Error::Broken(format!("the policy: {e}")))?;
    let plan = serde_json::json!({
        "source": places.source, "staging": places.staging, "db": places.db, "state": places.state, "user": places.user,
        "server_id": places.server_id, "keys": keys, "spec": spec,
    });
    for (name, text) in
        [("keys.toml", ring), ("policy.toml", policy), ("plan.json", plan.to_string())]
    {
        let path = places.folder.join(name);
        std::fs::write(path, text).map_err(Error::io("the pipeline's files"))?;
    }
    Ok(())
}

fn policy(places: &Places, spec: &Spec, keys: &Keys) -> Result<String, toml::ser::Error> {
    let text = |text: &str| Value::String(text.to_owned());
    let server = |socket: &Path| format!("mysql://{}@{}", places.user, socket.display());
    let mut source = Table::new();
    source.insert("url".to_owned(), Value::String(server(&places.source)));
    source.insert("server-id".to_owned(), Value::Integer(places.server_id.into()));
    let mut staging = Table::new();
    match places.broker {
        None => {
            staging.insert("url".to_owned(), Value::String(server(&places.staging)));
        }
        Some(port) => {
            staging.insert("url".to_owned(), Value::String(format!("kafka://127.0.0.1:{port}")));
            let kafka = [("prefix".to_owned(), text(&places.db))].into_iter().collect();
            staging.insert("kafka".to_owned(), Value::Table(kafka));
        }
    }
    let mut ring = Table::new();
    ring.insert("file".to_owned(), text("keys.toml"));
    ring.insert("pinned".to_owned(), Value::Integer(keys.pinned.into()));
    let mut tables = Vec::new();
    for table in spec.table.iter().filter(|t| !t.aside) {
        let mut one = Table::new();
        one.insert("name".to_owned(), Value::String(format!("{}.{}", places.db, table.name)));
        one.insert("key".to_owned(), Value::try_from(&table.key)?);
        if let Some(predicate) = &table.predicate {
            one.insert("where".to_owned(), text(predicate));
        }
        let follow = |follow: &Follow| {
            let table = format!("{}.{}", places.db, follow.table);
            Follow { table, by: follow.by.clone() }
        };
        let follows: Vec<Follow> = table.follows.iter().map(follow).collect();
        if !follows.is_empty() {
            one.insert("follows".to_owned(), Value::try_from(follows)?);
        }
        one.insert("columns".to_owned(), Value::try_from(&table.columns)?);
        tables.push(Value::Table(one));
    }
    let root: Table = [
        ("tenant".to_owned(), text(&spec.tenant)),
        ("state".to_owned(), text(&places.state)),
        // The folder of the policy is production's; what a pipeline writes goes into its own.
        ("lock".to_owned(), text("../own/policy.lock")),
        ("source".to_owned(), Value::Table(source)),
        ("staging".to_owned(), Value::Table(staging)),
        ("keys".to_owned(), Value::Table(ring)),
        ("class".to_owned(), Value::try_from(&spec.class)?),
        ("table".to_owned(), Value::Array(tables)),
    ]
    .into_iter()
    .collect();
    toml::to_string(&root)
}

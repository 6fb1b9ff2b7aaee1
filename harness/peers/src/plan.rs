//! The orders to a simple pipeline.

use mysql::{Conn, OptsBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Servers, tables, keys.
#[derive(Debug, Deserialize)]
pub struct Plan {
    pub source: PathBuf,
    pub staging: PathBuf,
    pub db: String,
    pub state: String,
    pub user: String,
    pub server_id: u32,
    pub keys: Keys,
    pub spec: Spec,
}

#[derive(Debug, Deserialize)]
pub struct Keys {
    pub secrets: BTreeMap<u32, String>,
}

#[derive(Debug, Deserialize)]
pub struct Spec {
    pub table: Vec<Table>,
}

#[derive(Debug, Deserialize)]
pub struct Table {
    pub name: String,
    pub key: Vec<String>,
    #[serde(default, rename = "where")]
    pub predicate: Option<String>,
    pub columns: BTreeMap<String, String>,
}

impl Plan {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }

    pub fn connect(&self, socket: &Path) -> anyhow::Result<Conn> {
        let opts = OptsBuilder::new().user(Some(&self.user)).socket(socket.to_str());
        // The socket is given, so the driver need not ask the server for its own.
        let opts = opts.prefer_socket(false).init(vec!["SET NAMES utf8mb4"]);
        Ok(Conn::new(opts)?)
    }
}

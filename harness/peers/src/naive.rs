//! The applier that the document's table implies: it reads the binlog from where it ends, lets rows
//! pass by comparing texts, encrypts sensitive columns with AES-256-GCM, and writes with REPLACE.

use crate::plan::{Plan, Table};
use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mysql::binlog::events::EventData;
use mysql::prelude::Queryable as _;
use mysql::{BinlogRequest, Conn, Value};
use mysql_common::binlog::row::BinlogRow;
use mysql_common::binlog::value::BinlogValue;
use std::collections::BTreeMap;
use std::process::ExitCode;

type Row = BTreeMap<String, Value>;

/// Copies what is there, then follows the binlog.
pub fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let mut source = plan.connect(&plan.source)?;
    let mut staging = plan.connect(&plan.staging)?;
    // Asked before the copy: rows that change meanwhile are applied twice and not lost.
    let status: Option<mysql::Row> = source.query_first("SHOW MASTER STATUS")?;
    let status = status.ok_or_else(|| anyhow::anyhow!("the source has no binlog"))?;
    let file: String = status.get(0).unwrap_or_default();
    // The first event of a file stands after four bytes of magic.
    let position: u64 = status.get(1).unwrap_or(4);
    for table in &plan.spec.table {
        let rows: Vec<mysql::Row> =
            source.query(format!("SELECT * FROM {}.{}", plan.db, table.name))?;
        for row in rows {
            let names: Vec<String> =
                row.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
            let row: Row = names.into_iter().zip(row.unwrap()).collect();
            write(plan, &mut staging, table, row)?;
        }
    }
    eprintln!("following the binlog");
    // MariaDB sends its own events, GTIDs among them, only to a replica that says it knows them.
    source.query_drop("SET @mariadb_slave_capability = 4")?;
    let request =
        BinlogRequest::new(plan.server_id).with_filename(file.into_bytes()).with_pos(position);
    let mut stream = source.get_binlog_stream(request)?;
    while let Some(event) = stream.next() {
        let event = event?;
        // Rows events alone: table map, versions 1 and 2 of write, update and delete.
        if !matches!(event.header().event_type_raw(), 19 | 23..=25 | 30..=32) {
            continue;
        }
        let Some(EventData::RowsEvent(rows)) = event.read_data()? else { continue };
        let Some(map) = stream.get_tme(rows.table_id()) else { continue };
        let named = map.database_name() == plan.db;
        let table = plan.spec.table.iter().find(|t| named && t.name == map.table_name());
        let Some(table) = table else { continue };
        for pair in rows.rows(map) {
            match pair? {
                (_, Some(after)) => write(plan, &mut staging, table, row(after))?,
                (Some(before), None) => {
                    let before = row(before);
                    let key: Vec<String> = table
                        .key
                        .iter()
                        .map(|k| format!("`{k}` = {}", before[k].as_sql(true)))
                        .collect();
                    let sql = format!(
                        "DELETE FROM {}.{} WHERE {}",
                        plan.db,
                        table.name,
                        key.join(" AND ")
                    );
                    staging.query_drop(sql)?;
                }
                (None, None) => {}
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row(row: BinlogRow) -> Row {
    let names: Vec<String> = row.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
    let values = row.unwrap().into_iter().map(|value| match value {
        BinlogValue::Value(value) => value,
        _ => Value::NULL,
    });
    names.into_iter().zip(values).collect()
}

/// Filters, masks and replaces a row.
fn write(plan: &Plan, staging: &mut Conn, table: &Table, row: Row) -> anyhow::Result<()> {
    let class = row.get("user_type").map(|v| v.as_sql(true)).unwrap_or_default();
    // Compared as texts, without the rules of collation: one of the faults that the suite has to
    // find.
    if table.predicate.as_ref().is_some_and(|p| p.contains(&class)) {
        return Ok(());
    }
    let secret = plan.keys.secrets.values().next().map(String::as_str).unwrap_or_default();
    // Decoded for every row; nothing here is meant to be fast.
    let secret = BASE64_STANDARD.decode(secret)?;
    let cipher = Aes256Gcm::new_from_slice(&secret).map_err(|e| anyhow::anyhow!("{e}"))?;
    let mut values = Vec::new();
    for (column, value) in &row {
        let masked = table.columns.get(column).is_some_and(|class| class != "public");
        values.push(match value {
            Value::Bytes(bytes) if masked => {
                let mut nonce = [0; 12];
                // A random nonce gives another text for the same value each time, so that joins
                // break: the suite finds it.
                getrandom::fill(&mut nonce)?;
                let sealed = cipher.encrypt(&nonce.into(), bytes.as_slice());
                let sealed = sealed.map_err(|e| anyhow::anyhow!("{e}"))?;
                format!("'{}'", BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
            }
            value => value.as_sql(false),
        });
    }
    let names: Vec<String> = row.keys().map(|name| format!("`{name}`")).collect();
    let sql = format!(
        "REPLACE INTO {}.{} ({}) VALUES ({})",
        plan.db,
        table.name,
        names.join(", "),
        values.join(", ")
    );
    Ok(staging.query_drop(sql)?)
}

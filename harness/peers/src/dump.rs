//! The full dump: everything is copied again and again, with the server's own tools. Nothing is masked.
//!
//! Each dump is loaded beside the tables, and takes their place in one step, as people do who serve
//! readers from a copy: `mysqldump --replace` into the tables themselves would never delete a row.

use crate::plan::Plan;
use anyhow::ensure;
use mysql::prelude::Queryable as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Between two dumps.
const PERIOD: Duration = Duration::from_millis(500);

/// Dumps and loads until it is ended.
pub fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    let Plan { db, state, .. } = plan;
    let tables: Vec<&String> = plan.spec.table.iter().map(|t| &t.name).collect();
    let mut staging = plan.connect(&plan.staging)?;
    loop {
        for table in &tables {
            let (fresh, old) = (format!("`{state}`.`{table}`"), format!("`{state}`.`{table}_old`"));
            staging.query_drop(format!("DROP TABLE IF EXISTS {fresh}, {old}"))?;
            staging.query_drop(format!("CREATE TABLE {fresh} LIKE `{db}`.`{table}`"))?;
        }
        copy(plan, state, &tables)?;
        let swaps = tables.iter().map(|table| {
            format!(
                "`{db}`.`{table}` TO `{state}`.`{table}_old`, `{state}`.`{table}` TO `{db}`.`{table}`"
            )
        });
        staging.query_drop(format!("RENAME TABLE {}", swaps.collect::<Vec<_>>().join(", ")))?;
        std::thread::sleep(PERIOD);
    }
}

/// Dumps all tables as of one moment, into a schema of staging.
fn copy(plan: &Plan, schema: &str, tables: &[&String]) -> anyhow::Result<()> {
    let socket = |path: &Path| format!("--socket={}", path.display());
    let user = format!("--user={}", plan.user);
    let mut dump = Command::new("mysqldump");
    dump.args([&socket(&plan.source), &user, "--single-transaction", "--skip-lock-tables"]);
    dump.args(["--no-create-info", "--skip-triggers", "--no-tablespaces", &plan.db]);
    let mut dumping = dump.args(tables).stdout(Stdio::piped()).spawn()?;
    let load = Command::new("mysql")
        .args([&socket(&plan.staging), &user, schema])
        .stdin(dumping.stdout.take().map_or_else(Stdio::null, Stdio::from))
        .status()?;
    ensure!(dumping.wait()?.success() && load.success(), "a dump was not loaded");
    Ok(())
}

//! The full dump: everything is copied again and again, with the server's own tools. Nothing is masked.

use crate::plan::Plan;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

/// Between two dumps.
const PERIOD: Duration = Duration::from_millis(500);

/// Dumps and loads until it is ended.
pub fn run(plan: &Plan) -> anyhow::Result<ExitCode> {
    loop {
        let socket = |path: &Path| format!("--socket={}", path.display());
        let user = format!("--user={}", plan.user);
        let mut dump = Command::new("mysqldump");
        dump.args([&socket(&plan.source), &user, "--single-transaction", "--skip-lock-tables"]);
        dump.args([
            "--no-create-info",
            "--replace",
            "--skip-triggers",
            "--no-tablespaces",
            &plan.db,
        ]);
        dump.args(plan.spec.table.iter().map(|t| &t.name));
        let mut dumping = dump.stdout(Stdio::piped()).spawn()?;
        let load = Command::new("mysql")
            .args([&socket(&plan.staging), &user, &plan.db])
            .stdin(dumping.stdout.take().map_or_else(Stdio::null, Stdio::from))
            .status()?;
        if !dumping.wait()?.success() || !load.success() {
            anyhow::bail!("a dump was not loaded");
        }
        std::thread::sleep(PERIOD);
    }
}

//! h2spec: what RFC 9113 demands of a server, as an independent client finds it.

use super::servers::{SMALL, Server, Servers, Speaks};
use super::table::{Limit, Row};
use anyhow::{Context as _, bail, ensure};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use twinproof_toolchain::Cache;

/// Module and version of h2spec.
const MODULE: &str = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";

/// A port without TLS speaks HTTP/1.1 as well: bytes that are no preface of HTTP/2 are a malformed
/// request of HTTP/1.1 there, answered with 400 before the connection ends. h2spec wants it to end
/// without.
const HTTP1_TOO: f64 = 1.0;

/// Runs it without TLS and with TLS.
pub fn h2spec(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let Some(program) = program()? else {
        eprintln!("h2spec is not there, and there is no go to build it with");
        return Ok(Vec::new());
    };
    let run = |server: &Server, tls: bool| failed(&program, server, tls);
    let own = run(&servers.own(Speaks::Http2)?, false)?;
    let nginx = servers.nginx(Speaks::Http2)?;
    let nginx = nginx.as_ref().map(|server| run(server, false)).transpose()?;
    let secure = run(&servers.own(Speaks::Tls)?, true)?;
    Ok(vec![
        Row::new("h2spec", "failed of 146, without TLS", own, Limit::AtMost(HTTP1_TOO))
            .beside(nginx),
        Row::new("h2spec", "failed of 146, with TLS", secure, Limit::AtMost(0.0)),
    ])
}

/// Number of h2spec's tests that fail.
fn failed(program: &PathBuf, server: &Server, tls: bool) -> anyhow::Result<f64> {
    let (host, port) = server.address.rsplit_once(':').context("an address")?;
    let mut command = Command::new(program);
    command.args(["--strict", "--timeout", "1", "--host", host, "--port", port, "--path", SMALL]);
    command.args(if tls { &["--tls", "--insecure"][..] } else { &[] });
    let output = command.stdin(Stdio::null()).output().context("h2spec")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // "146 tests, 144 passed, 1 skipped, 1 failed"
    let last = text.lines().rev().find(|line| line.contains(" tests, ")).unwrap_or_default();
    let count = |what: &str| {
        let part = last.split(", ").find(|part| part.ends_with(what))?;
        part.split(' ').next()?.parse::<f64>().ok()
    };
    match (count("tests"), count("failed")) {
        (Some(tests), Some(failed)) => {
            ensure!(tests >= 140.0, "only {tests} tests of h2spec were run");
            Ok(failed)
        }
        _ => bail!("h2spec said:\n{text}{}", String::from_utf8_lossy(&output.stderr)),
    }
}

/// The program, built into the user's cache at its first use; none without a `go`.
fn program() -> anyhow::Result<Option<PathBuf>> {
    let version = MODULE.rsplit('@').next().unwrap_or_default();
    let folder = Cache::of_user()?.root().join("tools").join(format!("h2spec-{version}"));
    let program = folder.join(format!("h2spec{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(Some(program));
    }
    let Ok(go) = which::which("go") else { return Ok(None) };
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new(go);
    command.args(["install", MODULE]).current_dir(&folder).env("GOBIN", &folder);
    command.envs(twinproof_base::go_env::PLAIN).env_remove("GOOS").env_remove("GOARCH");
    let output = command.output().context("go install")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "go install {MODULE}: {said}");
    Ok(Some(program))
}

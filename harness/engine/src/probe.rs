//! Typed questions and how their answers are read.

use crate::checksum;
use crate::drive::{Driver, Undriven};
use std::collections::BTreeMap;
use twinproof_judge::Blobs as _;
use twinproof_model::{
    Case, ExitMatch, Observation, Probe, ProbeKind, Process, ProcessObservation,
};

/// Asks the question of a probe.
pub fn ask(driver: &mut Driver<'_>, case: &Case, probe: &Probe) -> Result<Observation, Undriven> {
    match probe.kind {
        ProbeKind::GoEnv => ask_go(driver, probe, &["env", "-json"], go_env),
        ProbeKind::GoVersion => ask_go(driver, probe, &["version"], go_version),
        ProbeKind::Environment => {
            let fingerprint = driver.environment().fingerprint();
            let mut values = fingerprint.facts.clone();
            for (key, value) in [
                ("name", driver.environment().name().to_string()),
                ("os", fingerprint.os.clone()),
                ("arch", fingerprint.arch.clone()),
                ("kernel", fingerprint.kernel.clone()),
                ("libc", fingerprint.libc.clone()),
            ] {
                values.insert(key.to_owned(), value);
            }
            Ok(Observation::Probe { process: None, values, error: None })
        }
        ProbeKind::WslpathVectors => {
            let name = driver.scope().expand(probe.path.as_deref().unwrap_or_default())?;
            let path = format!("{}/{name}", case.suite);
            let answer = match (driver.context().data)(&path) {
                None => Err(format!("there is no suite file {path}")),
                Some(bytes) => vectors(&path, &bytes),
            };
            Ok(answered(None, answer))
        }
        ProbeKind::ChecksumSettings => Ok(answered(None, checksum::measure(driver, case, probe)?)),
    }
}

/// The values of an answer, or why there is none.
pub type Answer = Result<BTreeMap<String, String>, String>;

fn answered(process: Option<ProcessObservation>, answer: Answer) -> Observation {
    match answer {
        Ok(values) => Observation::Probe { process, values, error: None },
        Err(error) => Observation::Probe { process, values: BTreeMap::new(), error: Some(error) },
    }
}

fn ask_go(
    driver: &mut Driver<'_>,
    probe: &Probe,
    args: &[&str],
    read: fn(&str) -> Answer,
) -> Result<Observation, Undriven> {
    let goroot = driver.goroot(probe.sdk.as_deref())?;
    let env = driver.env(Some(&goroot), &probe.env, &probe.unset)?;
    let process = Process {
        args: args.iter().map(|a| (*a).to_owned()).collect(),
        cwd: probe.cwd.clone(),
        exit: ExitMatch(0),
        ..Process::default()
    };
    let seen = driver.process(driver.go_program(&goroot), &process, env)?;
    let text = |blob| {
        let bytes = driver.context().store.get(blob);
        bytes.map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    };
    let answer = match seen.exit {
        Some(0) => read(&text(&seen.stdout)),
        Some(code) => Err(format!("exit code {code}: {}", text(&seen.stderr).trim_end())),
        None => Err("it did not end by itself".to_owned()),
    };
    Ok(answered(Some(seen), answer))
}

fn go_env(stdout: &str) -> Answer {
    serde_json::from_str(stdout).map_err(|e| format!("no flat map of strings: {e}"))
}

/// `go version go1.27.3 linux/amd64`, with whatever experiments stand after it.
fn go_version(stdout: &str) -> Answer {
    let text = stdout.trim_end();
    let read = || {
        let rest = text.strip_prefix("go version go")?;
        let (version, rest) = rest.split_once(' ')?;
        let platform = rest.rsplit(' ').next()?;
        let (goos, goarch) = platform.split_once('/')?;
        let pairs = [("version", version), ("goos", goos), ("goarch", goarch), ("text", text)];
        Some(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    };
    read().ok_or_else(|| format!("not as `go version` answers: {text:?}"))
}

fn vectors(name: &str, bytes: &[u8]) -> Answer {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("{name} is not UTF-8: {e}"))?;
    let report = twinproof_wslpath::vectors::check_text(std::path::Path::new(name), text)
        .map_err(|e| e.to_string())?;
    let mismatches: Vec<_> = report.mismatches.iter().map(|m| m.id.clone()).collect();
    let values = [
        ("total", report.total.to_string()),
        ("matched", report.matched.to_string()),
        ("mismatched", mismatches.len().to_string()),
        ("mismatches", mismatches.join(" ")),
    ];
    Ok(values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

#[cfg(test)]
mod tests {
    use super::{go_env, go_version};

    #[test]
    fn answers_are_read_exactly() {
        let v = go_version("go version go1.27.3 linux/amd64\n").unwrap();
        assert_eq!((v["version"].as_str(), v["goos"].as_str()), ("1.27.3", "linux"));
        let v = go_version("go version go1.27.3 X:nocoverageredesign windows/arm64\r\n").unwrap();
        assert_eq!(v["goarch"], "arm64");
        assert!(go_version("go version devel linux/amd64").is_err());
        assert!(go_env("{\"A\": 1}").is_err());
        assert_eq!(go_env("{\"A\": \"1\"}").unwrap()["A"], "1");
    }
}

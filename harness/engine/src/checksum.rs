//! The checksum settings, measured: for each of them, who is asked for a public and for a private
//! module, and whether a module with wrong content gets through.

use crate::drive::{Driver, Undriven};
use crate::probe::Answer;
use serde::Deserialize;
use std::collections::BTreeMap;
use twinproof_judge::Blobs as _;
use twinproof_model::{Case, Probe, Process, SeenRequest};

/// The modules that are downloaded: what they stand for, path and version. The case's origin serves
/// both, with wrong content.
const MODULES: [(&str, &str); 2] = [("public", "example.com/a"), ("private", "corp.example/p")];
/// The version of both.
const VERSION: &str = "v1.0.0";

/// One row: variables of the environment, which may refer to the variables of the case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    /// How the row is called.
    name: String,
    /// The variables that are set.
    env: BTreeMap<String, String>,
}

/// What became of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It was refused because the database says otherwise.
    Refused,
    /// It was taken.
    Taken,
    /// There was nothing to be judged: the module could not be had.
    Absent,
}

/// Measures every row of the suite file that the probe names; row → what was seen.
pub fn measure(driver: &mut Driver<'_>, case: &Case, probe: &Probe) -> Result<Answer, Undriven> {
    let name = driver.scope().expand(probe.path.as_deref().unwrap_or_default())?;
    let path = format!("{}/{name}", case.suite);
    let rows: Vec<Setting> = match (driver.context().data)(&path) {
        None => return Ok(Err(format!("there is no suite file {path}"))),
        Some(bytes) => match serde_json::from_slice(&bytes) {
            Ok(rows) => rows,
            Err(error) => return Ok(Err(format!("{path}: {error}"))),
        },
    };
    let mut values = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        let mut outcomes = Vec::new();
        if !driver.forget_requests() {
            return Ok(Err("the case has no origin".to_owned()));
        }
        for (_, module) in MODULES {
            outcomes.push(download(driver, probe, row, number, module)?);
        }
        values.insert(
            row.name.clone(),
            told(&outcomes, &driver.asked_of_origin().unwrap_or_default()),
        );
    }
    Ok(Ok(values))
}

/// Downloads a module into a cache that only this row has.
fn download(
    driver: &mut Driver<'_>,
    probe: &Probe,
    row: &Setting,
    number: usize,
    module: &str,
) -> Result<Outcome, Undriven> {
    let goroot = driver.goroot(probe.sdk.as_deref())?;
    let mut env = probe.env.clone();
    env.extend(row.env.clone());
    env.insert("GOPATH".to_owned(), format!("${{work}}${{sep}}settings${{sep}}{number}"));
    let env = driver.env(Some(&goroot), &env, &probe.unset)?;
    let process = Process {
        args: ["mod", "download", &format!("{module}@{VERSION}")].map(str::to_owned).to_vec(),
        ..Process::default()
    };
    let seen = driver.process(driver.go_program(&goroot), &process, env)?;
    let stderr = driver.context().store.get(&seen.stderr);
    let stderr = stderr.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(match seen.exit {
        Some(0) => Outcome::Taken,
        _ if stderr.is_some_and(|text| text.contains("SECURITY ERROR")) => Outcome::Refused,
        _ => Outcome::Absent,
    })
}

/// A row in words: for each module how it came, whether it was verified and by whose words, and
/// what follows.
fn told(outcomes: &[Outcome], asked: &[SeenRequest]) -> String {
    let heard = |prefix: &str, infix: &str| {
        asked.iter().any(|r| r.target.starts_with(prefix) && r.target.contains(infix))
    };
    let mut words = Vec::new();
    let mut risks = Vec::new();
    for ((kind, module), outcome) in MODULES.iter().zip(outcomes) {
        let proxy = heard(&format!("/{module}/@v/"), "");
        let lookup = format!("/lookup/{module}@");
        let (through, directly) = (heard("/sumdb/", &lookup), heard("/db/", &lookup));
        let way = if proxy { "through the proxy" } else { "not through the proxy" };
        let by = match (through, directly) {
            (false, false) => "database not asked",
            (true, false) => "database asked through the proxy",
            (false, true) => "database asked directly",
            (true, true) => "database asked both ways",
        };
        let end = match outcome {
            Outcome::Refused => "wrong content refused",
            Outcome::Taken => "wrong content taken",
            Outcome::Absent => "not to be had",
        };
        words.push(format!("{kind}: {way}, {by}, {end}"));
        if *outcome == Outcome::Taken {
            risks.push(format!("wrong content of {kind} modules goes unnoticed"));
        }
        if *kind == "private" {
            if proxy {
                risks.push("the proxy learns private names".to_owned());
            }
            if through || directly {
                risks.push("the database learns private names".to_owned());
            }
        }
    }
    let risk = if risks.is_empty() { "none seen".to_owned() } else { risks.join(", ") };
    format!("{}; risk: {risk}", words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, told};
    use twinproof_model::SeenRequest;

    fn asked(targets: &[&str]) -> Vec<SeenRequest> {
        let request = |t: &&str| SeenRequest { target: (*t).to_owned(), ..SeenRequest::default() };
        targets.iter().map(request).collect()
    }

    #[test]
    fn rows_say_who_heard_what() {
        let seen = asked(&["/example.com/a/@v/v1.0.0.zip", "/db/lookup/example.com/a@v1.0.0"]);
        assert_eq!(
            told(&[Outcome::Refused, Outcome::Absent], &seen),
            "public: through the proxy, database asked directly, wrong content refused; \
             private: not through the proxy, database not asked, not to be had; risk: none seen"
        );
        let seen =
            asked(&["/corp.example/p/@v/v1.0.0.info", "/sumdb/x/y/lookup/corp.example/p@v1.0.0"]);
        assert_eq!(
            told(&[Outcome::Taken, Outcome::Refused], &seen),
            "public: not through the proxy, database not asked, wrong content taken; \
             private: through the proxy, database asked through the proxy, wrong content refused; \
             risk: wrong content of public modules goes unnoticed, the proxy learns private names, \
             the database learns private names"
        );
    }
}

//! The question of a `probe` about checksum settings: for each of them, which server is asked for a public and
//! for a private module, and whether a module with wrong content gets through.

use super::process::ProcessObservation;
use super::requests::SeenRequest;
use crate::kind::Seen as _;
use crate::{Evidence, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::BlobRef;

/// The modules that are downloaded: `public` or `private`, and the path. The case's origin serves
/// both, with wrong content.
pub const CHECKSUM_MODULES: [(&str, &str); 2] =
    [("public", "example.com/a"), ("private", "corp.example/p")];

/// One setting, tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingRun {
    /// Its name in the suite's file.
    pub name: String,
    /// The download of each of [`CHECKSUM_MODULES`], in that order.
    pub downloads: Vec<ProcessObservation>,
    /// The requests that the origin received meanwhile: a [`SeenRequest`] a line, as JSON.
    pub requests: BlobRef,
}

impl SettingRun {
    /// Its row in a report.
    pub(super) fn row(&self) -> Row<'_> {
        let mut rows: Vec<_> = self.downloads.iter().flat_map(|p| p.rows()).collect();
        rows.push(Row::blob("requests", &self.requests));
        Row::Folded(self.name.clone(), rows)
    }
}

/// The outcome of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Refused: the database has another hash.
    Refused,
    /// Accepted.
    Taken,
    /// Not downloaded, so that nothing could be checked.
    Absent,
}

/// Setting → its outcome, in words.
pub(super) fn table(
    runs: &[SettingRun],
    evidence: Evidence<'_>,
) -> Result<BTreeMap<String, String>, String> {
    runs.iter()
        .map(|run| {
            let outcomes = run.downloads.iter().map(|p| outcome(p, evidence));
            let outcomes: Vec<Outcome> = outcomes.collect::<Result<_, _>>()?;
            if outcomes.len() != CHECKSUM_MODULES.len() {
                return Err(format!("{} has {} downloads", run.name, outcomes.len()));
            }
            let asked = SeenRequest::read_all(&evidence.read(&run.requests)?)?;
            Ok((run.name.clone(), in_words(&outcomes, &asked)))
        })
        .collect()
}

fn outcome(download: &ProcessObservation, evidence: Evidence<'_>) -> Result<Outcome, String> {
    let stderr = evidence.read(&download.stderr)?;
    Ok(match download.exit {
        Some(0) => Outcome::Taken,
        // cmd/go's own words; its exit code is 1 for this and for everything else.
        _ if String::from_utf8_lossy(&stderr).contains("SECURITY ERROR") => Outcome::Refused,
        _ => Outcome::Absent,
    })
}

/// A row in words: for each module its way, whether it was verified and which server was asked, and
/// the risks that follow.
fn in_words(outcomes: &[Outcome], asked: &[SeenRequest]) -> String {
    let requested = |prefix: &str, infix: &str| {
        asked.iter().any(|r| r.target.starts_with(prefix) && r.target.contains(infix))
    };
    let mut words = Vec::new();
    let mut risks = Vec::new();
    for ((kind, module), outcome) in CHECKSUM_MODULES.iter().zip(outcomes) {
        let proxy = requested(&format!("/{module}/@v/"), "");
        let lookup = format!("/lookup/{module}@");
        // A proxy passes the database on below `/sumdb/NAME/`; the origin serves it by itself below
        // `/db/`.
        let (through, directly) = (requested("/sumdb/", &lookup), requested("/db/", &lookup));
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
    use super::{Outcome, in_words};
    use crate::SeenRequest;

    fn asked(targets: &[&str]) -> Vec<SeenRequest> {
        let request = |t: &&str| SeenRequest { target: (*t).to_owned(), ..SeenRequest::default() };
        targets.iter().map(request).collect()
    }

    #[test]
    fn rows_say_who_was_asked_and_what_follows() {
        let seen = asked(&["/example.com/a/@v/v1.0.0.zip", "/db/lookup/example.com/a@v1.0.0"]);
        assert_eq!(
            in_words(&[Outcome::Refused, Outcome::Absent], &seen),
            "public: through the proxy, database asked directly, wrong content refused; \
             private: not through the proxy, database not asked, not to be had; risk: none seen"
        );
        let seen =
            asked(&["/corp.example/p/@v/v1.0.0.info", "/sumdb/x/y/lookup/corp.example/p@v1.0.0"]);
        assert_eq!(
            in_words(&[Outcome::Taken, Outcome::Refused], &seen),
            "public: not through the proxy, database not asked, wrong content taken; \
             private: through the proxy, database asked through the proxy, wrong content refused; \
             risk: wrong content of public modules goes unnoticed, the proxy learns private names, \
             the database learns private names"
        );
    }
}

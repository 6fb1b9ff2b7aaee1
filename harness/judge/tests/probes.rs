//! Answers of probes are read from what was recorded, so that a changed record changes the verdict.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use twinproof_judge::Judge;
use twinproof_model::{BlobRef, Verdict};
use twinproof_steps::{Blobs, Case, RunRecord};

/// Evidence in memory; its name stands for its hash.
struct Memory(BTreeMap<&'static str, String>);

impl Blobs for Memory {
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>> {
        self.0.get(blob.sha256.as_str()).map(|text| Cow::Borrowed(text.as_bytes()))
    }
}

fn verdict(probe: Value, observation: Value, blobs: &[(&'static str, &str)]) -> Verdict {
    let case: Case = serde_json::from_value(json!({
        "suite": "s", "id": "c", "claims": [], "title": "", "environments": [],
        "step": [{ "probe": probe }], "control": { "step": 1, "remove": true },
    }))
    .unwrap();
    let record: RunRecord = serde_json::from_value(json!({
        "case": "s/c", "environment": "host", "subject": "", "started": 0, "micros": 1,
        "outcome": "driven",
        "steps": [{ "index": 0, "micros": 1, "observation": observation }],
    }))
    .unwrap();
    let blobs = Memory(blobs.iter().map(|(name, text)| (*name, (*text).to_owned())).collect());
    let goldens = BTreeMap::new();
    let judge = Judge::new(&[], &goldens, &blobs).unwrap();
    judge.judge(&case, &record).verdict()
}

fn blob(name: &str) -> Value {
    json!({ "sha256": name, "size": 1 })
}

fn process(exit: i64, stderr: &str) -> Value {
    json!({
        "argv": ["go"], "cwd": "/w", "env": {}, "exit": exit, "limit_ms": 1000,
        "stdout": blob("empty"), "stderr": blob(stderr),
    })
}

// One JSON object a line, as the relay records requests.
const ASKED: &str = r#"{"method":"GET","target":"/example.com/a/@v/v1.0.0.zip","status":200,"bytes":1,"micros":1}
{"method":"GET","target":"/sumdb/x/y/lookup/example.com/a@v1.0.0","status":200,"bytes":1,"micros":1}
"#;

#[rstest]
#[case::as_recorded(ASKED.to_owned(), 1, "security", Verdict::Pass)]
#[case::another_request(ASKED.replace("/sumdb/x/y/lookup/", "/elsewhere/"), 1, "security", Verdict::Fail)]
#[case::no_request(String::new(), 1, "security", Verdict::Fail)]
#[case::taken(ASKED.to_owned(), 0, "security", Verdict::Fail)]
#[case::refused_for_another_reason(ASKED.to_owned(), 1, "empty", Verdict::Fail)]
#[case::no_list("{".to_owned(), 1, "security", Verdict::Fail)]
fn checksum_settings_follow_from_requests_and_exit_codes(
    #[case] requests: String,
    #[case] exit: i64,
    #[case] stderr: &str,
    #[case] want: Verdict,
) {
    // The wording of the suite's data file, which the probe's answer is compared with.
    let public =
        "public: through the proxy, database asked through the proxy, wrong content refused";
    let probe = json!({
        "kind": "checksum_settings", "path": "f.json", "values": { "row": { "contains": public } },
    });
    let observation = json!({
        "kind": "probe",
        "settings": [{
            "name": "row", "requests": blob("requests"),
            "downloads": [process(exit, stderr), process(1, "empty")],
        }],
    });
    let blobs =
        [("requests", requests.as_str()), ("empty", ""), ("security", "SECURITY ERROR: mismatch")];
    assert_eq!(verdict(probe, observation, &blobs), want);
}

#[rstest]
#[case("exit 0, output \"/mnt/c\"", Verdict::Pass)]
#[case("exit 1, no output", Verdict::Fail)]
fn vectors_are_compared_by_the_judge(#[case] actual: &str, #[case] want: Verdict) {
    let line = json!({ "id": "v1", "expected": "exit 0, output \"/mnt/c\"", "actual": actual });
    let probe = json!({
        "kind": "wslpath_vectors", "path": "v.json",
        "values": { "total": "1", "matched": "1", "mismatched": "0" },
    });
    let observation = json!({ "kind": "probe", "vectors": blob("vectors") });
    assert_eq!(verdict(probe, observation, &[("vectors", &line.to_string())]), want);
}

#[rstest]
#[case("go version go1.27.3 linux/amd64\n", Verdict::Pass)]
// Another patch release must not pass for the one that the environment promises.
#[case("go version go1.27.4 linux/amd64\n", Verdict::Fail)]
#[case("go version devel\n", Verdict::Fail)]
fn the_version_is_read_from_the_stored_output(#[case] stdout: &str, #[case] want: Verdict) {
    let probe = json!({ "kind": "go_version", "values": { "version": "1.27.3" } });
    let observation = json!({ "kind": "probe", "process": process(0, "none") });
    let blobs = [("empty", stdout), ("none", "")];
    assert_eq!(verdict(probe, observation, &blobs), want);
}

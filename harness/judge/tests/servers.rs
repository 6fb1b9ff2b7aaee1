//! The checks of steps that start, ask and watch servers: what each says when it holds and when not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::rstest;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use twinproof_judge::Judge;
use twinproof_model::BlobRef;
use twinproof_steps::Blobs;
use twinproof_steps::{Case, RunRecord};

/// Evidence in memory; its name stands for its hash.
struct Memory;

impl Blobs for Memory {
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>> {
        let bytes: &[u8] = match blob.sha256.as_str() {
            "list" => b"v1.0.0\nv1.1.0\n",
            "log" => b"listen tcp: address already in use\n",
            "requests" => {
                br#"{"method":"GET","target":"/a/@v/list","headers":{"user-agent":"x"},"status":200,"bytes":1,"micros":1}
{"method":"GET","target":"/a/@v/v1.zip","headers":{},"status":200,"bytes":1,"micros":1}
{"method":"GET","target":"/a/@v/v1.zip","headers":{"user-agent":"x"},"status":null,"bytes":0,"micros":1}
"#
            }
            _ => return None,
        };
        Some(Cow::Borrowed(bytes))
    }
}

/// The checks of one step, a line each.
fn checks(step: Value, observation: Value) -> Vec<String> {
    let case: Case = serde_json::from_value(json!({
        "suite": "s", "id": "c", "claims": [], "title": "", "environments": [], "step": [step],
        "control": { "step": 1, "remove": true },
    }))
    .unwrap();
    let record: RunRecord = serde_json::from_value(json!({
        "case": "s/c", "environment": "proxy:x", "subject": "proxy=x", "started": 0, "micros": 1,
        "outcome": "driven", "variables": { "host": "h" },
        "steps": [{ "index": 0, "micros": 1, "observation": observation }],
    }))
    .unwrap();
    let goldens = BTreeMap::new();
    let judge = Judge::new(&[], &goldens, &Memory).unwrap();
    let found = judge.judge(&case, &record).checks;
    found.iter().map(|c| format!("{} {}: {} | {}", c.id, c.verdict, c.expected, c.actual)).collect()
}

/// A JSON object with the keys of another put into it.
fn with(mut object: Value, more: Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

fn answered(more: Value) -> Value {
    let seen = json!({
        "kind": "http", "method": "GET", "url": "u", "status": 200, "version": "HTTP/1.1",
        "headers": { "content-type": "text/plain" }, "body": { "sha256": "list", "size": 14 },
        "size": 14, "sha256": "abc", "h1": "h1:x=",
    });
    with(seen, more)
}

#[rstest]
#[case(json!({"status": 200}), json!({}), &["q.status pass: 200 | 200"])]
#[case(json!({"status": [404, 410]}), json!({}), &["q.status fail: 404 or 410 | 200"])]
// No answer is a failure and not inconclusive: a server that was started owes one.
#[case(json!({"status": 200}), json!({"status": null, "error": "connection refused"}),
    &["q.status fail: 200 | no answer: connection refused"])]
#[case(json!({"status": 200}), json!({"error": "the body ended after 3 bytes"}), &[
    "q.complete fail: a whole answer | 200, but the body ended after 3 bytes",
    "q.status pass: 200 | 200, but the body ended after 3 bytes",
])]
#[case(json!({"complete": false}), json!({"error": "the body ended after 3 bytes"}),
    &["q.complete pass: an answer that breaks off | 200, but the body ended after 3 bytes"])]
#[case(json!({"complete": false}), json!({}), &["q.complete fail: an answer that breaks off | 200"])]
#[case(json!({"header": {"Content-Type": "text/plain"}}), json!({}),
    &["q.header.Content-Type pass: \"text/plain\" | as asserted"])]
#[case(json!({"header": {"X": false, "Y": {"empty": true}, "Z": "1"}}), json!({}), &[
    "q.header.X pass: absent | absent",
    "q.header.Y pass: nothing | as asserted",
    "q.header.Z fail: a text | no header Z",
])]
#[case(json!({"size": 14, "sha256": "abc", "h1": "h1:y="}), json!({}), &[
    "q.size pass: 14 bytes | 14 bytes",
    "q.sha256 pass: abc | abc",
    "q.h1 fail: h1:y= | h1:x=",
])]
#[case(json!({"h1": "h1:y="}), json!({"h1": null, "h1_error": "it is no zip"}),
    &["q.h1 fail: h1:y= | it is no zip"])]
#[case(json!({"size": 14}), json!({"error": "reset"}), &[
    "q.complete fail: a whole answer | 200, but reset",
    "q.size fail: 14 bytes | 200, but reset",
])]
#[case(json!({"body": {"line": "v1.1.0"}}), json!({}), &["q.body pass: a line \"v1.1.0\" | as asserted"])]
// The line might stand in the part that was not kept, so neither verdict would be justified.
#[case(json!({"body": {"line": "v1.1.0"}}), json!({"cut": true}),
    &["q.body inconclusive: a text | only its first 14 bytes were kept"])]
#[case(json!({"http": "2"}), json!({}), &["q.http fail: HTTP/2 | HTTP/1.1"])]
#[case(json!({"error": {"contains": "certificate"}}), json!({"status": null, "error": "bad certificate"}),
    &["q.error pass: a part \"certificate\" | as asserted"])]
#[case(json!({"error": {"contains": "certificate"}}), json!({}),
    &["q.error fail: a text | an answer: 200"])]
#[case(json!({"times": 3}),
    json!({"others": [{"status": 200, "size": 14, "sha256": "abc"}, {"status": 200, "size": 14, "sha256": "abc"}]}),
    &["q.alike pass: 3 equal answers | 3 × 200, 14 bytes, SHA-256 abc…"])]
#[case(json!({"times": 2}), json!({"others": [{"status": 502, "size": 1, "sha256": "d"}]}),
    &["q.alike fail: 2 equal answers | 1 × 200, 14 bytes, SHA-256 abc…; 1 × 502, 1 bytes, SHA-256 d…"])]
#[case(json!({"times": 2}), json!({"status": null, "error": "refused", "others": [{"status": null, "error": "refused"}]}),
    &["q.alike fail: 2 equal answers | 2 × no answer: refused"])]
fn an_http_answer_is_compared_with_what_is_asserted(
    #[case] step: Value,
    #[case] seen: Value,
    #[case] want: &[&str],
) {
    let step = with(json!({"name": "q", "url": "u"}), step);
    assert_eq!(checks(json!({ "http": step }), answered(seen)), want);
}

#[rstest]
#[case(json!({"status": 400, "closed": true}), json!({"status": 400, "answers": 1, "closed": true}), &[
    "r.status pass: 400 | 400",
    "r.closed pass: a closed connection | the connection was closed",
])]
#[case(json!({"status": 400, "closed": true}), json!({"bytes": 0, "timed_out": true}), &[
    "r.status fail: 400 | no answer; the connection was open at the time limit",
    "r.closed fail: a closed connection | the connection was open at the time limit",
])]
#[case(json!({"status": 400}), json!({"bytes": 5, "closed": true}),
    &["r.status fail: 400 | 5 bytes that are no answer; the connection was closed"])]
// An answer that is missing must not be read as one that was wrong.
#[case(json!({"answers": 3}), json!({"status": 200, "answers": 1, "closed": true}),
    &["r.answers fail: 3 answers | 1 answer; the connection was closed"])]
#[case(json!({"body": {"lines": ["v1.0.0", "v1.1.0"]}}),
    json!({"status": 200, "answers": 1, "body": {"sha256": "list", "size": 14}}),
    &["r.body pass: lines [\"v1.0.0\", \"v1.1.0\"] | as asserted"])]
fn a_raw_exchange_is_compared_with_what_is_asserted(
    #[case] step: Value,
    #[case] seen: Value,
    #[case] want: &[&str],
) {
    let step = with(json!({"name": "r", "url": "u", "send": "x"}), step);
    let nothing = json!({
        "kind": "raw", "address": "h:1", "bytes": 9, "status": null, "answers": 0, "closed": false,
    });
    assert_eq!(checks(json!({ "raw": step }), with(nothing, seen)), want);
}

#[rstest]
#[case(json!({"count": 3}), &["r.count pass: 3 requests | 3: \"GET /a/@v/list, GET /a/@v/v1.zip, GET /a/@v/v1.zip\""])]
#[case(json!({"path": "/a/*.zip", "count": 1}),
    &["r.count fail: 1 request | 2: \"GET /a/@v/v1.zip, GET /a/@v/v1.zip\""])]
#[case(json!({"path": "/a/*.zip", "distinct": true, "count": 1}),
    &["r.count pass: 1 request | 1: \"GET /a/@v/v1.zip\""])]
#[case(json!({"method": "POST", "count": 0}), &["r.count pass: 0 requests | none"])]
#[case(json!({"at_least": 4, "at_most": 4, "distinct": true}), &[
    "r.at_least fail: at least 4 requests | 2: \"GET /a/@v/list, GET /a/@v/v1.zip\"",
    "r.at_most pass: at most 4 requests | 2: \"GET /a/@v/list, GET /a/@v/v1.zip\"",
])]
#[case(json!({"targets": ["GET /a/@v/v1.zip", "GET /a/@v/list"], "distinct": true}),
    &["r.targets pass: 2 requests: \"GET /a/@v/list, GET /a/@v/v1.zip\" | as asserted"])]
#[case(json!({"targets": ["GET /a/@v/list"], "distinct": true}),
    &["r.targets fail: 1 requests: \"GET /a/@v/list\" | +GET /a/@v/v1.zip\n"])]
#[case(json!({"header": {"User-Agent": "x"}}),
    &["r.header.User-Agent fail: a text | GET /a/@v/v1.zip: no header User-Agent"])]
#[case(json!({"path": "*list", "header": {"User-Agent": "x", "Cookie": false}}), &[
    "r.header.Cookie pass: absent | absent",
    "r.header.User-Agent pass: \"x\" | as asserted",
])]
#[case(json!({"path": "/none", "header": {"User-Agent": "x"}}),
    &["r.header.User-Agent fail: a request with that header | no request fits"])]
fn requests_are_counted_and_ordered_as_asserted(#[case] step: Value, #[case] want: &[&str]) {
    let step = with(json!({"name": "r"}), step);
    let seen = json!({"kind": "requests", "requests": {"sha256": "requests", "size": 1}});
    assert_eq!(checks(json!({ "requests": step }), seen), want);
}

#[rstest]
#[case(json!({}), "s.ready pass: goproxy v0.20.0 answers | it does")]
#[case(json!({"failure": {"how": "ended", "exit": 1}, "log": {"sha256": "log", "size": 1}}),
    "s.ready fail: goproxy v0.20.0 answers | it ended with code 1, \"listen tcp: address already in use\"")]
// Slow is not wrong: a loaded machine may take longer than the limit.
#[case(json!({"failure": {"how": "late", "seconds": 30, "last": "connection refused"}}),
    "s.ready inconclusive: goproxy v0.20.0 answers | not after 30 s (connection refused)")]
fn a_launch_passes_only_when_the_subject_answers(#[case] seen: Value, #[case] want: &str) {
    let launch = json!({"kind": "subject", "name": "goproxy", "version": "v0.20.0", "url": "u"});
    let step = json!({ "subject": { "name": "s" } });
    assert_eq!(checks(step, with(launch, seen)), [want]);
}

#[rstest]
#[case(json!({"lines": {"contains": "h1:"}, "size": "3"}), json!({"lines": ["a v1 h1:x="], "size": 3}), &[
    "d.answer pass: a verified answer | verified, with a head of 3 records",
    "d.lines pass: a part \"h1:\" | as asserted",
    "d.size pass: \"3\" | as asserted",
])]
#[case(json!({"lines": {"contains": "h1:"}}), json!({"error": "fork"}), &[
    "d.answer fail: a verified answer | refused: fork",
    "d.lines fail: a text | refused: fork",
])]
#[case(json!({"error": {"contains": "fork"}}), json!({"error": "a fork"}), &[
    "d.answer pass: an answer that is refused | refused: a fork",
    "d.error pass: a part \"fork\" | as asserted",
])]
#[case(json!({"error": {"contains": "fork"}}), json!({"size": 3}), &[
    "d.answer fail: an answer that is refused | verified, with a head of 3 records",
    "d.error fail: a text | verified, with a head of 3 records",
])]
fn a_checksum_database(#[case] step: Value, #[case] seen: Value, #[case] want: &[&str]) {
    let step = with(json!({"name": "d", "url": "u", "key": "k"}), step);
    let seen = with(json!({"kind": "sumdb", "url": "u"}), seen);
    assert_eq!(checks(json!({ "sumdb": step }), seen), want);
}

#[rstest]
#[case(json!({}), json!({"database": false}), &[
    "s.script pass: every line of mod_list ends as it must | passed, with 3 runs of go",
])]
#[case(json!({"database": true}), json!({"database": true}), &[
    "s.script pass: every line of mod_list ends as it must | passed, with 3 runs of go",
    "s.database pass: by way of the subject | by way of the subject",
])]
#[case(
    json!({"database": true}),
    json!({"database": false, "failure": {"line": 7, "command": "go list", "message": "exit 1"}}),
    &[
        "s.script fail: every line of mod_list ends as it must | line 7: go list: exit 1",
        "s.database fail: by way of the subject | from the origin",
    ]
)]
fn a_script_passes_only_when_every_line_ends_as_it_must(
    #[case] step: Value,
    #[case] seen: Value,
    #[case] want: &[&str],
) {
    let step = with(json!({"name": "s", "script": "mod_list"}), step);
    let run = json!({"kind": "script", "script": "mod_list", "proxy": "u", "go_runs": 3,
        "transcript": {"sha256": "log", "size": 1}});
    assert_eq!(checks(json!({ "script": step }), with(run, seen)), want);
}

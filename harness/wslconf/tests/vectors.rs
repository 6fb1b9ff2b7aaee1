//! The recorded vectors of the real code, a changed copy of them, and files that are none.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use twinproof_wslconf::vectors::{check, check_text};

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/config/wslconf-vectors.json")
}

fn recorded() -> Value {
    serde_json::from_slice(&fs::read(suite()).unwrap()).unwrap()
}

#[test]
fn all_recorded_vectors_match() {
    assert_eq!(check(&suite()).unwrap().render(), "216 vectors: 216 match, 0 mismatch\n");
}

#[rstest]
#[case::value("/vectors/1/accepted/0/value", json!("x"), "no-final-newline", "accepted")]
#[case::line("/vectors/1/accepted/0/line", json!(3), "no-final-newline", "accepted")]
#[case::config("/vectors/1/config", json!({}), "no-final-newline", "config")]
#[case::warning("/vectors/1/warnings", json!(["x"]), "no-final-newline", "warnings")]
#[case::malformed("/vectors/4/malformed/0", json!("x"), "space-before-bracket", "malformed")]
#[case::stops("/vectors/4/stops", json!(false), "space-before-bracket", "stops")]
#[case::wslenv("/wslenv/vectors/1/passed/0/1", json!("2"), "l-plain", "passed")]
#[case::hostname("/hostname/vectors/0/1", json!("x"), "SimpleHostname", "name")]
fn a_changed_answer_is_a_mismatch(
    #[case] at: &str,
    #[case] value: Value,
    #[case] id: &str,
    #[case] field: &str,
) {
    let mut file = recorded();
    *file.pointer_mut(at).unwrap() = value;
    let report = check_text(Path::new("v.json"), &file.to_string()).unwrap();
    let found: Vec<_> = report
        .vectors
        .iter()
        .flat_map(|vector| vector.differences().map(|part| (vector.id.as_str(), part.field)))
        .collect();
    assert_eq!(found, [(id, field)]);
    assert_eq!(report.vectors.len(), 216);
}

#[test]
fn a_mismatch_names_both_answers() {
    let file = json!({ "hostname": { "vectors": [["a_b", "a_b"]] } });
    let report = check_text(Path::new("v.json"), &file.to_string()).unwrap();
    let expected = "mismatch \"a_b\": name\n  expected  \"a_b\"\n  actual    \"ab\"\n\
                    1 vectors: 0 match, 1 mismatch\n";
    assert_eq!(report.render(), expected);
}

#[rstest]
#[case::array("[]", "v.json:1:1: expected an object, not an array")]
#[case::nothing("{}", "v.json: has no vectors; a check needs at least one")]
#[case::form(r#"{"vectors": [{"id": "a"}]}"#, "v.json:1:24: missing field `file`")]
#[case::other(
    r#"{"vectors": [{"id": "a", "file": "x", "input": ""}]}"#,
    "`x` is neither wsl.conf nor .wslconfig"
)]
#[case::inputs(
    r#"{"vectors": [{"id": "a", "file": "wsl.conf"}]}"#,
    "vector `a`: one of input and input_base64"
)]
#[case::unknown(
    r#"{"vectors": [{"id": "a", "file": "wsl.conf", "input": "", "x": 1}]}"#,
    "unknown field `x`"
)]
#[case::twice(
    r#"{"vectors": [{"id": "a", "file": "wsl.conf", "input": ""},
                    {"id": "a", "file": "wsl.conf", "input": ""}]}"#,
    "v.json: the id `a` is used twice"
)]
fn malformed_vectors_file_is_an_error(#[case] text: &str, #[case] message: &str) {
    let error = check_text(Path::new("v.json"), text).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn a_missing_file_and_a_folder_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let error = check(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not a regular file"), "{error}");
    let error = check(&folder.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("none: cannot be read: "), "{error}");
}

#[test]
fn the_last_byte_a_backslash_ends_the_program() {
    let file = json!({ "vectors": [
        { "id": "a", "file": "wsl.conf", "input": "[boot]\nsystemd=true\ncommand=a\\", "aborts": true,
          "accepted": [{ "section": "boot", "key": "systemd", "value": "true", "line": 2 }] },
    ] });
    let report = check_text(Path::new("v.json"), &file.to_string()).unwrap();
    assert_eq!(report.render(), "1 vectors: 1 match, 0 mismatch\n");
}

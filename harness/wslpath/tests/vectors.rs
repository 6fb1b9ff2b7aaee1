//! The recorded vectors of the real program, a changed copy of them, and files that are wrong in
//! one way each.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use twinproof_wslpath::check;

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/path/wslpath-vectors.json")
}

/// Checks a file of this text; the report or the error, the file's path cut off.
fn check_text(text: impl AsRef<[u8]>) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("v.json");
    fs::write(&path, text).unwrap();
    let cut = |error: String| error.replace(&path.display().to_string(), "v.json");
    check(&path).map(|report| report.render()).map_err(|error| cut(error.to_string()))
}

/// A file with one world and one vector that matches.
fn small() -> Value {
    json!({
        "worlds": {"w": {
            "env": {"WSL_DISTRO_NAME": "D"},
            "mountinfo": ["1 0 0:1 / /mnt/c rw - drvfs C: rw"],
            "dirs": ["/home", "/mnt/c"], "files": [], "symlinks": {},
        }},
        "vectors": [{
            "id": "v1", "mode": "-w", "input": "/mnt/c/a", "cwd": "/home", "mounts": "w",
            "output": "C:\\a", "exit": 0,
        }],
    })
}

#[test]
fn all_recorded_vectors_match() {
    let report = check(&suite()).unwrap();
    assert_eq!(report.render(), "124 vectors: 124 match, 0 mismatch\n");
    assert!(report.is_match());
}

#[test]
fn a_changed_copy_mismatches_where_it_was_changed() {
    let mut file: Value = serde_json::from_slice(&fs::read(suite()).unwrap()).unwrap();
    let vectors = file["vectors"].as_array_mut().unwrap();
    let mut changed = Vec::new();
    for (index, vector) in vectors.iter_mut().enumerate() {
        match index % 9 {
            0 => vector["exit"] = json!(1 - vector["exit"].as_i64().unwrap()),
            4 => vector["output"] = json!("no such output"),
            7 => vector["output"] = json!(format!("{}x", vector["output"].as_str().unwrap_or(""))),
            _ => continue,
        }
        changed.push(vector["id"].as_str().unwrap().to_owned());
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("changed.json");
    fs::write(&path, file.to_string()).unwrap();
    let report = check(&path).unwrap();
    let found: Vec<&str> = report.mismatches().map(|mismatch| mismatch.id.as_str()).collect();
    assert_eq!(found, changed);
    assert_eq!(report.vectors.len(), 124);
}

#[test]
fn a_mismatch_is_shown_without_doubt() {
    let mut file = small();
    file["vectors"][0]["input"] = json!("/mnt/c/<é:\u{200B}>");
    file["vectors"][0]["mode"] = json!("-a -w");
    file["vectors"][0]["output"] = json!("C:\\<é\u{F03A}");
    let expected = r#"mismatch "v1": world "w", cwd "/home"
  argv      wslpath "-a" "-w" "/mnt/c/<U+003C>é:<U+200B>>"
  expected  exit 0, output "C:\<U+003C>é<U+F03A>"
  actual    exit 0, output "C:\<U+F03C>é<U+F03A><U+200B><U+F03E>"
1 vectors: 0 match, 1 mismatch
"#;
    assert_eq!(check_text(file.to_string()).unwrap(), expected);
}

#[test]
fn bytes_that_are_no_text_are_written_as_surrogates() {
    let text = small().to_string();
    let text = text.replace("/mnt/c/a", r"/mnt/c/\udcff").replace(r"C:\\a", r"C:\\\udcfe");
    let report = check_text(text).unwrap();
    assert!(report.contains(r#"expected  exit 0, output "C:\<0xFE>""#), "{report}");
    assert!(report.contains(r#"actual    exit 0, output "C:\<0xFF>""#), "{report}");
}

#[test]
fn fields_unknown_to_the_file_and_its_worlds_are_passed_over() {
    let mut file = small();
    file["new"] = json!([1]);
    file["worlds"]["w"]["new"] = json!({"a": 1});
    file["vectors"][0]["note"] = json!("a note");
    file["vectors"][0]["category"] = json!("a category");
    assert_eq!(check_text(file.to_string()).unwrap(), "1 vectors: 1 match, 0 mismatch\n");
}

#[rstest]
#[case::id("id", "vector 1 of the file: missing field `id`")]
#[case::mode("mode", "vector `v1`: missing field `mode`")]
#[case::input("input", "vector `v1`: missing field `input`")]
#[case::cwd("cwd", "vector `v1`: missing field `cwd`")]
#[case::mounts("mounts", "vector `v1`: missing field `mounts`")]
#[case::output("output", "vector `v1`: missing field `output`")]
#[case::exit("exit", "vector `v1`: missing field `exit`")]
fn a_vector_without_a_field_is_an_error(#[case] field: &str, #[case] message: &str) {
    let mut file = small();
    file["vectors"][0].as_object_mut().unwrap().remove(field);
    let error = check_text(file.to_string()).unwrap_err();
    assert!(error.starts_with("v.json:1:") && error.ends_with(message), "{error}");
}

#[rstest]
#[case("env")]
#[case("mountinfo")]
#[case("dirs")]
#[case("files")]
#[case("symlinks")]
fn a_world_without_a_field_is_an_error(#[case] field: &str) {
    let mut file = small();
    file["worlds"]["w"].as_object_mut().unwrap().remove(field);
    let error = check_text(file.to_string()).unwrap_err();
    assert!(error.ends_with(&format!("world `w`: missing field `{field}`")), "{error}");
}

#[rstest]
#[case::no_vectors("vectors", json!([]), "v.json: has no vectors; a check needs at least one")]
#[case::world("vectors.0.mounts", json!("x"),
    "v.json: vector `v1`: there is no world `x`; there are: w")]
#[case::cwd("vectors.0.cwd", json!("/no"),
    "v.json: vector `v1`: the current directory `/no` is not a directory of the world")]
#[case::relative("worlds.w.dirs", json!(["home"]),
    "v.json: world `w`: `home` is not absolute; paths of a world begin with /")]
#[case::taken("worlds.w.files", json!(["/home"]),
    "v.json: world `w`: `/home` is in the way of, or the same as, another path of the world")]
#[case::under_file("worlds.w.files", json!(["/a", "/a/b"]),
    "v.json: world `w`: `/a/b` is in the way of, or the same as, another path of the world")]
fn a_file_that_does_not_fit_together_is_an_error(
    #[case] at: &str,
    #[case] value: Value,
    #[case] message: &str,
) {
    let mut file = small();
    let pointer = format!("/{}", at.replace('.', "/"));
    *file.pointer_mut(&pointer).unwrap() = value;
    assert_eq!(check_text(file.to_string()).unwrap_err(), message);
}

#[test]
fn an_id_used_twice_is_an_error() {
    let mut file = small();
    let vector = file["vectors"][0].clone();
    file["vectors"].as_array_mut().unwrap().push(vector);
    let error = check_text(file.to_string()).unwrap_err();
    assert_eq!(error, "v.json: the id `v1` is used twice; ids name one vector");
}

#[test]
fn an_error_points_into_the_file() {
    let text = serde_json::to_string_pretty(&small()).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("\"exit\"")).unwrap();
    let error = check_text(text.replace("\"exit\"", "\"exot\"")).unwrap_err();
    let start = format!("v.json:{line}:");
    assert!(error.starts_with(&start), "{error}");
    assert!(error.contains("vector `v1`: unknown field `exot`"), "{error}");
}

#[rstest]
#[case::empty("", "v.json:1:1: EOF while parsing a value")]
#[case::syntax("{\"worlds\": {},\n x}", "v.json:2:2: key must be a string")]
#[case::not_an_object("[]", "v.json:1:1: expected an object, not an array")]
#[case::surrogate(
    r#"{"worlds": {}, "vectors": [{"id": "a", "mode": "\ud800"}]}"#,
    "vector `a`: a surrogate that is no byte"
)]
fn malformed_vectors_file_is_an_error(#[case] text: &str, #[case] message: &str) {
    let error = check_text(text).unwrap_err();
    assert!(error.contains(message), "{error}");
}

#[test]
fn vectors_that_are_not_utf8_are_an_error() {
    assert_eq!(check_text(b"{\n\"\xFF\"}").unwrap_err(), "v.json:2: is not UTF-8");
}

#[test]
fn a_deep_file_is_an_error_and_no_crash() {
    let deep = format!(r#"{{"worlds": {{}}, "vectors": {}"#, "[".repeat(1 << 20));
    assert!(check_text(deep).unwrap_err().starts_with("v.json:1:"));
    let deep = format!(r#"{{"worlds": {{"w": {{"env": {}"#, "{\"a\":".repeat(1 << 20));
    assert!(check_text(deep).unwrap_err().starts_with("v.json:1:"));
}

#[test]
fn a_file_over_the_limit_is_an_error() {
    let mut text = small().to_string();
    text.push_str(&" ".repeat(16 << 20));
    let error = check_text(text).unwrap_err();
    assert_eq!(error, "v.json: has more than 16777216 bytes; split it");
}

#[test]
fn a_directory_and_a_missing_file_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let error = check(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("is not a regular file"), "{error}");
    let error = check(&directory.path().join("none")).unwrap_err().to_string();
    assert!(error.contains("none: cannot be read: "), "{error}");
}

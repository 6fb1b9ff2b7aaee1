//! Reports of people whose setup went wrong: the rules that are about each find it, and no other
//! rule finds an error or warning.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::Path;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Level, Options, Set, lint};

fn reports() -> Vec<Value> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/config/wsl-config-reports.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["reports"].as_array().unwrap().clone()
}

/// The name under which a report's file is checked.
fn name(report: &Value) -> &str {
    match report["file"].as_str().unwrap() {
        "file name .wslconf" => ".wslconf",
        "environment of WSL" | "environment of Windows" => "environment",
        "settings.json (Windows)" => "settings.json",
        "profile with CRLF" => ".profile",
        name => name,
    }
}

fn bytes(report: &Value) -> Vec<u8> {
    match report["input"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD.decode(report["input_base64"].as_str().unwrap()).unwrap(),
    }
}

#[test]
fn each_report_is_found_by_its_rules() {
    let mut wrong = Vec::new();
    for report in reports() {
        // A list of binfmt rules is no configuration: the suite `interop` has it.
        if report["id"] == "binfmt-taken" {
            continue;
        }
        let source = Source::new(name(&report).to_owned(), None, bytes(&report));
        let found = lint(&Set::new(vec![source], Options::default()));
        let mut ids: Vec<&str> =
            found.iter().filter(|f| f.level > Level::Note).map(|f| f.rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut expected: Vec<&str> = report["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .filter(|id| id.starts_with("CONF-") && *id != "CONF-064")
            .collect();
        expected.sort_unstable();
        if ids != expected {
            wrong.push(format!("{}: expected {expected:?}, found {ids:?}", report["id"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

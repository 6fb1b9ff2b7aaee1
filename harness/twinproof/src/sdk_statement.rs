//! The verdict on an SDK as an in-toto statement (version 1), for stores of attestations:
//! `docs/sdk-statement.md` documents the predicate. It is not signed; its publisher signs it.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use twinproof_base::{file, hex};
use twinproof_steps::{Observation, RunRecord, SdkSight, TwinVerdict};

/// This program's version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Names the predicate and its version.
const PREDICATE: &str = "https://github.com/twinproof/twinproof/sdk-twin/v1";

/// The statement on one comparison: its subjects are the released executables.
fn statement(seen: &SdkSight, twinproof: &str, manifest: &str) -> Value {
    let subjects: Vec<Value> = seen
        .executables
        .iter()
        // The subject of an in-toto statement is the thing it is about: the released files, not our
        // own build of them.
        .filter_map(|twin| Some((&twin.file, twin.released.as_ref()?)))
        .map(|(file, sha256)| json!({ "name": file, "digest": { "sha256": sha256 } }))
        .collect();
    let verdict = match seen.verdict() {
        TwinVerdict::Equal => "equal",
        TwinVerdict::EqualButForSignature => "equal_but_for_signature",
        TwinVerdict::Differs => "differs",
    };
    let executables: Vec<Value> = seen
        .executables
        .iter()
        .map(|twin| {
            json!({
                "name": twin.file,
                "built": twin.built,
                "released": twin.released,
                "difference": twin.difference,
            })
        })
        .collect();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {
            "release": format!("go{}", seen.version),
            "platform": seen.platform,
            "verdict": verdict,
            "released": seen.released,
            "source": seen.source,
            "recipe": seen.recipe,
            "executables": executables,
            "verifier": { "name": "twinproof", "version": twinproof },
            "evidence": {
                "name": "bundle/MANIFEST.sha256",
                "digest": { "sha256": manifest },
            },
        },
    })
}

/// Writes a statement for each comparison of a run into the folder `statements` beside its bundle; gives
/// their paths.
///
/// # Errors
/// When a file cannot be written.
pub fn write_all(
    records: &[RunRecord],
    out: &Path,
    bundle: &Path,
) -> std::io::Result<Vec<PathBuf>> {
    let manifest = std::fs::read(bundle.join("MANIFEST.sha256"))?;
    let manifest = hex::encode(&Sha256::digest(manifest));
    let mut written = Vec::new();
    let seen = records.iter().filter(|r| !r.control).flat_map(|r| &r.steps);
    for step in seen {
        let Observation::Sdk(seen) = &step.observation else { continue };
        let name = format!("go{}.{}.intoto.json", seen.version, seen.platform.replace('/', "-"));
        let folder = out.join("statements");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(name);
        let mut text = serde_json::to_string_pretty(&statement(seen, VERSION, &manifest))?;
        text.push('\n');
        file::write(&path, text.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::{PREDICATE, statement, write_all};
    use sha2::{Digest as _, Sha256};
    use twinproof_base::hex;
    use twinproof_steps::{Observation, RunRecord, SdkSight, StepRecord, Twin};

    #[test]
    fn subjects_are_the_released_executables() {
        let twin = |released: Option<&str>, difference: Option<&str>| Twin {
            file: "bin/go".into(),
            built: "aa".into(),
            released: released.map(str::to_owned),
            difference: difference.map(str::to_owned),
        };
        let seen = SdkSight {
            version: "1.27.3".into(),
            platform: "darwin/arm64".into(),
            executables: vec![twin(Some("aa"), None), twin(Some("bb"), Some("only_signature"))],
            ..SdkSight::default()
        };
        let said = statement(&seen, "0.1.0", "cc");
        assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
        assert_eq!(said["predicateType"], PREDICATE);
        assert_eq!(said["subject"][1]["digest"]["sha256"], "bb");
        assert_eq!(said["predicate"]["verdict"], "equal_but_for_signature");
        assert_eq!(said["predicate"]["evidence"]["digest"]["sha256"], "cc");
        let missing = SdkSight { executables: vec![twin(None, None)], ..seen };
        let said = statement(&missing, "0.1.0", "cc");
        assert_eq!(said["subject"].as_array().unwrap().len(), 0);
        assert_eq!(said["predicate"]["verdict"], "differs");
    }

    #[test]
    fn a_run_writes_one_statement_for_each_comparison_that_names_its_bundle() {
        let out = tempfile::tempdir().unwrap();
        let bundle = out.path().join("bundle");
        std::fs::create_dir(&bundle).unwrap();
        std::fs::write(bundle.join("MANIFEST.sha256"), "of the bundle").unwrap();
        let twin = Twin { file: "bin/go".into(), built: "aa".into(), ..Twin::default() };
        let seen = SdkSight {
            version: "1.27.3".into(),
            platform: "linux/arm64".into(),
            executables: vec![Twin { released: Some("aa".into()), ..twin }],
            ..SdkSight::default()
        };
        let record = |control: bool| -> RunRecord {
            let observation = Observation::Sdk(seen.clone());
            let step = StepRecord { index: 0, micros: 0, failed_tries: Vec::new(), observation };
            let text = r#"{"case":"cross/c","environment":"host","subject":"","started":0,"micros":0,
                "control":false,"variables":{},"outcome":"driven","steps":[]}"#;
            let record: RunRecord = serde_json::from_str(text).unwrap();
            RunRecord { control, steps: vec![step], ..record }
        };
        // A control's run is no verdict on a release.
        let written = write_all(&[record(false), record(true)], out.path(), &bundle).unwrap();
        let path = out.path().join("statements").join("go1.27.3.linux-arm64.intoto.json");
        assert_eq!(written, std::slice::from_ref(&path));
        let said: serde_json::Value =
            serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(said["subject"][0]["name"], "bin/go");
        assert_eq!(said["predicate"]["verdict"], "equal");
        let manifest = hex::encode(&Sha256::digest("of the bundle"));
        assert_eq!(said["predicate"]["evidence"]["digest"]["sha256"], manifest);
    }
}

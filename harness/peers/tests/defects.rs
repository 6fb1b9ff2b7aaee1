//! Every deliberate defect is the control of a case of the suite, and turns its property red there.

use std::collections::BTreeSet;
use std::path::Path;
use twinproof_masksync_defects::defect::Defect;

#[test]
fn every_defect_is_a_control_of_its_property() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/masking");
    let mut controls = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        for case in file["case"].as_array().unwrap() {
            let control = &case["control"];
            let turns = control["turns"].as_str().unwrap().to_owned();
            controls.insert((control["defect"].as_str().unwrap().to_owned(), turns));
        }
    }
    let missing: Vec<_> = Defect::ALL
        .iter()
        .filter(|(_, name, property, _)| {
            !controls.contains(&((*name).to_owned(), format!("h.p{property}")))
        })
        .map(|(_, name, ..)| name)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    // A list that was emptied by mistake would pass everything above.
    assert!(Defect::ALL.len() >= 40);
    let known: BTreeSet<&str> = Defect::ALL.iter().map(|(_, name, ..)| *name).collect();
    let unknown: Vec<_> =
        controls.iter().filter(|(name, _)| !known.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

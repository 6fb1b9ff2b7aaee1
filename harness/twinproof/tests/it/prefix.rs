//! The suite `proxy` under a base path: requests to a subject, and changes to its answers, mean the
//! same wherever it serves.

use crate::files::Files;
use crate::suites::run;
use std::collections::BTreeMap;
use std::path::Path;
use twinproof_model::Verdict;
use twinproof_testkit::{Outcome, go};

/// The embedded proxy's declaration, under another name and a base path.
fn prefixed() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/subjects/embedded.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let served = "\"--upstream\", \"${upstream}\"]";
    assert!(text.contains(served));
    text.replace("name = \"embedded\"", "name = \"prefixed\"\nbase_path = \"/go/proxy\"")
        .replace(served, "\"--upstream\", \"${upstream}\", \"--base-path\", \"/go/proxy\"]")
}

/// A divergence that is declared for one subject is a plain failure of the other.
fn undeclared(verdict: Verdict) -> Verdict {
    if verdict == Verdict::Xfail { Verdict::Fail } else { verdict }
}

#[test]
fn verdicts_under_a_base_path_are_those_without() -> Outcome {
    go()?;
    let files = Files::new();
    let declaration = files.write("prefixed.toml", &prefixed());
    let second = format!("proxy={declaration}");
    let args = ["--subject", "proxy=embedded", "--subject", &second].map(str::to_owned);
    let (results, said) = run(&files, &args);
    let mut verdicts: BTreeMap<&str, Vec<(String, Verdict)>> = BTreeMap::new();
    for case in &results.cases {
        let one = (case.environment.to_string(), undeclared(case.verdict));
        verdicts.entry(&case.case).or_default().push(one);
    }
    assert!(verdicts.len() > 150, "{said}");
    let passed = results.cases.iter().filter(|c| c.verdict == Verdict::Pass).count();
    assert!(passed > 300, "{said}");
    for (case, verdicts) in verdicts {
        let same = verdicts.iter().all(|(_, verdict)| *verdict == verdicts[0].1);
        assert!(verdicts.len() == 2 && same, "{case}: {verdicts:?}");
    }
    Ok(())
}

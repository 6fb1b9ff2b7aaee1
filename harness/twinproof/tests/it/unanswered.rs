//! Subjects that were named and do not work: the result is not known, and the program says so once,
//! with the last line of their output.

use crate::answering::{listening, subject};
use crate::files::Files;
use crate::suites::run;
use rstest::rstest;
use twinproof_model::Verdict;

/// The message of a run about its absent subject.
fn absent(files: &Files, mut args: Vec<String>) -> String {
    args.extend(["--case", "proxy/mod-is-plain-text"].map(str::to_owned));
    let (results, said) = run(files, &args);
    assert_eq!(results.summary.exit_code, 2, "{said}");
    assert!(results.cases.iter().all(|case| case.verdict == Verdict::Unavailable), "{said}");
    let absent: Vec<_> = results.environments.iter().filter_map(|e| e.absent.clone()).collect();
    let [absent] = absent.as_slice() else { panic!("{absent:?}: {said}") };
    absent.to_string()
}

#[rstest]
#[case::it_ends_at_once("crash", "it ended with exit code 3; its last line: no store here")]
#[case::it_does_not_answer(
    "silent",
    "it takes connections and does not answer: timeout: global; it wrote nothing"
)]
fn subject_that_does_not_answer_is_reported_once(#[case] kind: &str, #[case] want: &str) {
    let files = Files::new();
    let args = subject(&files, kind);
    let file = files.at(&format!("{kind}.toml"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, format!("ready = {{ seconds = 2 }}\n{text}")).unwrap();
    assert_eq!(absent(&files, args), want);
}

#[test]
fn an_address_without_an_answer_is_absent() {
    let files = Files::new();
    let closed = listening("void", "").replace("127.0.0.1", "127.0.0.2");
    let said = absent(&files, vec!["--subject".to_owned(), format!("proxy={closed}")]);
    assert!(said.starts_with("there is no answer at its address: "), "{said}");
}

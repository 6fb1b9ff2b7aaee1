//! Properties of all reports together: goldens, reconciliation, widths, hostile names, no timings.

use crate::fixture::{self, any_results, bundle, empty, full, small};
use crate::*;
use proptest::prelude::*;
use rstest::rstest;
use twinproof_model::{Results, Verdict};

fn draw(reporter: Reporter, results: &Results) -> String {
    match reporter {
        Reporter::Summary => String::new(),
        Reporter::Terminal => terminal(results, TerminalOptions::default()),
        Reporter::Html => html(results, Some(&bundle())),
        Reporter::Junit => junit(results),
        Reporter::Sarif => sarif(results),
        Reporter::Markdown => markdown(results),
        Reporter::Ledger => ledger(results),
    }
}

const ALL: [Reporter; 7] = [
    Reporter::Summary,
    Reporter::Terminal,
    Reporter::Html,
    Reporter::Junit,
    Reporter::Sarif,
    Reporter::Markdown,
    Reporter::Ledger,
];

#[test]
fn no_report_says_more_than_was_measured() {
    let mut results = small();
    results.summary.exit_code = 0;
    let html = draw(Reporter::Html, &results);
    assert!(html.contains("<h1>Conformant in 1 of 2 environments</h1>"), "{html}");
    assert!(html.contains("banner doubt"), "{html}");
    let markdown = draw(Reporter::Markdown, &results);
    assert!(markdown.starts_with("## ⚠️ Twinproof: Conformant in 1 of 2 environments\n"));
    let terminal = draw(Reporter::Terminal, &results);
    assert!(terminal.contains("\nConformant in 1 of 2 environments: 1 of 1 "), "{terminal}");
    assert!(terminal.contains("exit code 0: what could run conforms; --require ENV"), "{terminal}");
    assert!(draw(Reporter::Junit, &results).contains("Conformant in 1 of 2 environments"));
    results.environments.pop();
    assert!(draw(Reporter::Html, &results).contains("<h1>Conformant</h1>"));
}

#[rstest]
#[case("terminal", Reporter::Terminal)]
#[case("junit", Reporter::Junit)]
#[case("sarif", Reporter::Sarif)]
#[case("markdown", Reporter::Markdown)]
#[case("ledger", Reporter::Ledger)]
fn reports_of_every_verdict(#[case] name: &str, #[case] reporter: Reporter) {
    insta::assert_snapshot!(format!("full_{name}"), draw(reporter, &full()));
}

#[rstest]
#[case("terminal", Reporter::Terminal)]
#[case("junit", Reporter::Junit)]
#[case("markdown", Reporter::Markdown)]
fn reports_of_nothing(#[case] name: &str, #[case] reporter: Reporter) {
    insta::assert_snapshot!(format!("empty_{name}"), draw(reporter, &empty()));
}

#[rstest]
#[case("terminal", Reporter::Terminal)]
#[case("markdown", Reporter::Markdown)]
fn reports_of_a_broken_environment(#[case] name: &str, #[case] reporter: Reporter) {
    insta::assert_snapshot!(format!("broken_{name}"), draw(reporter, &fixture::broken()));
}

#[test]
fn the_page_shows_a_broken_environment_and_keeps_its_cases() {
    let page = html(&fixture::broken(), None);
    assert_eq!(page.matches("The environment is there and does not work").count(), 2);
    assert_eq!(page.matches(r#"data-environment="image:bookworm""#).count(), 86);
    assert!(page.contains("the image has no shell"));
}

#[test]
fn a_terminal_lists_thirty_findings() {
    let mut results = full();
    let case = results.cases[0].clone();
    results.cases = vec![case; 50];
    let screen = terminal(&fixture::summed(results), TerminalOptions::default());
    assert!(screen.contains("Needs attention (50)"), "{screen}");
    assert!(screen.contains("  … and 20 more: see report.html\n"), "{screen}");
}

#[test]
fn the_page_of_a_small_run() {
    let page = html(&small(), None);
    // Style and script are files of their own: the golden is about what is drawn.
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, rest) = rest.split_once("<script>").unwrap();
    let (_, end) = rest.split_once("</script>").unwrap();
    let head = head.split_once("style-src").unwrap().0;
    let text = format!("{head}…\n{body}…{end}").replace("><", ">\n<");
    insta::assert_snapshot!("small_html", text);
}

#[test]
fn colour_only_repeats_what_is_said() {
    let plain = terminal(&full(), TerminalOptions::default());
    assert!(!plain.contains('\u{1b}'));
    let options = TerminalOptions { colour: true, report: None };
    let coloured = terminal(&full(), options);
    assert!(coloured.contains("\u{1b}[1;31m"));
    let mut bare = String::new();
    for (at, piece) in coloured.split('\u{1b}').enumerate() {
        bare.push_str(if at == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_eq!(bare, plain);
}

#[test]
fn the_fixture_has_every_verdict() {
    let counts = Counts::of_all(full().cases.iter().map(|c| c.verdict));
    assert!(Verdict::ALL.into_iter().all(|v| counts.of(v) > 0));
}

#[rstest]
fn every_report_agrees(#[values(full(), small(), fixture::broken(), empty())] results: Results) {
    for reporter in ALL {
        assert_eq!(reconcile(&results, reporter, &draw(reporter, &results)), Ok(()));
    }
}

/// Reconciliation notices every verdict that changes after a report was drawn.
#[rstest]
#[case(Reporter::Summary)]
#[case(Reporter::Terminal)]
#[case(Reporter::Html)]
#[case(Reporter::Junit)]
#[case(Reporter::Sarif)]
#[case(Reporter::Markdown)]
#[case(Reporter::Ledger)]
fn a_report_of_something_else_is_found_out(#[case] reporter: Reporter) {
    let report = draw(reporter, &full());
    for index in 0..full().cases.len() {
        let mut other = full();
        let verdict = other.cases[index].verdict;
        other.cases[index].verdict =
            if verdict == Verdict::Pass { Verdict::Fail } else { Verdict::Pass };
        let error = reconcile(&other, reporter, &report).unwrap_err();
        assert!(matches!(error, Mismatch::Count { reporter: r, .. } if r == reporter), "{error}");
    }
}

#[test]
fn a_mismatch_names_the_reporter_and_both_numbers() {
    let mut other = full();
    other.cases.pop();
    let error = reconcile(&other, Reporter::Ledger, &ledger(&full())).unwrap_err();
    assert_eq!(error.to_string(), "ledger.json says total 13, the cases of the results say 12");
    let error = reconcile(&full(), Reporter::Junit, "<testsuites").unwrap_err();
    assert!(matches!(error, Mismatch::Unreadable { reporter: Reporter::Junit, .. }));
}

/// The text between `<` and `>`, wherever a browser would see a tag, without the values of attributes.
fn tags(page: &str) -> Vec<String> {
    let tags = page.split('<').skip(1).map(|t| t.split('>').next().unwrap_or_default());
    tags.map(|t| t.split('"').step_by(2).collect()).collect()
}

#[test]
fn hostile_output_stays_text() {
    let page = html(&full(), Some(&bundle()));
    let (_, rest) = page.split_once("</style>").unwrap();
    let (body, script) = rest.rsplit_once("<script>").unwrap();
    assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    for tag in tags(body) {
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(
            !["script", "img", "iframe", "object", "link", "base"].contains(&name.as_str()),
            "{tag}"
        );
        assert!(![" on", " src", " style"].iter().any(|a| tag.contains(a)), "{tag}");
    }
    assert_eq!(script.matches("</script>").count(), 1);
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\0']));
    assert!(!page.contains("href=\"bundle/.."));
    assert!(page.contains("Content-Security-Policy"));
}

#[test]
fn raw_evidence_is_shown_up_to_its_limit() {
    let page = html(&full(), Some(&bundle()));
    assert!(page.contains("go: downloading\ngo: downloading"));
    // 32,000 bytes, of which 16 KiB are shown.
    assert!(page.contains("Not shown: 15 KiB."), "the rest is counted");
    assert!(page.contains("bundle/blobs/bb22"));
    assert!(page.contains("000000  4d 5a 90 00 03"));
    let without = html(&full(), None);
    assert!(!without.contains("Raw evidence"));
    assert!(without.contains("bundle/records/wine/path/gobin-unset-goes-to-first-gopath.json"));
}

#[test]
fn every_cell_of_claims_and_environments_is_there() {
    let results = full();
    let ledger: Ledger = serde_json::from_str(&ledger(&results)).unwrap();
    // Ten claims of the registry and one that only a case names; five environments of the run and
    // one that only a case names.
    assert_eq!(ledger.claims.len(), 11);
    assert!(ledger.claims.iter().all(|c| c.cells.len() == 6));
    let never = ledger.claims.iter().flat_map(|c| c.cells.values());
    let never = never.filter(|c| c.state == "never_run").count() as u64;
    assert_eq!(never, ledger.never_run);
    assert_eq!(
        html(&results, None).matches(r#"<td class="never">never run</td>"#).count() as u64,
        never
    );
}

#[test]
fn a_summary_stays_within_its_limit() {
    let mut results = full();
    let case = results.cases[0].clone();
    results.cases = vec![case; 5_000];
    let results = fixture::summed(results);
    let summary = markdown(&results);
    assert!(summary.len() <= MARKDOWN_LIMIT, "{}", summary.len());
    assert!(summary.contains("more: see <code>report.html</code>"));
    assert_eq!(reconcile(&results, Reporter::Markdown, &summary), Ok(()));
}

#[test]
fn a_fingerprint_is_of_the_case_and_the_environment() {
    let mut case = full().cases[0].clone();
    let before = fingerprint(&case);
    case.verdict = Verdict::Pass;
    case.title.clear();
    assert_eq!(fingerprint(&case), before);
    case.environment = fixture::environment("host");
    assert_ne!(fingerprint(&case), before);
}

/// Two expectations for one case: the one whose conditions hold in the environment is shown.
#[test]
fn the_expectation_that_applies_is_shown() {
    let mut results = full();
    let mut other = results.expectations[0].clone();
    other.expectation.reason = "only where links are".into();
    other.expectation.when = vec!["symlink".parse().unwrap()];
    results.expectations.insert(0, other);
    let case = results.cases.iter().find(|c| c.verdict == Verdict::Xfail).unwrap();
    let found = sarif::expectation_of(&results, case).unwrap();
    assert_eq!(found.expectation.reason, "Wine reports drive letters in lower case");
}

/// With TWINPROOF_KEEP_REPORTS naming a folder, the reports stay there.
#[test]
fn all_reports_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("TWINPROOF_KEEP_REPORTS").map(std::path::PathBuf::from);
    let out = kept.unwrap_or_else(|| dir.path().join("deep/out"));
    let written = write_all(&full(), &out, Some(&bundle())).unwrap();
    let text = std::fs::read_to_string(&written.results).unwrap();
    assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), full());
    assert_eq!(std::fs::read_to_string(&written.junit).unwrap(), junit(&full()));
    let mut names: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["junit.xml", "ledger.json", "report.html", "results.json", "results.sarif", "summary.md"]
    );
}

#[test]
fn results_that_contradict_themselves_are_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut results = full();
    results.summary.total += 1;
    let error = write_all(&results, dir.path(), None).unwrap_err();
    assert!(matches!(
        error,
        ReportError::Mismatch(Mismatch::Count { reporter: Reporter::Summary, .. })
    ));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = write_all(&full(), &file.join("out"), None).unwrap_err();
    assert!(error.to_string().contains("--out"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_report_agrees_with_any_results(results in any_results()) {
        for reporter in ALL {
            prop_assert_eq!(reconcile(&results, reporter, &draw(reporter, &results)), Ok(()));
        }
    }

    #[test]
    fn no_line_is_wider_than_a_terminal(results in any_results(), path in "[ -~]{0,200}") {
        let screen = terminal(&results, TerminalOptions { colour: false, report: Some(&path) });
        for line in screen.lines() {
            prop_assert!(text::width(line) <= 80, "{line}");
            prop_assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
}

//! The suites against servers that do not speak the protocol: one that answers 404 to everything,
//! one that answers 200 to everything, and one that relays everything to the upstream. The cases
//! that they pass are listed by name, so that a case that proves nothing is noticed.

use crate::answering::subject;
use crate::files::Files;
use crate::suites::{cases_of, failing, passing, run};
use twinproof_model::Verdict;
use twinproof_testkit::{Outcome, go};

#[test]
fn cases_that_a_server_with_one_answer_passes_are_known() -> Outcome {
    go()?;
    let files = Files::new();
    let mut args = [subject(&files, "void"), subject(&files, "echo")].concat();
    // Whether this case can run is up to the machine, and so are the counts with it.
    args.extend(["--skip", "proxy/a-store-that-is-full"].map(str::to_owned));
    let (results, _) = run(&files, &args);
    insta::assert_snapshot!("void", passing(&cases_of(&results, "proxy:void")));
    insta::assert_snapshot!("echo", passing(&cases_of(&results, "proxy:echo")));
    Ok(())
}

/// The cases that it fails are those about the work of a proxy itself.
#[test]
fn relay_that_passes_everything_on_fails_where_a_proxy_has_to_judge() -> Outcome {
    go()?;
    let files = Files::new();
    let (results, _) = run(&files, &subject(&files, "relay"));
    insta::assert_snapshot!("relay", failing(&cases_of(&results, "proxy:relay")));
    Ok(())
}

/// Redirects are followed where they are declared, and are wrong answers elsewhere.
#[test]
fn redirects_are_followed_where_they_are_declared() {
    for (declared, want) in [(true, Verdict::Pass), (false, Verdict::Fail)] {
        let files = Files::new();
        let mut args = subject(&files, "redirect");
        if declared {
            let file = files.at("redirect.toml");
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(file, format!("redirects = true\n{text}")).unwrap();
        }
        args.extend(
            ["--case", "proxy/mod-is-plain-text", "--case", "proxy/a-zip-is-application-zip"]
                .map(str::to_owned),
        );
        let (results, said) = run(&files, &args);
        let verdicts: Vec<_> = results.cases.iter().map(|case| case.verdict).collect();
        assert_eq!(verdicts, [want; 2], "{said}");
    }
}

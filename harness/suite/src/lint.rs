//! Checks across files: claims without cases, stale goldens, unused normalisers and other leftovers.

use crate::diagnostic::Diagnostics;
use crate::load::Loaded;
use crate::report::{Draft, Reporter, Spot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinproof_model::{Class, Date, EnvironmentKind, Level, glob_matches};
use twinproof_steps::{Case, Step};

/// Checks loaded suites against each other and against the names of the goldens.
///
/// `goldens` are names as `suite/case[.name]@class`; `today` decides which expectations have ended.
#[must_use]
pub fn lint(loaded: &Loaded, goldens: &[String], today: Date) -> Diagnostics {
    let mut reporter = Reporter::new(Arc::clone(&loaded.sources));
    claims(loaded, &mut reporter);
    unsourced(loaded, &mut reporter);
    let used = golden_steps(loaded, goldens, &mut reporter);
    leftovers(loaded, &used, &mut reporter);
    expired(loaded, today, &mut reporter);
    Diagnostics::new(reporter.into_found(), Arc::clone(&loaded.sources))
}

/// Claims of suites that exist, but that no case decides.
fn claims(loaded: &Loaded, reporter: &mut Reporter) {
    let suites = loaded.suites();
    let decided: BTreeSet<&str> =
        loaded.cases.iter().flat_map(|c| &c.claims).map(String::as_str).collect();
    for (claim, spot) in loaded.claims.iter().zip(&loaded.spots.claims) {
        let untestable = claim.document == Some(twinproof_model::DocumentVerdict::Untestable);
        if suites.contains(claim.suite.as_str())
            && !decided.contains(claim.id.as_str())
            && !untestable
        {
            let message = format!("no case decides the claim `{}`", claim.id);
            let draft = Draft::new("claim-without-case", message, spot.clone());
            reporter.add(draft.help(format!(
                "add a case to the suite `{}`, or name the claim in one that is there",
                claim.suite
            )));
        }
    }
}

/// Reports a `must` for servers without a normative source: our taste binds no server of other
/// people.
fn unsourced(loaded: &Loaded, reporter: &mut Reporter) {
    let of_subjects = |case: &&Case| {
        let kinds = case.environments.iter().map(|s| s.split(':').next().unwrap_or_default());
        EnvironmentKind::ALL
            .iter()
            .filter(|kind| kind.is_subject())
            .any(|kind| kinds.clone().any(|named| named == kind.as_str()))
    };
    let judged: BTreeSet<&str> = loaded
        .cases
        .iter()
        .filter(of_subjects)
        .flat_map(|c| &c.claims)
        .map(String::as_str)
        .collect();
    for (claim, spot) in loaded.claims.iter().zip(&loaded.spots.claims) {
        let binding = claim.level == Level::Must && judged.contains(claim.id.as_str());
        if binding && claim.source.is_none() {
            let message =
                format!("`{}` is a must for servers, without a normative source", claim.id);
            let draft = Draft::new("claim-without-source", message, spot.clone());
            reporter.add(draft.help(
                "give `source`, the address of the specification, the design or the program that \
                 says so; where there is none the level is `should` or `may`",
            ));
        }
    }
}

/// Goldens and golden steps must match; returns the classes that goldens are of.
fn golden_steps(loaded: &Loaded, goldens: &[String], reporter: &mut Reporter) -> BTreeSet<String> {
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for golden in goldens {
        // Names of classes have no `@`, so the last one divides, whatever the case is called.
        let (name, class) = golden.rsplit_once('@').unwrap_or((golden, ""));
        there.entry(name).or_default().insert(class);
    }
    let valid: BTreeSet<&str> = loaded.classes.iter().map(|c| c.name.as_str()).collect();
    let mut steps: BTreeMap<String, &Case> = BTreeMap::new();
    for (case, spot) in loaded.cases.iter().zip(&loaded.spots.cases) {
        for step in &case.step {
            let Step::Golden(golden) = step else { continue };
            let name = match &golden.name {
                Some(name) => format!("{}.{name}", case.key()),
                None => case.key(),
            };
            if !there.contains_key(name.as_str()) {
                let message = format!("the golden `{name}` has not been blessed for any class");
                let draft = Draft::new("missing-golden", message, spot.clone());
                reporter
                    .add(draft.help("run the case and accept what it saw: `cargo xtask bless`"));
            }
            steps.insert(name, case);
        }
    }
    for (name, classes) in &there {
        let case = steps.get(*name);
        for class in classes {
            // A golden is no file of the suites, so there is no line to point at.
            let file = format!("{name}@{class}");
            let spot = Spot::new(&file.as_str().into(), 0..0);
            let known = loaded.classes.iter().find(|c| c.name == *class);
            let draft = match (case, known) {
                (None, _) => {
                    let message = format!("no golden step writes the golden `{file}`");
                    Draft::new("stale-golden", message, spot)
                        .suggest(name, steps.keys().map(String::as_str), "goldens of cases")
                        .help("remove the golden, or give the step its name")
                }
                (Some(_), None) => {
                    let message = format!("the golden `{file}` is of an unknown class");
                    Draft::new("stale-golden", message, spot).suggest(
                        class,
                        valid.iter().copied(),
                        "classes",
                    )
                }
                (Some(case), Some(class)) if !meet(case, class) => {
                    let message =
                        format!("the case of the golden `{file}` never runs in its class");
                    Draft::new("stale-golden", message, spot).help("remove the golden")
                }
                _ => continue,
            };
            reporter.add(draft);
        }
    }
    there.into_values().flatten().map(str::to_owned).collect()
}

/// Whether some environment may be selected by both the case and the class.
fn meet(case: &Case, class: &Class) -> bool {
    let kind = |selector: &str| selector.split(':').next().unwrap_or_default().to_owned();
    case.environments.iter().any(|a| {
        class.environments.iter().any(|b| {
            glob_matches(a, b)
                || glob_matches(b, a)
                || kind(a) == kind(b) && (a == &kind(a) || b == &kind(b))
                // Whether two patterns meet is not worked out: they are taken to, and nothing is
                // reported that may be right.
                || a.contains('*') && b.contains('*')
        })
    })
}

/// Normalisers and classes that nothing uses.
fn leftovers(loaded: &Loaded, classes: &BTreeSet<String>, reporter: &mut Reporter) {
    let used: BTreeSet<&str> = loaded
        .cases
        .iter()
        .flat_map(|case| &case.step)
        .filter_map(|step| match step {
            Step::Golden(golden) => Some(&golden.normalize),
            _ => None,
        })
        .flatten()
        .map(String::as_str)
        .collect();
    for (normaliser, spot) in loaded.normalisers.iter().zip(&loaded.spots.normalisers) {
        if !used.contains(normaliser.name.as_str()) {
            let message = format!("no golden step uses the normaliser `{}`", normaliser.name);
            let draft = Draft::new("unused-normaliser", message, spot.clone());
            reporter.add(draft.help("use it or remove it"));
        }
    }
    for (class, spot) in loaded.classes.iter().zip(&loaded.spots.classes) {
        if !classes.contains(&class.name) {
            let message = format!("no golden is of the class `{}`", class.name);
            let draft = Draft::new("unused-class", message, spot.clone());
            reporter
                .add(draft.help("bless a golden in one of its environments, or remove the class"));
        }
    }
}

/// Expectations whose last day is over.
fn expired(loaded: &Loaded, today: Date, reporter: &mut Reporter) {
    for (expectation, spot) in loaded.expectations.iter().zip(&loaded.spots.expectations) {
        let expectation = &expectation.value;
        // The last day itself still counts.
        if expectation.expires < today {
            let message = format!(
                "the expectation of `{}` ended on {}",
                expectation.case, expectation.expires
            );
            let draft = Draft::new("expired-expectation", message, spot.clone());
            reporter.add(
                draft.help(format!("ask its owner, {}: {}", expectation.owner, expectation.link)),
            );
        }
    }
}

//! Observations of cases, collected for the tables and pictures of a report: chains of programs,
//! queries to name servers, findings of `config lint`, policies of twins, scripts.

use std::collections::{BTreeMap, BTreeSet};
use twinproof_model::{CaseResult, Exhibit, Results};

/// A chain of processes in one case: each process with its children.
pub struct Chain<'a> {
    /// Place of the case in the results.
    pub case: usize,
    /// Its title.
    pub title: &'a str,
    /// The environment of the case.
    pub environment: String,
    /// The programs, each with its parent's place, parents first.
    pub links: Vec<Link<'a>>,
}

/// A program of a chain.
#[derive(Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its name.
    pub name: &'a str,
    /// The variable that the case traces, in the environment of the program, as `NAME=VALUE`.
    pub variable: Option<&'a str>,
    /// Its place from the left, 0 where nothing in the trace started it.
    pub depth: usize,
    /// The place of its parent among the links.
    pub parent: Option<usize>,
}

/// A program that ran beside name servers.
pub struct Lookup<'a> {
    /// Place of the case in the results.
    pub case: usize,
    /// The case.
    pub result: &'a CaseResult,
    /// The setting that is tried: GOPROXY, or the program's arguments.
    pub setting: &'a str,
    /// Answers of the name servers.
    pub answers: Vec<&'a str>,
    /// Queries that the name servers received, where the case recorded them.
    pub asked: Option<&'a [String]>,
    /// Duration of the program, in milliseconds.
    pub millis: u64,
    /// The outcome of the program, in words.
    pub ended: &'a str,
}

/// A finding of a case.
pub struct Found<'a> {
    /// Place of the case in the results.
    pub case: usize,
    /// The finding: of [`Exhibit::Finding`] only.
    pub exhibit: &'a Exhibit,
}

/// A setting of policies that a case compares.
pub struct Policy<'a> {
    /// Place of the case in the results.
    pub case: usize,
    /// The setting.
    pub setting: &'a str,
    /// Its value by twin.
    pub values: &'a BTreeMap<String, Option<String>>,
    /// Whether all come to the same.
    pub same: bool,
}

/// Everything, in the order of the results.
#[derive(Default)]
pub struct Exhibits<'a> {
    /// Chains of programs.
    pub chains: Vec<Chain<'a>>,
    /// Programs beside name servers.
    pub lookups: Vec<Lookup<'a>>,
    /// Findings of `config lint`.
    pub findings: Vec<Found<'a>>,
    /// Policies of twins.
    pub policies: Vec<Policy<'a>>,
    /// Scripts by file, each once: the case and the text.
    pub scripts: BTreeMap<&'a str, (usize, &'a str)>,
}

impl<'a> Exhibits<'a> {
    /// Collects the observations of all cases.
    pub fn of(results: &'a Results) -> Self {
        let mut all = Self::default();
        for (at, case) in results.cases.iter().enumerate() {
            all.take(at, case);
        }
        all
    }

    fn take(&mut self, at: usize, case: &'a CaseResult) {
        let mut answers: Vec<&str> = Vec::new();
        let mut starts = Vec::new();
        for exhibit in &case.exhibits {
            match exhibit {
                Exhibit::Start { parent, child, variable } => {
                    starts.push((parent.as_str(), child.as_str(), variable.as_deref()));
                }
                Exhibit::NameServer { answers: said } => answers.push(said),
                Exhibit::Ran { setting, result, millis } => {
                    // A program before the first name server only prepares.
                    if !answers.is_empty() {
                        self.lookups.push(Lookup {
                            case: at,
                            result: case,
                            setting,
                            answers: answers.clone(),
                            asked: None,
                            millis: *millis,
                            ended: result,
                        });
                    }
                }
                Exhibit::Asked { questions } => {
                    if let Some(last) = self.lookups.last_mut().filter(|last| last.case == at) {
                        last.asked = Some(questions);
                    }
                }
                Exhibit::Finding { .. } => self.findings.push(Found { case: at, exhibit }),
                Exhibit::Policy { setting, values, same } => {
                    self.policies.push(Policy { case: at, setting, values, same: *same });
                }
                Exhibit::Script { file, text } => {
                    self.scripts.entry(file).or_insert((at, text));
                }
            }
        }
        if !starts.is_empty() {
            self.chains.push(Chain {
                case: at,
                title: &case.title,
                environment: case.environment.to_string(),
                links: links(&starts),
            });
        }
    }
}

/// The programs of starts, parents first. A program that two others start stands below the first; one
/// that starts itself again is not repeated.
fn links<'a>(starts: &[(&'a str, &'a str, Option<&'a str>)]) -> Vec<Link<'a>> {
    let children: BTreeSet<&str> = starts.iter().map(|(_, child, _)| *child).collect();
    let mut links: Vec<Link<'a>> = Vec::new();
    let mut roots: Vec<&str> =
        starts.iter().map(|(parent, ..)| *parent).filter(|p| !children.contains(p)).collect();
    roots.dedup();
    // All in a circle: begin anywhere.
    if roots.is_empty() {
        roots.extend(starts.first().map(|(parent, ..)| *parent));
    }
    for root in roots {
        if links.iter().all(|link| link.name != root) {
            links.push(Link { name: root, variable: None, depth: 0, parent: None });
            below(starts, links.len() - 1, &mut links);
        }
    }
    links
}

fn below<'a>(
    starts: &[(&'a str, &'a str, Option<&'a str>)],
    parent: usize,
    links: &mut Vec<Link<'a>>,
) {
    let (name, depth) = (links[parent].name, links[parent].depth);
    for (_, child, variable) in starts.iter().filter(|(from, ..)| *from == name) {
        // Programs start each other in circles (`go` runs a program that runs `go`); each is drawn
        // once, so the walk ends.
        if links.iter().any(|link| link.name == *child) {
            continue;
        }
        links.push(Link {
            name: child,
            variable: *variable,
            depth: depth + 1,
            parent: Some(parent),
        });
        below(starts, links.len() - 1, links);
    }
}

#[cfg(test)]
mod tests {
    use super::{Exhibits, links};
    use crate::fixture::{case, empty};
    use twinproof_model::{Exhibit, Verdict};

    #[test]
    fn chain_begins_with_what_nothing_started() {
        let starts =
            [("go", "compile", Some("V=1")), ("go", "link", None), ("pwsh", "go", Some("no V"))];
        let seen: Vec<_> = links(&starts)
            .iter()
            .map(|l| format!("{} {} {:?}", l.depth, l.name, l.parent))
            .collect();
        assert_eq!(seen, ["0 pwsh None", "1 go Some(0)", "2 compile Some(1)", "2 link Some(1)"]);
    }

    #[test]
    fn circle_of_starts_ends() {
        let starts = [("a", "b", None), ("b", "a", None)];
        assert_eq!(links(&starts).len(), 2);
    }

    #[test]
    fn program_has_what_was_asked_after_it_and_none_before_the_name_server() {
        let mut results = empty();
        let ran = |setting: &str| Exhibit::Ran {
            setting: setting.to_owned(),
            result: "exit 0".to_owned(),
            millis: 5,
        };
        let mut one = case("interop/a", "host", Verdict::Pass, &[]);
        one.exhibits = vec![
            ran("build"),
            Exhibit::NameServer { answers: "a = NXDOMAIN".to_owned() },
            ran("first"),
            Exhibit::Asked { questions: vec!["a A".to_owned()] },
            ran("second"),
        ];
        results.cases = vec![one];
        let exhibits = Exhibits::of(&results);
        let seen: Vec<_> =
            exhibits.lookups.iter().map(|l| (l.setting, l.asked.map(<[String]>::len))).collect();
        assert_eq!(seen, [("first", Some(1)), ("second", None)]);
    }
}

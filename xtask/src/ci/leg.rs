//! The legs of the matrix, `ci/matrix.json`: the requirements of a machine of each system. The
//! workflow reads the same file.

use anyhow::Context as _;
use serde::Deserialize;

/// The file, built in.
const MATRIX: &str = include_str!("../../../ci/matrix.json");

/// A leg of the CI matrix.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leg {
    /// The system, as Rust and Go name it.
    pub os: String,
    /// The label of the machine that runs it in the workflow.
    pub runner: String,
    /// The environments that it runs and must have, joined by commas.
    pub environments: String,
    /// The requirements that its tests must find, joined by commas.
    pub tests: String,
    /// The networking mode of WSL in the workflow, where a distribution is installed there.
    pub wsl: String,
    /// The distribution installed there.
    pub distribution: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    include: Vec<Leg>,
}

impl Leg {
    /// The leg of that system. A system without one requires nothing but itself.
    ///
    /// # Errors
    /// When the file is wrong.
    pub fn of(os: &str) -> anyhow::Result<Self> {
        let other = || Self {
            os: os.to_owned(),
            runner: String::new(),
            environments: "host".to_owned(),
            tests: String::new(),
            wsl: String::new(),
            distribution: String::new(),
        };
        Ok(all()?.into_iter().find(|leg| leg.os == os).unwrap_or_else(other))
    }

    /// Whether it runs containers.
    pub fn has_images(&self) -> bool {
        self.environments.split(',').any(|name| name == "wine" || name.starts_with("image"))
    }
}

fn all() -> anyhow::Result<Vec<Leg>> {
    let matrix: Matrix = serde_json::from_str(MATRIX).context("ci/matrix.json")?;
    Ok(matrix.include)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const WORKFLOW: &str = include_str!("../../../.github/workflows/conformance.yml");
    const ACTION: &str = include_str!("../../../ci/action/action.yml");
    const CARGO_TOML: &str = include_str!("../../../Cargo.toml");

    #[test]
    fn every_environment_of_a_leg_is_one() {
        for leg in all().unwrap() {
            for name in leg.environments.split(',') {
                let parsed = name.parse::<twinproof_model::EnvironmentName>();
                // Selectors may name a kind as a whole.
                let kind = ["image", "proxy", "sumdb", "masking"].contains(&name);
                assert!(kind || parsed.is_ok(), "{name}");
            }
        }
    }

    #[test]
    fn a_system_without_a_leg_requires_only_itself() {
        let leg = Leg::of("macos").unwrap();
        assert_eq!((leg.environments.as_str(), leg.tests.as_str()), ("host", ""));
        assert!(!leg.has_images());
        assert!(Leg::of("linux").unwrap().has_images());
        assert!(!Leg::of("windows").unwrap().has_images());
    }

    #[test]
    fn the_workflow_runs_the_matrix_and_merges_all_of_it() {
        for part in ["ci/matrix.json", "fromJSON(needs.matrix.outputs.matrix)"] {
            assert!(WORKFLOW.contains(part), "{part}");
        }
        for key in ["os", "runner", "environments", "distribution"] {
            assert!(WORKFLOW.contains(&format!("${{{{ matrix.{key} }}}}")), "{key}");
        }
        let legs = all().unwrap();
        let ran: BTreeSet<&str> = legs.iter().flat_map(|leg| leg.environments.split(',')).collect();
        let merge = WORKFLOW.split_once("cargo xtask merge").unwrap().1;
        let words: Vec<&str> = merge.split("- name:").next().unwrap().split_whitespace().collect();
        let required: BTreeSet<&str> =
            words.windows(2).filter(|w| w[0] == "--require").map(|w| w[1]).collect();
        // A leg that does not have to be there could be missing unnoticed.
        assert_eq!(required, ran);
        let merged: BTreeSet<String> = words
            .iter()
            .filter_map(|word| Some(word.strip_prefix("legs/")?.split_once('/')?.0.to_owned()))
            .collect();
        assert_eq!(merged, legs.iter().map(|leg| format!("results-{}", leg.os)).collect());
    }

    #[test]
    fn the_workflow_has_the_workspaces_rust() {
        let version = CARGO_TOML.lines().find_map(|l| l.strip_prefix("rust-version = ")).unwrap();
        assert!(WORKFLOW.contains(&format!("  RUST: {version}")), "{version}");
    }

    #[test]
    fn actions_are_pinned_to_commits() {
        let words: Vec<&str> =
            [WORKFLOW, ACTION].iter().flat_map(|f| f.split_whitespace()).collect();
        let uses: Vec<&str> = words.windows(2).filter(|w| w[0] == "uses:").map(|w| w[1]).collect();
        let (own, others): (Vec<&str>, Vec<&str>) = uses.iter().partition(|u| u.starts_with("./"));
        // The action must be the one that users run.
        assert_eq!(own, ["./ci/action"], "the workflow runs the suites by the action");
        assert!(!others.is_empty());
        for action in others {
            let commit = action.split_once('@').unwrap().1;
            assert!(
                commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()),
                "{action}"
            );
        }
    }
}

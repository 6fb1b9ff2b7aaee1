//! Selects the cases and environments of a run.

use sha2::{Digest, Sha256};
use twinproof_model::{Level, glob_matches};
use twinproof_steps::Case;

/// The tag of cases that run only where cases are asked for, by tag or by pattern.
pub const ON_REQUEST: &str = "all";

/// A part of a run that is split into several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Number of this part, from 1.
    pub index: u32,
    /// Number of parts.
    pub count: u32,
}

/// A selection that selects nothing, or is malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// Not `N/M` with 1 ≤ N ≤ M.
    #[error("`{0}` is no shard: write N/M with 1 <= N <= M, such as 1/4")]
    Shard(String),
    /// A pattern that no case fits.
    #[error("no case fits `{pattern}`{nearest}")]
    NoCase {
        /// The pattern.
        pattern: String,
        /// `; did you mean …`, or empty.
        nearest: String,
    },
    /// No such suite.
    #[error("there is no suite `{name}`; there are: {known}")]
    NoSuite {
        /// The name that was given.
        name: String,
        /// The suites that are there.
        known: String,
    },
    /// A selector that no environment can fit.
    #[error(
        "no environment fits `{0}`; there are host, windows, wine, wsl, wsl:DISTRO, image:NAME, \
         proxy:NAME, sumdb:NAME, masking:NAME"
    )]
    NoEnvironment(String),
}

impl std::str::FromStr for Shard {
    type Err = SelectionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || SelectionError::Shard(text.to_owned());
        let (index, count) = text.split_once('/').ok_or_else(bad)?;
        let (index, count) = (index.parse().map_err(|_| bad())?, count.parse().map_err(|_| bad())?);
        if index == 0 || index > count {
            return Err(bad());
        }
        Ok(Self { index, count })
    }
}

/// The selected cases and environments of a run. An empty list selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Suites.
    pub suites: Vec<String>,
    /// Patterns over `suite/id` or `id`.
    pub cases: Vec<String>,
    /// Patterns of cases to leave out.
    pub skip: Vec<String>,
    /// Selectors of environments.
    pub environments: Vec<String>,
    /// Tags, any of which a case must have.
    pub tags: Vec<String>,
    /// Levels.
    pub levels: Vec<Level>,
    /// The part of the run; all of it when absent.
    pub shard: Option<Shard>,
}

impl Selection {
    /// Whether it leaves cases out, so that floors mean nothing.
    #[must_use]
    pub fn filters_cases(&self) -> bool {
        !self.cases.is_empty()
            || !self.skip.is_empty()
            || !self.tags.is_empty()
            || !self.levels.is_empty()
            || self.shard.is_some()
    }

    /// The selected cases, in their order.
    ///
    /// # Errors
    /// When a suite or a pattern fits nothing.
    pub fn cases(
        &self,
        cases: &[Case],
        level_of: impl Fn(&Case) -> Level,
    ) -> Result<Vec<Case>, SelectionError> {
        let fits = |pattern: &str, case: &Case| {
            glob_matches(pattern, &case.key()) || glob_matches(pattern, &case.id)
        };
        for name in &self.suites {
            if !cases.iter().any(|c| c.suite == *name) {
                let mut known: Vec<_> = cases.iter().map(|c| c.suite.as_str()).collect();
                known.dedup();
                return Err(SelectionError::NoSuite {
                    name: name.clone(),
                    known: known.join(", "),
                });
            }
        }
        for pattern in self.cases.iter().chain(&self.skip) {
            if !cases.iter().any(|c| fits(pattern, c)) {
                let close = cases
                    .iter()
                    .map(|c| {
                        // A pattern that names a suite is close to a whole key.
                        let key = c.key();
                        let name = if pattern.contains('/') { &key } else { &c.id };
                        (strsim::jaro_winkler(pattern, name), key)
                    })
                    .filter(|(score, _)| *score > 0.8)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                let nearest =
                    close.map_or_else(String::new, |(_, k)| format!("; did you mean `{k}`?"));
                return Err(SelectionError::NoCase { pattern: pattern.clone(), nearest });
            }
        }
        let asked = !self.tags.is_empty() || !self.cases.is_empty();
        let selected = |case: &&Case| {
            (asked || case.tags.iter().all(|tag| tag != ON_REQUEST))
                && (self.suites.is_empty() || self.suites.contains(&case.suite))
                && (self.cases.is_empty() || self.cases.iter().any(|p| fits(p, case)))
                && !self.skip.iter().any(|p| fits(p, case))
                && (self.tags.is_empty() || self.tags.iter().any(|t| case.tags.contains(t)))
                && (self.levels.is_empty() || self.levels.contains(&level_of(case)))
                && self.shard.is_none_or(|shard| in_shard(&case.key(), shard))
        };
        Ok(cases.iter().filter(selected).cloned().collect())
    }
}

/// Cases keep their shard when others come and go.
fn in_shard(key: &str, shard: Shard) -> bool {
    let digest = Sha256::digest(key.as_bytes());
    let head = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    head % shard.count == shard.index - 1
}

#[cfg(test)]
mod tests {
    use super::{Selection, Shard, in_shard};
    use rstest::rstest;
    use twinproof_model::Level;
    use twinproof_steps::Case;

    #[rstest]
    #[case("1/1", true)]
    #[case("4/4", true)]
    #[case("0/4", false)]
    #[case("5/4", false)]
    #[case("1", false)]
    #[case("a/b", false)]
    fn a_shard_is_a_number_within_its_count(#[case] text: &str, #[case] ok: bool) {
        assert_eq!(text.parse::<Shard>().is_ok(), ok);
    }

    #[test]
    fn every_case_is_in_exactly_one_shard() {
        for n in 0..100 {
            let key = format!("s/c{n}");
            let hits = (1..=4).filter(|i| in_shard(&key, Shard { index: *i, count: 4 })).count();
            assert_eq!(hits, 1);
        }
    }

    #[rstest]
    #[case(&[], &[], &["a", "b"])]
    #[case(&["all"], &[], &["c"])]
    #[case(&["slow"], &[], &["b"])]
    #[case(&[], &["s/*"], &["a", "b", "c"])]
    #[case(&[], &["c"], &["c"])]
    fn case_tagged_all_runs_only_on_request(
        #[case] tags: &[&str],
        #[case] cases: &[&str],
        #[case] want: &[&str],
    ) {
        let case = |id: &str, tags: &[&str]| -> Case {
            serde_json::from_value(serde_json::json!({
                "suite": "s", "id": id, "claims": [], "title": "", "environments": [],
                "tags": tags, "step": [], "control": { "step": 1, "remove": true },
            }))
            .unwrap()
        };
        let there = [case("a", &[]), case("b", &["slow"]), case("c", &["all"])];
        let texts = |of: &[&str]| of.iter().map(|t| (*t).to_owned()).collect();
        let selection =
            Selection { tags: texts(tags), cases: texts(cases), ..Selection::default() };
        let chosen = selection.cases(&there, |_| Level::Must).unwrap();
        let ids: Vec<&str> = chosen.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, want);
    }
}

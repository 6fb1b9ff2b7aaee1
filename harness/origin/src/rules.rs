//! Picks the rule for a request.

use std::sync::{Mutex, PoisonError};

use twinproof_model::{Rule, glob_matches};

/// Rules with their counters. A rule counts the requests that come to it: those that fit and that no
/// rule in front of it was applied to.
pub(crate) struct Rules(Mutex<Vec<Counted>>);

struct Counted {
    rule: Rule,
    /// The path pattern, in the words of [`glob_matches`].
    pattern: String,
    left_alone: u32,
    applied: u32,
}

fn counted(rule: Rule) -> Counted {
    // In suite files one star stands for any text, slashes included; the matcher's single star
    // stops at a slash.
    Counted { pattern: rule.path.replace('*', "**"), rule, left_alone: 0, applied: 0 }
}

impl Rules {
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(Mutex::new(rules.into_iter().map(counted).collect()))
    }

    /// Other rules, whose counters start anew.
    pub fn replace(&self, rules: Vec<Rule>) {
        let rules = rules.into_iter().map(counted).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// The rule to apply to a request, and its index.
    pub fn pick(&self, method: &str, target: &str) -> Option<(usize, Rule)> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (i, counted) in rules.iter_mut().enumerate() {
            let Counted { rule, pattern, left_alone, applied } = counted;
            let fits = rule.method.as_ref().is_none_or(|wanted| wanted == method)
                && glob_matches(pattern, target);
            if !fits || rule.times.is_some_and(|times| *applied >= times) {
                continue;
            }
            if *left_alone < rule.after {
                *left_alone += 1;
                continue;
            }
            *applied = applied.saturating_add(1);
            return Some((i, rule.clone()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use twinproof_model::Rule;

    fn picked(rules: &Rules, method: &str, target: &str) -> Option<usize> {
        rules.pick(method, target).map(|(index, _)| index)
    }

    #[test]
    fn the_first_that_still_applies() {
        let rule = |path: &str| Rule { path: path.to_owned(), ..Rule::default() };
        let rules = Rules::new(vec![
            Rule { times: Some(1), ..rule("*/@v/list") },
            Rule { after: 1, times: Some(1), ..rule("/a/*") },
            Rule { method: Some("HEAD".to_owned()), ..rule("*") },
        ]);
        assert_eq!(picked(&rules, "GET", "/b/c/@v/list"), Some(0));
        assert_eq!(picked(&rules, "GET", "/b/c/@v/list"), None);
        assert_eq!(picked(&rules, "GET", "/a/b/@v/list"), None);
        assert_eq!(picked(&rules, "GET", "/a/x"), Some(1));
        assert_eq!(picked(&rules, "GET", "/a/x"), None);
        assert_eq!(picked(&rules, "HEAD", "/a/x"), Some(2));
        rules.replace(Vec::new());
        assert_eq!(picked(&rules, "HEAD", "/a/x"), None);
    }
}

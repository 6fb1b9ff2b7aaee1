//! Applies all rules to all files.

use crate::rule::{Check, Finding, Findings};
use crate::rules;
use crate::set::Set;

/// Findings of all rules, ordered by file and place.
#[must_use]
pub fn lint(set: &Set) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in rules::all() {
        match rule.check {
            Check::File(look) => {
                for document in &set.documents {
                    look(document, &mut Findings::new(rule, document.file, &mut found));
                }
            }
            Check::All(look) => look(set, &mut Findings::new(rule, 0, &mut found)),
            Check::Silent => {}
        }
    }
    // Rules run one after another over all files; people read a file from top to bottom. The order
    // is total, so that two runs print the same.
    found.sort_by(|a, b| {
        let key = |f: &Finding| (f.file, f.range.start, f.rule.id, f.range.end);
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    // A prose file and the snippets in it are documents of one text, and a rule may find the same
    // place in both.
    found.dedup_by(|a, b| {
        (a.rule.id, a.file, &a.range, &a.message) == (b.rule.id, b.file, &b.range, &b.message)
    });
    found
}

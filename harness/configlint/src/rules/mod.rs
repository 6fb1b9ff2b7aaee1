//! The rules, by topic. A rule is one item in the list of its file.

mod across;
mod commands;
mod dns;
mod editor;
mod effects;
mod flags;
mod go;
mod hosts;
mod images;
mod keys;
mod lines;
mod policy;
mod profiles;
mod registry;
mod text;
mod values;
mod words;

pub use policy::{POLICY, effective, twins};

use crate::rule::Rule;

/// All rules, in the order of their numbers.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    let lists = [
        lines::RULES,
        text::RULES,
        keys::RULES,
        values::RULES,
        effects::RULES,
        editor::RULES,
        go::RULES,
        images::RULES,
        flags::RULES,
        profiles::RULES,
        policy::RULES,
        dns::RULES,
        hosts::RULES,
        registry::RULES,
        across::RULES,
        commands::RULES,
    ];
    let mut rules: Vec<&Rule> = lists.into_iter().flatten().collect();
    rules.sort_by_key(|rule| rule.id);
    rules
}

/// A rule by its number.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.id.eq_ignore_ascii_case(id))
}

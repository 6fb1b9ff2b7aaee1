//! The facts of two images that differ.

use super::report::FactDifference;
use crate::facts::{Description, Image};
use serde_json::Value;
use std::collections::BTreeMap;

/// Facts that are compared elsewhere, or that follow from others.
const LEFT_OUT: [&str; 5] = ["sections", "ids", "entry", "deep", "overlay"];

/// The most differences that are listed.
const MOST: usize = 1000;

/// All of them, sorted.
pub(super) fn differences(a: &Image, b: &Image) -> Vec<FactDifference> {
    let (a, b) = (flat(a), flat(b));
    let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
    names.sort();
    names.dedup();
    let differing = names.into_iter().filter(|name| a.get(*name) != b.get(*name));
    differing
        .take(MOST)
        .map(|name| FactDifference {
            fact: name.clone(),
            a: a.get(name).cloned(),
            b: b.get(name).cloned(),
        })
        .collect()
}

/// Every fact of a file that is a single value, by its path in the description: of several images the
/// name of the slice or member and a colon come first. Sections are left out.
#[must_use]
pub fn by_name(description: &Description) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, image) in description.images() {
        let place = name.map(|name| format!("{name}: ")).unwrap_or_default();
        all.extend(flat(image).into_iter().map(|(fact, value)| (format!("{place}{fact}"), value)));
    }
    all
}

/// Every scalar by its path.
fn flat(image: &Image) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    if let Ok(Value::Object(image)) = serde_json::to_value(image) {
        for (name, value) in image {
            if !LEFT_OUT.contains(&name.as_str()) {
                insert(&mut facts, name, value);
            }
        }
    }
    facts
}

fn insert(facts: &mut BTreeMap<String, String>, path: String, value: Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                insert(facts, format!("{path}.{name}"), value);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(facts, &path, item);
            }
        }
        Value::String(text) => {
            facts.insert(path, text);
        }
        Value::Null => {}
        other => {
            facts.insert(path, other.to_string());
        }
    }
}

/// Inserts an element of a list. Its own name is a part of its path, so that one added element does
/// not make all that follow it differ.
fn element(facts: &mut BTreeMap<String, String>, path: &str, item: Value) {
    match item {
        Value::Object(mut fields) => {
            let text = |value: Option<Value>| match value {
                Some(Value::String(text)) => Some(text),
                _ => None,
            };
            // Elements of a list are told apart by their names, not by their places: one more
            // library must not make all that follow it differ.
            let keys = ["library", "family", "path", "name"].map(|key| text(fields.remove(key)));
            let name: Vec<String> = keys.into_iter().flatten().collect();
            let path = format!("{path}[{}]", name.join(" "));
            facts.insert(path.clone(), "present".into());
            insert(facts, path, Value::Object(fields));
        }
        Value::String(text) => {
            facts.insert(format!("{path}[{text}]"), "present".into());
        }
        other => {
            facts.insert(format!("{path}[{other}]"), "present".into());
        }
    }
}

//! Rows that pass only with a row of another table: `follows = [{ table = "shop.users", by =
//! ["user_id"] }]` in the table of the orders. An order passes when its own `where` does and a user
//! of its `user_id` passes; one whose `user_id` is NULL names no user, and passes by its own.
//!
//! The columns of `by` stand in the order of the parent's key. They have the masks of that key's
//! columns, so that the reference holds in staging as well.

use super::table::{Follow, TablePolicy, dotted};
use twinproof_toml::Reader;
use twinproof_toml::node::{self, Node};

/// No chain of tables that follow each other is longer.
// Each level is a look-up for each batch, and a subquery within the one before when a source is
// asked which rows pass.
pub const DEEPEST: usize = 8;

/// Reports mistakes in the `follows` entries.
pub(super) fn check(tables: &[TablePolicy], root: &Node<'_>, reader: &mut Reader<'_>) {
    let nodes = node::elements(node::get(root, "table"));
    for node in nodes {
        // A table with a mistake of its own is not among those that were read.
        let Some(child) =
            tables.iter().find(|t| node::text(node, "name") == Some(&dotted(&t.source)))
        else {
            continue;
        };
        let places = node::elements(node::get(node, "follows"));
        for (follow, place) in child.follows.iter().zip(places) {
            for (code, message, help) in mistakes(tables, child, follow) {
                let draft = reader.draft(code, &message, place.span());
                reader.add(draft.help(&help));
            }
        }
    }
}

/// Reports every `follows` of a policy whose staging cannot be asked which rows it has.
pub(super) fn refuse(root: &Node<'_>, reader: &mut Reader<'_>) {
    for node in node::elements(node::get(root, "table")) {
        if node::get(node, "follows").is_some() {
            let message = "`follows` needs a staging that can be asked which rows it has, and \
                           topics of Kafka cannot";
            let draft = reader.draft("no-follows", message, node::key_span(node, "follows"));
            reader.add(draft.help(
                "take `follows` out, or copy to a database: readers of topics then see rows whose \
                 parent does not pass",
            ));
        }
    }
}

/// The mistakes in a `follows` entry, each as code, message and remedy.
fn mistakes(
    tables: &[TablePolicy],
    child: &TablePolicy,
    follow: &Follow,
) -> Vec<(&'static str, String, String)> {
    let (name, parent_name) = (dotted(&child.source), dotted(&follow.parent));
    let mut wrong = Vec::new();
    for column in follow.by.iter().filter(|c| !child.columns.contains_key(*c)) {
        wrong.push((
            "unclassified",
            format!("`by` names column `{column}`, which has no class"),
            format!("{column} = \"…\" under [table.columns]"),
        ));
    }
    let Some(parent) = tables.iter().find(|t| t.source == follow.parent) else {
        wrong.push((
            "no-parent",
            format!("{name} follows {parent_name}, which is no table of the policy"),
            format!("add a [[table]] named {parent_name}, or take `follows` out"),
        ));
        return wrong;
    };
    if leads_to(tables, parent, child) {
        wrong.push((
            "circle",
            format!("{name} follows {parent_name}, which leads back to {name}"),
            "take one `follows` of the circle out".to_owned(),
        ));
        return wrong;
    }
    let depth = depth(tables, child);
    if depth > DEEPEST {
        wrong.push((
            "too-deep",
            format!("{name} is {depth} tables below the first one that it follows"),
            format!("at most {DEEPEST} tables follow one another; let it follow one further up"),
        ));
    }
    // The primary key's columns are known only once the source has been read.
    if !parent.key.is_empty() {
        wrong.extend(
            misfit(child, follow, parent, &parent.key)
                .map(|(what, fix)| ("unlike-parent", what, fix)),
        );
    }
    wrong
}

/// The reason why the columns of `by` cannot name a row of the parent, and the remedy.
pub(crate) fn misfit(
    child: &TablePolicy,
    follow: &Follow,
    parent: &TablePolicy,
    key: &[String],
) -> Option<(String, String)> {
    let (name, parent_name) = (dotted(&child.source), dotted(&parent.source));
    if follow.by.len() != key.len() {
        return Some((
            format!(
                "{name} follows {parent_name} by {} columns, and its key has {}",
                follow.by.len(),
                key.len()
            ),
            format!("name as many columns as its key has, in its order: {}", key.join(", ")),
        ));
    }
    follow.by.iter().zip(key).find_map(|(column, of_key)| {
        let (ours, theirs) = (child.columns.get(column)?, parent.columns.get(of_key)?);
        (ours.transformer != theirs.transformer).then(|| {
            (
                format!(
                    "{name}: column `{column}` is of class `{}`, and {parent_name}'s `{of_key}` of \
                     class `{}`: the reference would not hold in staging",
                    ours.class, theirs.class
                ),
                "give both columns one class".to_owned(),
            )
        })
    })
}

/// Whether a table follows another, over any number of tables between.
fn leads_to(tables: &[TablePolicy], from: &TablePolicy, to: &TablePolicy) -> bool {
    let mut seen = vec![&from.source];
    let mut next = 0;
    while let Some(at) = seen.get(next) {
        if **at == to.source {
            return true;
        }
        let table = tables.iter().find(|t| t.source == **at);
        let more = table.iter().flat_map(|t| &t.follows).map(|f| &f.parent);
        let more: Vec<_> = more.filter(|parent| !seen.contains(parent)).collect();
        seen.extend(more);
        next += 1;
    }
    false
}

/// Number of tables above a table that is in no circle.
fn depth(tables: &[TablePolicy], table: &TablePolicy) -> usize {
    let place = |name: &(String, String)| tables.iter().position(|t| t.source == *name);
    let mut depths = vec![0; tables.len()];
    // Each round completes the depth of one more level. A circle would never be complete.
    for _ in tables {
        for (i, table) in tables.iter().enumerate() {
            let above = table.follows.iter().filter_map(|f| place(&f.parent));
            depths[i] = above.map(|parent| depths[parent] + 1).max().unwrap_or(0);
        }
    }
    place(&table.source).map_or(0, |i| depths[i])
}

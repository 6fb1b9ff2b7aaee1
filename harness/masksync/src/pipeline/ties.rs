//! Tables whose rows pass only with rows of others: their order, and the statements that look for
//! the one by the other.
//!
//! Values are compared by the servers, in a derived table that has the types and collations of the
//! key that is looked for, as [`crate::source::SourceAsk`] does it.

use super::engine::{Prepared, rank};
use super::staged::{portable, read};
use crate::server::{Column, Failed, Session, name, quoted_name};
use crate::sink::Row;
use crate::value::{Cell, Charset};

/// Rows that are looked for at once.
const AT_ONCE: usize = 500;
/// Rows that are found at once.
pub(super) const FOUND: usize = 4000;

/// The places of some tables, those before others that follow them.
pub(super) fn ranked(tables: &[Prepared], mut places: Vec<usize>) -> Vec<usize> {
    places.sort_by_key(|i| rank(tables, *i));
    places
}

/// The tables, and all that follow them.
pub(super) fn with_followers(tables: &[Prepared], places: &[usize]) -> Vec<usize> {
    let mut all = places.to_vec();
    let mut next = 0;
    while let Some(place) = all.get(next) {
        let more = tables[*place].followers.iter().filter(|f| !all.contains(f));
        let more: Vec<usize> = more.copied().collect();
        all.extend(more);
        next += 1;
    }
    all.sort_unstable();
    all
}

/// The condition at the source that the rows a table follows pass.
pub(super) fn closed(tables: &[Prepared], table: usize) -> String {
    let outer = quoted_name(&tables[table].policy.source);
    condition(tables, table, &outer, 0)
}

fn condition(tables: &[Prepared], table: usize, outer: &str, depth: usize) -> String {
    let mut all = Vec::new();
    for tie in &tables[table].follows {
        let parent = &tables[tie.parent];
        let inner = format!("parent_{depth}");
        let by = tie.by.iter().map(|i| name(&tables[table].target.columns[*i].0));
        let (mut nulls, mut equal) = (Vec::new(), Vec::new());
        for (by, key) in by.zip(key_names(parent)) {
            nulls.push(format!("{outer}.{by} IS NULL"));
            equal.push(format!("{inner}.{key} = {outer}.{by}"));
        }
        // Within the subquery the parent's columns are nearer than those of the same name outside.
        let predicate = parent.policy.predicate.as_ref().map_or("1", |p| p.text());
        all.push(format!(
            "({} OR EXISTS (SELECT 1 FROM {} AS {inner} WHERE {} AND ({predicate}) AND {}))",
            nulls.join(" OR "),
            quoted_name(&parent.policy.source),
            equal.join(" AND "),
            condition(tables, tie.parent, &inner, depth + 1)
        ));
    }
    if all.is_empty() { "1".to_owned() } else { all.join(" AND ") }
}

/// Whether the source has rows that name a row which is not there, or does not say that it has none.
pub(super) fn orphans(
    tables: &[Prepared],
    table: usize,
    source: &mut Session,
) -> Result<bool, Failed> {
    let child = &tables[table];
    for tie in &child.follows {
        let parent = &tables[tie.parent];
        let by: Vec<&str> = tie.by.iter().map(|i| &*child.target.columns[*i].0).collect();
        let refers = |key: &crate::server::ForeignKey| {
            key.parent == parent.policy.source
                && key.columns.len() == by.len()
                && by
                    .iter()
                    .zip(key_columns(parent))
                    .all(|(by, of)| key.columns.iter().any(|(a, b)| a == by && **b == *of.name))
        };
        if !child.source.parents.iter().any(refers) {
            return Ok(true);
        }
        let (from, to) = (quoted_name(&child.policy.source), quoted_name(&parent.policy.source));
        let on = by.iter().zip(key_names(parent));
        let on: Vec<String> = on.map(|(b, k)| format!("p.{k} = c.{}", name(b))).collect();
        let named: Vec<String> = by.iter().map(|b| format!("c.{} IS NOT NULL", name(b))).collect();
        let sql = format!(
            "SELECT 1 FROM {from} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {to} AS p WHERE {}) LIMIT 1",
            named.join(" AND "),
            on.join(" AND ")
        );
        let doing = format!("looking for rows of {from} that refer to none");
        if !source.texts(&doing, &sql)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn key_columns(table: &Prepared) -> impl Iterator<Item = &Column> {
    table.target.key.iter().map(|k| &table.source.columns[*k])
}

fn key_names(table: &Prepared) -> impl Iterator<Item = String> {
    key_columns(table).map(|column| name(&column.name))
}

/// Cells with the character sets of their texts.
pub(super) type Tuple<'c> = Vec<(&'c Cell<'static>, &'c Charset)>;

/// Some cells of a row, with their character sets.
pub(super) fn tuple<'c>(
    table: &'c Prepared,
    places: &[usize],
    cells: &'c [Cell<'static>],
) -> Tuple<'c> {
    let charset = |i: &usize| &table.target.columns[*i].1;
    places.iter().map(charset).zip(cells).map(|(charset, cell)| (cell, charset)).collect()
}

/// The derived table of some keys, in the columns `key_0`, `key_1` ….
fn asked(table: &Prepared, held: &str, tuples: &[Tuple<'_>]) -> String {
    let columns: Vec<String> =
        key_names(table).enumerate().map(|(i, key)| format!("{key} AS key_{i}")).collect();
    crate::source::asked(&columns, held, tuples.iter().map(|tuple| tuple.iter().copied()))
}

/// For each key, whether a table in staging has it; `held` is the table's name there.
pub(super) fn present(
    session: &mut Session,
    table: &Prepared,
    held: &str,
    tuples: &[Tuple<'_>],
) -> Result<Vec<bool>, Failed> {
    let mut there = vec![false; tuples.len()];
    let doing = format!("looking for rows of {held}");
    let on: Vec<String> = key_names(table)
        .enumerate()
        .map(|(i, key)| format!("held_.{key} = asked_.key_{i}"))
        .collect();
    for (part, there) in tuples.chunks(AT_ONCE).zip(there.chunks_mut(AT_ONCE)) {
        // In this order the server looks the few values up in the key, whatever its statistics are.
        let sql = format!(
            "SELECT CAST(ord_ AS CHAR) FROM {} STRAIGHT_JOIN {held} AS held_ ON {}",
            asked(table, held, part),
            on.join(" AND ")
        );
        for row in session.texts(&doing, &sql)? {
            if let Some(place) = row[0].parse::<usize>().ok().and_then(|i| there.get_mut(i)) {
                *place = true;
            }
        }
    }
    Ok(there)
}

/// The keys of rows in staging that name one of some rows of their parent; no more than [`FOUND`].
pub(super) fn children(
    session: &mut Session,
    tables: &[Prepared],
    (child, by): (usize, &[usize]),
    (parent, keys): (usize, &[Tuple<'_>]),
) -> Result<Vec<Row>, Failed> {
    let (child, parent) = (&tables[child], &tables[parent]);
    let on = by
        .iter()
        .enumerate()
        .map(|(i, by)| format!("child_.{} = asked_.key_{i}", name(&child.target.columns[*by].0)));
    let on: Vec<String> = on.collect();
    let from = format!(
        "{} STRAIGHT_JOIN {} AS child_ ON {}",
        asked(parent, &parent.target.name, keys),
        child.target.name,
        on.join(" AND ")
    );
    keys_of(session, child, &from)
}

/// The keys of rows in staging that name any row of their parent; no more than [`FOUND`].
pub(super) fn all_children(
    session: &mut Session,
    child: &Prepared,
    by: &[usize],
) -> Result<Vec<Row>, Failed> {
    let named: Vec<String> = by
        .iter()
        .map(|by| format!("child_.{} IS NOT NULL", name(&child.target.columns[*by].0)))
        .collect();
    let from = format!("{} AS child_ WHERE {}", child.target.name, named.join(" AND "));
    keys_of(session, child, &from)
}

fn keys_of(session: &mut Session, table: &Prepared, from: &str) -> Result<Vec<Row>, Failed> {
    let columns: Vec<Option<&Column>> = key_columns(table)
        .map(|key| table.staging.columns.iter().find(|held| held.name == key.name))
        .collect();
    let names: Vec<String> = key_names(table).map(|key| format!("child_.{key}")).collect();
    let sql = format!("SELECT {} FROM {from} LIMIT {FOUND}", names.join(", "));
    let doing = format!("looking for rows of {}", table.target.name);
    let rows = read(session, &doing, &sql, &columns)?;
    Ok(rows.into_iter().map(|row| portable(row, &columns)).collect())
}

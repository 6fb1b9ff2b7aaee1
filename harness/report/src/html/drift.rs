//! Drift tables: the same question, answered in each environment. Where a column has several
//! values, each different value has a letter, so that equal ones are seen without colour.

use super::parts::{anchor, code, shown};
use crate::tally::{self, DriftTable};
use maud::{Markup, html};

/// All tables.
pub fn tables(tables: &[DriftTable<'_>]) -> Markup {
    html! {
        p { "One row an environment. In a column where environments differ, equal values have the same letter." }
        @for table in tables { (self::table(table)) }
    }
}

fn table(table: &DriftTable<'_>) -> Markup {
    html! {
        h3 { (shown(table.label)) }
        div.scroll.drift tabindex="0" role="region" aria-label=(format!("Drift: {}", crate::text::line(table.label))) {
            table {
                caption {
                    (differing(table))
                    @if let Some(alike) = table.alike() { br; "Alike in every value: " (shown(&alike)) }
                }
                thead {
                    tr {
                        th scope="col" { "Environment" }
                        @for (column, distinct) in table.columns.iter().zip(&table.distinct) {
                            th scope="col" {
                                (shown(column))
                                @if *distinct > 1 { small.differs { "≠ " (distinct) " values" } }
                                @else { small.muted { "same" } }
                            }
                        }
                    }
                }
                tbody {
                    @for row in &table.rows {
                        tr {
                            th scope="row" {
                                a href=(format!("#{}", anchor(row.case))) { (shown(&row.environment.to_string())) }
                                @if !row.subject.is_empty() { br; small.muted { (shown(row.subject)) } }
                            }
                            @for (value, distinct) in row.values.iter().zip(&table.distinct) {
                                (cell(*value, *distinct))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn differing(table: &DriftTable<'_>) -> String {
    let differing = table.differing().count();
    format!("{differing} of {} values differ between environments", table.columns.len())
}

fn cell(value: Option<(&str, usize)>, distinct: usize) -> Markup {
    let Some((value, number)) = value else {
        return html! { td.never { "not asked" } };
    };
    html! {
        td class=(if distinct > 1 { format!("differs n{}", number % 6) } else { "same".to_owned() }) {
            @if distinct > 1 { span.letter { (tally::letter(number)) } " " }
            @if value.is_empty() { span.muted { "(empty)" } } @else { (code(value)) }
        }
    }
}

//! Tables that cases fill, a cell each.

use super::parts::{anchor, shown};
use crate::tables::{Cell, Table};
use crate::words;
use maud::{Markup, html};

/// All tables.
pub fn tables(tables: &[Table<'_>]) -> Markup {
    html! {
        p { "Each cell is a case, and leads to it: ✓ says that it went as predicted, also where something is refused." }
        @for table in tables { (self::table(table)) }
    }
}

fn table(table: &Table<'_>) -> Markup {
    html! {
        h3 { (shown(table.title)) }
        div.scroll.matrix tabindex="0" role="region" aria-label=(crate::text::line(table.title)) {
            table {
                caption { (shown(table.title)) }
                thead {
                    tr {
                        th scope="col" {}
                        @for column in &table.columns { th scope="col" { (shown(column)) } }
                    }
                }
                tbody {
                    @for (row, cells) in &table.rows {
                        tr {
                            th scope="row" { (shown(row)) }
                            @for cell in cells { (self::cell(*cell)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(cell: Option<Cell<'_>>) -> Markup {
    let Some(cell) = cell else { return html! { td {} } };
    let verdict = cell.case.verdict;
    html! {
        td class=(format!("v-{verdict}")) {
            a href=(format!("#{}", anchor(cell.index))) title=(crate::text::line(&cell.case.title)) {
                span aria-hidden="true" { (words::sign(verdict)) } " "
                (shown(&cell.text()))
            }
        }
    }
}

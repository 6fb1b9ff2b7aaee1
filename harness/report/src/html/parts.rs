//! Small parts that all sections of the page use.

use crate::evidence::is_within;
use crate::{escape, text, words};
use maud::{Markup, html};
use twinproof_model::{CaseResult, Verdict};

/// A verdict: sign, word and colour.
pub fn chip(verdict: Verdict) -> Markup {
    html! {
        span class=(format!("chip v-{verdict}")) title=(words::meaning(verdict)) {
            span aria-hidden="true" { (words::sign(verdict)) } " " (words::label(verdict))
        }
    }
}

/// Text in which nothing is hidden.
pub fn shown(value: &str) -> Markup {
    html! { (text::line(value)) }
}

/// A sentence in which what stands between backticks is code.
pub fn prose(value: &str) -> Markup {
    let pieces: Vec<_> = value.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return shown(value);
    }
    html! {
        @for (at, piece) in pieces.into_iter().enumerate() {
            @if at.is_multiple_of(2) { (shown(piece)) } @else { code { (shown(piece)) } }
        }
    }
}

/// A value as code, cut where it is longer than a page would bear.
pub fn code(value: &str) -> Markup {
    // An expected text may be a whole file. Browsers take seconds to lay out megabytes in one table
    // cell.
    const LIMIT: usize = 4096;
    let head = text::head(value, LIMIT);
    html! {
        code { (text::block(head)) }
        @if head.len() < value.len() {
            span.muted { " … and " (text::bytes((value.len() - head.len()) as u64)) " more" }
        }
    }
}

/// A value as code on a line of an overview; the details of the case have the rest.
pub fn brief(value: &str) -> Markup {
    html! { code { (text::line(&text::cut(value, 240))) } }
}

/// A hash, its beginning shown and all of it in the title.
pub fn hash(value: &str) -> Markup {
    html! { code.hash title=(text::line(value)) { (text::line(text::head(value, 12))) } }
}

/// A table that scrolls by itself where it is wider than the page.
pub fn table(caption: &str, head: &[&str], rows: &[Markup]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for h in head { th scope="col" { (h) } } } }
                tbody { @for row in rows { (row) } }
            }
        }
    }
}

/// The id of the element with a case's details.
pub fn anchor(index: usize) -> String {
    format!("case-{index}")
}

/// A link to the details of a case.
pub fn case_link(index: usize, case: &CaseResult) -> Markup {
    html! { a href=(format!("#{}", anchor(index))) { code { (text::line(&case.case)) } } }
}

/// A link into the bundle; the path alone where it leads outside.
pub fn bundle_link(path: &str) -> Markup {
    html! {
        @if is_within(path) {
            a href=(format!("bundle/{}", escape::uri_path(path))) { code { "bundle/" (text::line(path)) } }
        } @else {
            code { (text::line(path)) }
        }
    }
}

/// A link where the text is an address of the web; the text alone otherwise.
pub fn web_link(address: &str) -> Markup {
    // The address comes from a suite: a `javascript:` link would run in the reader's page.
    let safe = address.starts_with("https://") || address.starts_with("http://");
    html! {
        @if safe { a href=(address) rel="noreferrer noopener" { (text::line(address)) } }
        @else { (text::line(address)) }
    }
}

/// The list of the page's keys; the script shows it.
pub fn help() -> Markup {
    let keys = [
        ("/", "search the cases"),
        ("j or ↓", "next case (arrows: when a case has the focus)"),
        ("k or ↑", "previous case"),
        ("Enter", "open or close the case"),
        ("?", "show these keys"),
        ("Esc", "close this"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keys" }
            dl { @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } } }
            form method="dialog" { button { "Close" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_within_a_sentence_is_marked_where_its_end_is_known() {
        let of = |text| prose(text).into_string();
        assert_eq!(of("set `a<b` and `c`"), "set <code>a&lt;b</code> and <code>c</code>");
        assert_eq!(of("a ` alone"), "a ` alone");
        assert_eq!(of(""), "");
    }
}

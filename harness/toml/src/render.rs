//! Shows diagnostics as rustc does: 80 columns, legible without colour.

use crate::diagnostic::{Diagnostic, Diagnostics, Location};
use crate::names::count;
use crate::text::SourceText;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Columns that a line may take.
const WIDTH: usize = 80;
/// Places further apart than this many lines get a snippet each.
const NEAR_LINES: usize = 40;

impl Diagnostics {
    /// The diagnostics as text, one after the other, with a last line that counts them.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let mut out = self.render_items(color);
        out.push_str("\n\n");
        let files: BTreeSet<&str> = self.items().iter().map(|d| d.place.file.as_str()).collect();
        let _ = writeln!(
            out,
            "{} in {}",
            count(self.items().len() as u64, "error"),
            count(files.len() as u64, "file")
        );
        out
    }

    /// The diagnostics without the line that counts them, for files that are not all of what was
    /// read: settings may also come from flags and variables.
    #[must_use]
    pub fn render_items(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(WIDTH);
        let items = self.items().iter();
        let all: Vec<_> =
            items.map(|i| renderer.render(&[self.group(i)]).trim_end().to_owned()).collect();
        all.join("\n\n")
    }

    fn group<'a>(&'a self, item: &'a Diagnostic) -> Group<'a> {
        // The renderer breaks snippets at 80 columns and leaves titles alone.
        let first = WIDTH.saturating_sub("error[]: ".len() + item.code.len());
        let title = Level::ERROR.primary_title(wrap(&item.message, first, first)).id(item.code);
        let mut group = Group::with_title(title);
        let (near, far): (Vec<_>, Vec<_>) = item.others.iter().partition(|other| {
            other.file == item.place.file && other.line.abs_diff(item.place.line) <= NEAR_LINES
        });
        if item.place.file.is_empty() {
            // Something is missing that could be given anywhere.
        } else if item.secret {
            let Location { file, line, column, .. } = &item.place;
            let origin = Origin::path(file.as_str());
            let known = *line > 0;
            let origin = if known { origin.line(*line).char_column(*column) } else { origin };
            group = group.element(origin);
        } else {
            group = self.show(group, &item.place, &near, AnnotationKind::Primary);
        }
        for other in far.into_iter().filter(|_| !item.secret) {
            group = self.show(group, other, &[], AnnotationKind::Context);
        }
        for help in &item.help {
            let width = WIDTH - "      = help: ".len();
            group = group.element(Level::HELP.message(wrap(help, width, width)));
        }
        group
    }

    fn show<'a>(
        &'a self,
        group: Group<'a>,
        place: &'a Location,
        near: &[&'a Location],
        kind: AnnotationKind,
    ) -> Group<'a> {
        let Some(source) = self.sources.get(&place.file).filter(|_| place.line > 0) else {
            return group.element(Origin::path(place.file.as_str()));
        };
        let lines = || near.iter().map(|p| p.line).chain([place.line]);
        let first = lines().min().unwrap_or(1);
        let cut = Cut::new(source, first, near.iter().copied().chain([place]));
        let mut snippet = Snippet::source(cut.text)
            .path(place.file.as_str())
            .line_start(first)
            .annotation(cut.annotation(place, kind));
        for other in near {
            snippet = snippet.annotation(cut.annotation(other, AnnotationKind::Context));
        }
        group.element(snippet)
    }
}

/// The lines of a source that a snippet needs: showing many mistakes of a long file stays linear.
struct Cut<'a> {
    text: &'a str,
    base: usize,
}

impl<'a> Cut<'a> {
    fn new(
        source: &'a SourceText,
        first: usize,
        places: impl Iterator<Item = &'a Location>,
    ) -> Self {
        let base = source.line_start(first);
        let end = places.map(|p| source.floor(p.end).max(source.floor(p.start))).max();
        let end = end.unwrap_or(base).max(base);
        let stop = source.text[end..].find('\n').map_or(source.text.len(), |i| end + i);
        Self { text: &source.text[base..stop], base }
    }

    fn annotation(&self, place: &'a Location, kind: AnnotationKind) -> Annotation<'a> {
        let at = |offset: usize| self.text.floor_char_boundary(offset.saturating_sub(self.base));
        // Of a value over several lines the first line is shown.
        let (start, end) = (at(place.start), at(place.end));
        let line = self.text[start..].find('\n').map_or(self.text.len(), |i| start + i);
        let annotation = kind.span(start..end.min(line).max(start));
        if place.label.is_empty() { annotation } else { annotation.label(place.label.as_str()) }
    }
}

/// Breaks a text between words.
fn wrap(text: &str, first: usize, rest: usize) -> String {
    let mut out = String::new();
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        let mut left = if n == 0 { first } else { rest };
        for (i, word) in line.split(' ').enumerate() {
            let width = word.chars().count();
            if i > 0 && width < left {
                out.push(' ');
                left -= 1;
            } else if i > 0 {
                out.push('\n');
                left = rest;
            }
            out.push_str(word);
            left = left.saturating_sub(width);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_are_kept_whole() {
        assert_eq!(wrap("one two three", 7, 5), "one two\nthree");
        assert_eq!(wrap("averylongword x", 4, 4), "averylongword\nx");
        assert_eq!(wrap("", 4, 4), "");
    }
}

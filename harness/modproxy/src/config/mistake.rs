//! What is wrong with a configuration, and where, shown with the line of the file.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

/// Columns that a line may take.
const WIDTH: usize = 80;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Bytes of the file, from and to.
    File(usize, usize),
    /// A flag, without the dashes in front.
    Flag(&'static str),
    /// A variable.
    Variable(&'static str),
    /// Nowhere: something is missing.
    Nowhere,
}

impl Place {
    pub(super) fn of(span: Range<usize>) -> Self {
        Self::File(span.start, span.end)
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What is said of the place.
    pub label: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// Whether the line of the file is left out, since a secret may be in it.
    pub secret: bool,
}

impl Mistake {
    pub(super) fn new(place: Place, message: impl Into<String>) -> Self {
        let (label, help) = (String::new(), String::new());
        Self { place, message: message.into(), label, help, secret: false }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// A file as it was read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// All mistakes, in the order of their places.
#[derive(Clone, Debug)]
pub struct Mistakes {
    items: Vec<Mistake>,
    source: Option<Source>,
}

impl Mistakes {
    pub(super) fn new(mut items: Vec<Mistake>, source: Option<Source>) -> Self {
        items.sort();
        items.dedup();
        Self { items, source }
    }

    /// The mistakes.
    #[must_use]
    pub fn items(&self) -> &[Mistake] {
        &self.items
    }

    /// Line and column of a place, both from 1, where it is in the file.
    #[must_use]
    pub fn position(&self, place: &Place) -> Option<(usize, usize)> {
        let (Place::File(start, _), Some(source)) = (place, &self.source) else { return None };
        let before = source.text.get(..source.text.floor_char_boundary(*start))?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((line, column))
    }

    fn render(&self, item: &Mistake) -> String {
        let mut group = Group::with_title(Level::ERROR.primary_title(item.message.as_str()));
        let path = self.source.as_ref().map(|s| s.path.display().to_string()).unwrap_or_default();
        let position = self.position(&item.place);
        match (&item.place, &self.source, position) {
            (Place::File(start, end), Some(source), Some((line, _))) if !item.secret => {
                let cut = Cut::new(&source.text, *start, *end);
                let annotation = AnnotationKind::Primary.span(cut.span);
                let annotation = if item.label.is_empty() {
                    annotation
                } else {
                    annotation.label(item.label.as_str())
                };
                let snippet = Snippet::source(cut.line).path(path).line_start(line);
                group = group.element(snippet.annotation(annotation));
            }
            (_, _, Some((line, column))) => {
                group = group.element(Origin::path(path).line(line).char_column(column));
            }
            (Place::Flag(flag), _, _) => group = group.element(Origin::path(format!("--{flag}"))),
            (Place::Variable(name), _, _) => group = group.element(Origin::path(*name)),
            _ => {}
        }
        if !item.help.is_empty() {
            group = group.element(Level::HELP.message(item.help.as_str()));
        }
        let rendered = Renderer::plain().term_width(WIDTH).render(&[group]);
        rendered.trim_end().to_owned()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.items.iter().enumerate() {
            if n > 0 {
                f.write_str("\n\n")?;
            }
            f.write_str(&self.render(item))?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

/// The line of a place, and the place in it.
struct Cut<'a> {
    line: &'a str,
    span: Range<usize>,
}

impl<'a> Cut<'a> {
    fn new(text: &'a str, start: usize, end: usize) -> Self {
        let start = text.floor_char_boundary(start);
        let (before, after) = text.split_at(start);
        let base = before.rfind('\n').map_or(0, |newline| newline + 1);
        let stop = after.find('\n').map_or(text.len(), |newline| start + newline);
        let line = text.get(base..stop).unwrap_or_default();
        let from = line.floor_char_boundary(start - base);
        let to = line.floor_char_boundary(end.saturating_sub(base)).max(from);
        Self { line, span: from..to }
    }
}

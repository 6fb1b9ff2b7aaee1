//! The rows of a report about an observation, without the markup of any report.

use std::borrow::Cow;
use std::collections::BTreeMap;
pub(crate) use twinproof_base::plural;
use twinproof_model::BlobRef;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words.
    Text(Cow<'a, str>),
    /// Something seen, shown as it is.
    Code(Cow<'a, str>),
    /// The words that matter most.
    Strong(Cow<'a, str>),
    /// Words that matter least.
    Muted(Cow<'a, str>),
    /// A size in bytes.
    Size(u64),
    /// A SHA-256, lower-case hexadecimal.
    Hash(&'a str),
}

impl<'a> Part<'a> {
    /// Words.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Something seen, shown as it is.
    pub fn code(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Code(text.into())
    }

    /// The words that matter most.
    pub fn strong(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Strong(text.into())
    }
}

/// An entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// Its line.
    pub line: Vec<Part<'a>>,
    /// Stored bytes that belong to it.
    pub blob: Option<(&'a str, &'a BlobRef)>,
}

/// A row of a report about an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<'a> {
    /// A line.
    Line(Vec<Part<'a>>),
    /// Names and values, under a title where they may be folded away.
    Values(Option<&'a str>, &'a BTreeMap<String, String>),
    /// A list; long ones are cut by the report, which says so.
    List(Vec<Item<'a>>),
    /// The arguments and the environment of a program.
    Program {
        /// The program and its arguments.
        argv: &'a [String],
        /// Its whole environment.
        env: &'a BTreeMap<String, String>,
    },
    /// Stored bytes with their title.
    Blob(Cow<'a, str>, &'a BlobRef),
    /// Rows that may be folded away, with their title.
    Folded(String, Vec<Row<'a>>),
}

impl<'a> Row<'a> {
    /// Stored bytes with their title.
    pub fn blob(title: impl Into<Cow<'a, str>>, blob: &'a BlobRef) -> Self {
        Self::Blob(title.into(), blob)
    }
}

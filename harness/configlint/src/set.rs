//! All files of one check, and facts about the machine.

use crate::document::Document;
use crate::kind::Kind;
use crate::source::Source;
use semver::Version;
use std::path::Path;

/// Options of a check.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Kind of every file, overriding names and contents.
    pub kind: Option<Kind>,
    /// The release of WSL that the files are for.
    pub wsl_version: Option<Version>,
}

/// All files of one check.
#[derive(Debug, Default)]
pub struct Set {
    /// The files, as they are.
    pub sources: Vec<Source>,
    /// Parsed documents of the files.
    pub documents: Vec<Document>,
    /// Options of the check.
    pub options: Options,
}

impl Set {
    /// Reads files.
    #[must_use]
    pub fn new(sources: Vec<Source>, options: Options) -> Self {
        let documents = sources
            .iter()
            .enumerate()
            .flat_map(|(file, source)| Document::read(source, options.kind, file))
            .collect();
        Self { sources, documents, options }
    }

    /// Reads files from names and texts. ` -> target` behind a name makes it a symbolic link.
    #[must_use]
    pub fn of_texts(files: &[(&str, &str)], options: Options) -> Self {
        let source = |(name, text): &(&str, &str)| {
            let (name, link) = match name.split_once(" -> ") {
                Some((name, link)) => (name, Some(link.to_owned())),
                None => (*name, None),
            };
            Source::new(name.to_owned(), link, text.as_bytes().to_vec())
        };
        Self::new(files.iter().map(source).collect(), options)
    }

    /// The documents of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(move |document| document.kind == kind)
    }

    /// The folder of a file's name, with slashes.
    #[must_use]
    pub fn folder(&self, document: &Document) -> String {
        let path = document.source.path();
        Path::new(&path).parent().map(|parent| parent.display().to_string()).unwrap_or_default()
    }
}

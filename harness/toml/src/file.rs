//! Reads a file into a type, and reports all its mistakes at once.

use crate::decode::decode;
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::parse::parse;
use crate::reader::Reader;
use crate::report::Reporter;
use crate::text::SourceText;
use crate::vocabulary::Vocabulary;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads a file as a type; `name` is what the file is called in messages.
///
/// # Errors
/// All mistakes of the file.
pub fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Diagnostics> {
    read_checked(name, text, Vocabulary::PLAIN, |value: T, _, _| Some(value))
}

/// Reads a file as a type, then checks it: `check` gets the value, the tree that it was read from
/// and the reader that takes further mistakes. It runs also when some values were wrong (the value
/// then has empty ones in their place), so that one mistake hides no other; not when the text has
/// syntax errors, as much would only follow from them.
///
/// # Errors
/// All mistakes of the file. There is at least one when `check` gives nothing.
pub fn read_checked<T: DeserializeOwned, R>(
    name: &str,
    text: &str,
    vocabulary: &'static Vocabulary,
    check: impl FnOnce(T, &Node<'_>, &mut Reader<'_>) -> Option<R>,
) -> Result<R, Diagnostics> {
    let sources: BTreeMap<_, _> = [(name.to_owned(), SourceText::new(text.to_owned()))].into();
    let sources = Arc::new(sources);
    let file: Arc<str> = name.into();
    let mut reporter = Reporter::new(Arc::clone(&sources)).with_vocabulary(vocabulary);
    let mut read = None;
    if let Some(source) = sources.get(name) {
        let (tree, whole) = parse(&file, source, &mut reporter);
        if whole && let Some(value) = decode(&tree, &file, &mut reporter) {
            let mut reader = Reader { file, reporter: &mut reporter, context: () };
            read = check(value, &tree, &mut reader);
        }
    }
    match read {
        Some(read) if reporter.count() == 0 => Ok(read),
        _ => Err(Diagnostics::new(reporter.into_found(), sources)),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, read_checked};
    use crate::node;
    use crate::vocabulary::Vocabulary;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Policy {
        name: String,
        #[serde(default)]
        columns: Vec<Column>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Column {
        path: String,
        limit: u16,
    }

    const WORDS: &Vocabulary =
        &Vocabulary { tables: &[("Column", "a column")], ..*Vocabulary::PLAIN };

    #[test]
    fn a_right_file_is_read() {
        let text = "name = 'a'\n[[columns]]\npath = 'x'\nlimit = 3\n";
        let columns = vec![Column { path: "x".into(), limit: 3 }];
        assert_eq!(read::<Policy>("p.toml", text).unwrap(), Policy { name: "a".into(), columns });
    }

    #[test]
    fn all_mistakes_are_reported_with_place_and_suggestion() {
        let text = "name = 1\n[[columns]]\npath = 'x'\nlimitt = 3\n[[columns]]\npath = 'y'\n\
                    limit = 70000\n";
        let wrong = read_checked("p.toml", text, WORDS, |policy: Policy, root, reader| {
            let columns = node::get(root, "columns");
            for (column, node) in policy.columns.iter().zip(node::elements(columns)) {
                let span = node::value_span(node, "path");
                reader.add(reader.draft("no-column", &format!("no `{}`", column.path), span));
            }
            Some(())
        })
        .unwrap_err();
        let shown: Vec<_> = wrong
            .items()
            .iter()
            .map(|d| (d.place.line, d.place.column, d.code, d.message.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                (1, 8, "wrong-type", "expected a text, found an integer"),
                (2, 1, "missing-key", "the key `limit` is missing"),
                (3, 8, "no-column", "no `x`"),
                (4, 1, "unknown-key", "unknown key `limitt` in a column"),
                (6, 8, "no-column", "no `y`"),
                (7, 9, "wrong-type", "expected an integer from 0 to 65535, found 70000"),
            ]
        );
        assert_eq!(wrong.items()[3].help[0], "did you mean `limit`?");
        assert!(wrong.render(false).ends_with("6 errors in 1 file\n"), "{wrong}");
    }

    #[test]
    fn a_syntax_error_is_reported_alone() {
        let wrong = read::<Policy>("p.toml", "nme = [1\n").unwrap_err();
        assert!(wrong.items().iter().all(|d| d.code == "syntax"), "{wrong}");
    }
}

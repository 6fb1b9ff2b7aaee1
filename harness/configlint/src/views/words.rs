//! Files of lines with words: resolv.conf, hosts, nsswitch.conf, lists of extensions.

use super::commands::Word;
use crate::source::Source;

/// The words of each line that has any; a comment begins with one of `comments`.
#[must_use]
pub fn lines(source: &Source, comments: &[char]) -> Vec<Vec<Word>> {
    let mut lines = Vec::new();
    for (at, line) in source.lines() {
        let line = line.find(comments).map_or(line, |end| &line[..end]);
        let words: Vec<Word> = line
            .split_ascii_whitespace()
            .map(|word| {
                // split_ascii_whitespace gives no offsets; both slices are of one string, so the
                // difference of their addresses is one.
                let start = at + (word.as_ptr().addr() - line.as_ptr().addr());
                Word { text: word.to_owned(), range: start..start + word.len() }
            })
            .collect();
        if !words.is_empty() {
            lines.push(words);
        }
    }
    lines
}

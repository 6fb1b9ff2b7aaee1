//! A file as bytes and as text, and places in it.

use std::ops::Range;

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark, plain ASCII included.
    Utf8,
    /// UTF-8 with one.
    Utf8Mark,
    /// UTF-16, little-endian, with a mark.
    Utf16Le,
    /// UTF-16, big-endian, with a mark.
    Utf16Be,
    /// Something else: bytes that are no UTF-8 are U+FFFD in the text.
    Other,
}

/// A line and a column, both from 1; columns count Unicode characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, as editors count it: LF, CR LF and a lone CR end one.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    link: Option<String>,
    bytes: Vec<u8>,
    text: String,
    encoding: Encoding,
    /// Offsets in the text at which lines begin.
    starts: Vec<usize>,
}

impl Source {
    /// A file of this name, path included, and these bytes; `link` is the target where it is a
    /// symbolic link.
    #[must_use]
    pub fn new(name: String, link: Option<String>, bytes: Vec<u8>) -> Self {
        let (encoding, text) = decode(&bytes);
        let starts = line_starts(&text);
        Self { name, link, bytes, text, encoding, starts }
    }

    /// Its name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name with slashes, for comparisons.
    #[must_use]
    pub fn path(&self) -> String {
        self.name.replace('\\', "/")
    }

    /// The last part of its name.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or_default()
    }

    /// Target of the symbolic link, if the file is one.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its text, without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Text encoding.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The text at a range; empty where that is none.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The offset in the text of an offset in the bytes.
    #[must_use]
    pub fn from_byte(&self, offset: usize) -> usize {
        let before = &self.bytes[..offset.min(self.bytes.len())];
        let offset = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf8Mark => before.len().saturating_sub(3),
            // Decoding the part before it is slower than counting, and right for surrogate pairs
            // and for invalid bytes. It happens once a finding.
            Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Other => decode(before).1.len(),
        };
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// The place of an offset in the text.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        // `starts` always begins with 0, so the line is at least 1; `max` covers an offset of an
        // empty text.
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: 1 + before.chars().count() }
    }

    /// The offset of a place; the end of its line, where the line is shorter.
    #[must_use]
    pub fn offset(&self, place: Position) -> usize {
        let Some(&start) = self.starts.get(place.line.saturating_sub(1)) else {
            return self.text.len();
        };
        let line = self.line_at(start);
        let mut characters = self.text[line.clone()].char_indices();
        let at = characters.nth(place.column.saturating_sub(1)).map(|(at, _)| start + at);
        at.unwrap_or(line.end)
    }

    /// The lines of the text with the offset of each, line ends cut off.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let ends = self.starts.iter().skip(1).copied().chain([self.text.len()]);
        self.starts
            .iter()
            .copied()
            .zip(ends)
            .map(|(start, end)| (start, self.text[start..end].trim_end_matches(['\r', '\n'])))
    }

    /// The range of the line that an offset is in, its line end not included.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> Range<usize> {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let start = self.starts[line - 1];
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        start..start + self.text[start..end].trim_end_matches(['\r', '\n']).len()
    }

    /// The range of the line that an offset is in, its line end included.
    #[must_use]
    pub fn whole_line_at(&self, offset: usize) -> Range<usize> {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        self.starts[line - 1]..self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// The line end that the file uses: that of its first line.
    #[must_use]
    pub fn line_end(&self) -> &'static str {
        match self.text.find('\n') {
            // A file that mixes both gets what its first line has: a fix should not add a third
            // variant.
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }
}

fn decode(bytes: &[u8]) -> (Encoding, String) {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => (Encoding::Utf16Le, utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => (Encoding::Utf16Be, utf16(rest, u16::from_be_bytes)),
        [0xEF, 0xBB, 0xBF, rest @ ..] if str::from_utf8(rest).is_ok() => {
            (Encoding::Utf8Mark, String::from_utf8_lossy(rest).into_owned())
        }
        _ => match str::from_utf8(bytes) {
            Ok(text) => (Encoding::Utf8, text.to_owned()),
            Err(_) => (Encoding::Other, String::from_utf8_lossy(bytes).into_owned()),
        },
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let ends = match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        // Behind the last line end there is no line: a finding at the end of the text belongs to
        // the line before.
        if ends && at + 1 < bytes.len() {
            starts.push(at + 1);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Position, Source};

    fn source(bytes: &[u8]) -> Source {
        Source::new("a/b\\c".to_owned(), None, bytes.to_vec())
    }

    #[test]
    fn lines_end_as_in_editors() {
        let source = source(b"a\r\nb\rc\nd\n");
        let lines: Vec<_> = source.lines().collect();
        assert_eq!(lines, [(0, "a"), (3, "b"), (5, "c"), (7, "d")]);
        assert_eq!(source.position(5), Position { line: 3, column: 1 });
        assert_eq!(source.line_at(4), 3..4);
        assert_eq!(source.whole_line_at(4), 3..5);
        assert_eq!(source.file_name(), "c");
    }

    #[test]
    fn columns_count_characters() {
        let source = source("é=ü#".as_bytes());
        assert_eq!(source.position(5), Position { line: 1, column: 4 });
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.offset(Position { line: 1, column: 4 }), 5);
        assert_eq!(source.offset(Position { line: 1, column: 9 }), 6);
        assert_eq!(source.offset(Position { line: 7, column: 1 }), 6);
    }

    #[test]
    fn offsets_in_bytes_are_found_in_the_text() {
        let marked = source(b"\xEF\xBB\xBFab");
        assert_eq!((marked.encoding(), marked.from_byte(4)), (Encoding::Utf8Mark, 1));
        let wide = source(b"\xFF\xFEa\0\xE9\0b\0");
        assert_eq!((wide.text(), wide.from_byte(6)), ("aéb", 3));
        let other = source(b"a\xFFb");
        assert_eq!((other.encoding(), other.from_byte(2)), (Encoding::Other, 4));
    }
}

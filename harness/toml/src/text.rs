//! A source file's text, and the way from byte offsets to lines and columns.

use std::ops::Range;

/// A text whose lines are indexed once, so that each look-up takes logarithmic time.
#[derive(Clone, Debug)]
pub struct SourceText {
    /// The whole text.
    pub text: String,
    /// Byte offset of each line's first character.
    lines: Vec<usize>,
}

impl SourceText {
    /// Indexes the lines of a text.
    #[must_use]
    pub fn new(text: String) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Self { text, lines }
    }

    /// Line and column of a byte offset, both from 1, the column in characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let offset = self.floor(offset);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.line_start(line);
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Byte offset of the first character of a line, counted from 1.
    #[must_use]
    pub fn line_start(&self, line: usize) -> usize {
        self.lines.get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    /// The nearest character boundary at or before an offset.
    #[must_use]
    pub fn floor(&self, offset: usize) -> usize {
        self.text.floor_char_boundary(offset)
    }

    /// The range cut to the text and to whole characters.
    #[must_use]
    pub fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        start..self.floor(span.end).max(start)
    }

    /// The place of a part of a decoded string: exact when the string is written without escapes,
    /// otherwise the first occurrence of the part in it, otherwise the whole string.
    #[must_use]
    pub fn within(&self, string: &Range<usize>, decoded: &str, part: Range<usize>) -> Range<usize> {
        let string = self.clamp(string);
        let raw = &self.text[string.clone()];
        let inner =
            raw.trim_start_matches(['"', '\'']).trim_start_matches("\r\n").trim_start_matches('\n');
        let lead = raw.len() - inner.len();
        if inner.starts_with(decoded) {
            return string.start + lead + part.start..string.start + lead + part.end;
        }
        let found =
            decoded.get(part).filter(|p| !p.is_empty()).and_then(|p| Some((raw.find(p)?, p)));
        match found {
            Some((at, part)) => string.start + at..string.start + at + part.len(),
            None => string,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SourceText;
    use rstest::rstest;

    #[rstest]
    #[case(0, (1, 1))]
    #[case(2, (1, 2))]
    #[case(3, (1, 3))]
    #[case(4, (2, 1))]
    #[case(99, (3, 1))]
    fn positions_count_characters(#[case] offset: usize, #[case] want: (usize, usize)) {
        let text = SourceText::new("äb\nc\n".into());
        assert_eq!(text.position(offset), want);
    }

    #[rstest]
    #[case(r#"x = "ab(c""#, "ab(c", 2..3, 7..8)]
    #[case("x = '''\nab(c'''", "ab(c", 2..3, 10..11)]
    #[case(r#"x = "\tb(c""#, "\tb(c", 2..3, 8..9)]
    #[case(r#"x = "\u0061""#, "a", 0..1, 4..12)]
    fn parts_of_strings_are_found(
        #[case] source: &str,
        #[case] decoded: &str,
        #[case] part: std::ops::Range<usize>,
        #[case] want: std::ops::Range<usize>,
    ) {
        let text = SourceText::new(source.into());
        assert_eq!(text.within(&(4..source.len()), decoded, part), want);
    }
}

//! The record of a run: each line and its output, in sections that begin with comments.

/// A growing text with a limit.
#[derive(Debug)]
pub(crate) struct Transcript {
    text: String,
    limit: usize,
    full: bool,
    /// Text since the last comment, that included; its beginning is dropped when it is long.
    section: String,
    /// The work directory, which the text has as `$WORK`.
    work: String,
}

/// Most bytes of a section that a failure quotes.
const SECTION: usize = 16 << 10;

impl Transcript {
    pub(crate) fn new(work: &str, limit: usize) -> Self {
        let (text, section) = (String::new(), String::new());
        Self { text, limit, full: false, section, work: work.to_owned() }
    }

    /// Begins a section with its comment.
    pub(crate) fn begin(&mut self, comment: &str) {
        self.section.clear();
        self.add(comment);
    }

    /// Adds a text; it ends with a newline afterwards.
    pub(crate) fn add(&mut self, text: &str) {
        let mut text = text.replace(&self.work, "$WORK");
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if self.text.len() + text.len() <= self.limit {
            self.text.push_str(&text);
        } else if !self.full {
            self.full = true;
            self.text.push_str("(the rest is left out)\n");
        }
        self.section.push_str(&text);
        // The end of a section has the failure, so the beginning is cut; only at twice the limit,
        // so that not every line copies the rest.
        if self.section.len() > 2 * SECTION {
            let from = self.section.len() - SECTION;
            let from = (from..).find(|&i| self.section.is_char_boundary(i)).unwrap_or(from);
            self.section.replace_range(..from, "(…)\n");
        }
    }

    /// Adds a program's output, if it has any.
    pub(crate) fn output(&mut self, name: &str, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.add(&format!("[{name}]\n{}", String::from_utf8_lossy(bytes)));
        }
    }

    pub(crate) fn section(&self) -> &str {
        &self.section
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{SECTION, Transcript};

    #[test]
    fn sections_and_limits() {
        let mut t = Transcript::new("/tmp/w", 40);
        t.begin("# one");
        t.output("stdout", b"in /tmp/w/x");
        t.output("stderr", b"");
        assert_eq!(t.section(), "# one\n[stdout]\nin $WORK/x\n");
        t.begin("# two");
        t.add(&"é".repeat(SECTION * 2));
        // The limit falls inside a character.
        assert_eq!(t.section().len(), "(…)\n".len() + SECTION - 1);
        t.add("more");
        assert_eq!(t.into_text(), "# one\n[stdout]\nin $WORK/x\n# two\n(the rest is left out)\n");
    }
}

//! A page of Markdown that ends in time, and the parts of its tables.

use crate::escape::markdown as esc;
use crate::text;
use std::fmt::Write as _;

/// The largest summary that is written, in bytes: half of what GitHub takes.
pub const MARKDOWN_LIMIT: usize = 512 * 1024;

/// Room kept for what follows a list that was cut.
// The sentence that says how many rows are left out, the closing tags and the command lines at the
// end.
const RESERVE: usize = 1024;

/// A text on one line, escaped, cut where it is long.
pub fn cut(text: &str) -> String {
    esc(&text::cut(text, 300))
}

/// The page, and how much of it is left.
pub struct Page {
    /// The Markdown drawn so far.
    pub out: String,
}

impl Page {
    pub fn line(&mut self, line: &str) {
        // Single lines may use half of the reserve, so that a list that was cut can still be
        // closed.
        if self.out.len() + line.len() + RESERVE / 2 < MARKDOWN_LIMIT {
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// Lines after a heading, as many as there is room for; nothing at all when there are none.
    pub fn list(&mut self, head: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.line(head);
        self.line("");
        self.rows(lines);
        self.line("");
    }

    pub fn rows(&mut self, lines: &[String]) {
        for (at, line) in lines.iter().enumerate() {
            if self.out.len() + line.len() + RESERVE > MARKDOWN_LIMIT {
                let _ = writeln!(
                    self.out,
                    "\n{} more: see <code>report.html</code>.",
                    lines.len() - at
                );
                break;
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    pub fn table(&mut self, title: &str, columns: &[String], rows: &[String], open: bool) {
        if rows.is_empty() {
            return;
        }
        let count = rows.len();
        let open = if open { " open" } else { "" };
        self.line(&format!("<details{open}><summary><b>{title}</b> ({count})</summary>"));
        self.line("");
        self.bare_table(columns, rows);
        self.line("</details>");
        self.line("");
    }

    pub fn bare_table(&mut self, columns: &[String], rows: &[String]) {
        self.line(&format!("| {} |", columns.join(" | ")));
        self.line(&format!("|{}", " --- |".repeat(columns.len())));
        self.rows(rows);
        self.line("");
    }
}

pub fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|c| (*c).to_owned()).collect()
}

pub fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

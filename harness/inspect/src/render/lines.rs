//! Labelled lines that are wrapped, numbers and names as they are shown.

use std::fmt::Write as _;

/// The width of a line.
pub(super) const WIDTH: usize = 80;

/// The column after the labels.
const INDENT: usize = 14;

/// Adds a labelled text, wrapped between words.
pub(super) fn add(out: &mut String, label: &str, text: &str) {
    let mut line = format!("  {label:<width$}", width = INDENT - 2);
    let mut used = INDENT;
    let mut first = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let len = word.chars().count();
        if !first && used + 1 + len > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(INDENT);
            used = INDENT;
            first = true;
        }
        if !first {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += len;
        first = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// Adds some items, and how many more there are.
pub(super) fn list(out: &mut String, label: &str, items: &[String], most: usize) {
    if items.is_empty() {
        return;
    }
    let mut text = items.iter().take(most).map(|item| safe(item)).collect::<Vec<_>>().join(", ");
    let more = items.len().saturating_sub(most);
    if more > 0 {
        let _ = write!(text, " and {} more", number(more as u64));
    }
    add(out, label, &text);
}

/// A number with commas.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of a thing.
pub(super) fn count(value: u64, what: &str) -> String {
    let plural = if value == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(value))
}

/// A name with its control characters escaped.
pub(super) fn safe(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        // Marks that turn the direction of text make a name look like another (CVE-2021-42574).
        if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(number).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(safe("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
    }

    #[test]
    fn lines_end_before_the_width() {
        let mut out = String::new();
        add(&mut out, "label", &"word ".repeat(60));
        assert!(out.lines().all(|line| line.len() <= WIDTH), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with("              word")), "{out}");
    }
}

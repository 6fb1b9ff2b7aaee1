//! Labels of work directories as parts of paths.

/// A label of which nothing is special in a path or to a shell, at most 40 characters long.
pub(crate) fn safe(label: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let text: String = label.chars().take(40).map(safe).collect();
    if text.is_empty() { "work".to_owned() } else { text }
}

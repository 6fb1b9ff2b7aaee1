//! Text helpers of the rules: spelling suggestions, lists, shortened quotations.

/// The nearest of some names, where one is near enough to be meant.
pub fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let near = |known: &&str| strsim::damerau_levenshtein(&lower, &known.to_lowercase());
    // One wrong letter in three. With more, short names are near to almost anything (`swap` and
    // `dhcp` differ in four).
    let limit = (name.chars().count() / 3).max(1);
    let (distance, found) = among.into_iter().map(|known| (near(&known), known)).min()?;
    (distance <= limit).then_some(found)
}

/// `a`, `b` and `c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    let quoted: Vec<String> = items.iter().map(|item| format!("`{}`", item.as_ref())).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Most characters of a quotation in a message: it stays on one line of a terminal with the path in
/// front. JSON and SARIF have the whole text beside it.
const SHOWN_MAX: usize = 60;

/// Most characters of a message of WSL or of a value that it takes, which are there to be searched for.
const WHOLE_MAX: usize = 400;

/// A text for a message: control characters written out, cut where it is long.
pub fn shown(text: &str) -> String {
    quoted(text, SHOWN_MAX)
}

/// A text for a message that is of use only whole: cut later than [`shown`].
pub fn whole(text: &str) -> String {
    quoted(text, WHOLE_MAX)
}

fn quoted(text: &str, most: usize) -> String {
    // Control characters are escaped because the text comes from a file and goes to a terminal.
    let mut shown: String = text.chars().take(most).flat_map(|c| c.escape_debug()).collect();
    shown = shown.replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\");
    if text.chars().count() > most {
        shown.push('…');
    }
    shown
}

/// Whether a text begins as a path of Windows does: a drive, or a share.
pub fn is_windows_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
        || text.starts_with(r"\\")
}

/// Whether a text begins as an absolute path of Linux does.
pub fn is_linux_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::{list, nearest, shown, whole};

    #[test]
    fn only_near_names_are_meant() {
        let names = ["memory", "localhostForwarding"];
        assert_eq!(nearest("locahostforwarding", names), Some("localhostForwarding"));
        assert_eq!(nearest("idleThreshold", names), None);
    }

    #[test]
    fn texts_are_shown_whole_and_short() {
        assert_eq!(shown("a\tb\"\\"), "a\\tb\"\\");
        assert_eq!(shown(&"x".repeat(70)).chars().count(), 61);
        assert_eq!(whole(&"x".repeat(70)).chars().count(), 70);
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}

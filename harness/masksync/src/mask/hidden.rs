//! Texts whose characters are hidden, all or those in the middle.

use crate::value::Cell;

/// Every character becomes `with`, or the text becomes `length` of them.
pub(super) fn redact(text: &str, with: char, length: Option<usize>) -> Cell<'static> {
    let length = length.unwrap_or_else(|| text.chars().count());
    Cell::Utf8(std::iter::repeat_n(with, length).collect())
}

/// Characters at both ends stay, where at least `hidden` between them do not.
pub(super) fn partial(
    text: &str,
    first: usize,
    last: usize,
    with: char,
    hidden: usize,
) -> Cell<'static> {
    let count = text.chars().count();
    let (first, last) = if count >= first.saturating_add(last).saturating_add(hidden) {
        (first, last)
    } else {
        (0, 0)
    };
    let shown = |i: usize| i < first || i >= count - last;
    Cell::Utf8(text.chars().enumerate().map(|(i, c)| if shown(i) { c } else { with }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("13800001111", "138****1111")]
    #[case("1380000111", "**********")]
    #[case("110", "***")]
    #[case("", "")]
    #[case("héééïïï·ßßß", "héé****·ßßß")]
    fn the_middle_is_hidden_or_all(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(partial(text, 3, 4, '*', 4), Cell::Utf8(expected.to_owned()));
    }

    #[test]
    fn a_fixed_length_hides_the_length() {
        assert_eq!(redact("ab", 'x', Some(4)), Cell::Utf8("xxxx".to_owned()));
        assert_eq!(redact("äb", 'x', None), Cell::Utf8("xx".to_owned()));
    }
}

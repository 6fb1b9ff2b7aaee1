//! Letters and their case, as the rules of module zips have them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// The letters that Go up to 1.26 knows.
const LETTERS: &str = r"[\p{L}&&\p{age:15.0}]";

/// Whether it is a letter.
pub(super) fn is_letter(c: char) -> bool {
    static RANGES: LazyLock<Vec<ClassUnicodeRange>> = LazyLock::new(|| {
        let hir = regex_syntax::parse(LETTERS);
        match hir.as_ref().map(|hir| hir.kind()) {
            Ok(HirKind::Class(Class::Unicode(class))) => class.ranges().to_vec(),
            // Then there would be no letters at all, which the tests would see.
            _ => Vec::new(),
        }
    });
    let at = RANGES.partition_point(|range| range.end() < c);
    RANGES.get(at).is_some_and(|range| range.start() <= c)
}

/// A text that two names have in common just when they are the same with case folded, character by
/// character: `K`, `k` and the Kelvin sign are one, `ß` and `ss` are not.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// The smallest character that is the same but for case, and lowercase within ASCII.
fn fold_char(c: char) -> char {
    // Two of the letters beyond ASCII are the same as one within: the long s and the Kelvin sign.
    let folded = if c.is_ascii() {
        c
    } else {
        let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        // Without the table of cases, every character is only itself.
        let _ = class.try_case_fold_simple();
        class.ranges().first().map_or(c, ClassUnicodeRange::start)
    };
    folded.to_ascii_lowercase()
}

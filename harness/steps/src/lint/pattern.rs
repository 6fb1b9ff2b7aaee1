//! Regular expressions, base64 and paths as suite files write them.

use base64::Engine as _;
use std::ops::Range;
use twinproof_model::Template;
use twinproof_toml::Reader;

/// Checks a regular expression; its number of groups, or `None` when it is wrong.
///
/// Values of variables are unknown here and always stand for themselves, so a word stands for each.
pub fn regex<C>(pattern: &str, span: &Range<usize>, lint: &mut Reader<'_, C>) -> Option<usize> {
    let checked = without_variables(pattern)?;
    let error = match regex_syntax::Parser::new().parse(&checked) {
        Ok(hir) => {
            // Only counted repetitions make a short pattern large: the others need no compilation.
            let compiles = !checked.contains('{') || regex::Regex::new(&checked).is_ok();
            if compiles {
                return Some(hir.properties().explicit_captures_len());
            }
            (None, "it is too large when compiled".to_owned())
        }
        Err(regex_syntax::Error::Parse(e)) => (Some(*e.span()), e.kind().to_string()),
        Err(regex_syntax::Error::Translate(e)) => (Some(*e.span()), e.kind().to_string()),
        Err(other) => (None, other.to_string()),
    };
    let (place, reason) = error;
    let span = match (place, lint.reporter.sources.get(&*lint.file)) {
        // Places in the error are right only where no variable was replaced.
        (Some(at), Some(source)) if checked == pattern => {
            let end = at.end.offset.max(at.start.offset);
            let end = if end == at.start.offset { pattern.len().min(end + 1) } else { end };
            source.within(span, pattern, at.start.offset..end)
        }
        _ => span.clone(),
    };
    let message = format!("bad regular expression: {reason}");
    lint.add(lint.draft("bad-regex", &message, span));
    None
}

/// The pattern with a word in the place of each variable; `None` when a variable is not closed,
/// which is reported where variables are looked at.
fn without_variables(pattern: &str) -> Option<String> {
    Template::parse(pattern).ok()?.expand(|_| Some("x")).ok()
}

/// Whether a text of a suite file refers to variables.
pub(super) fn has_variables(text: &str) -> bool {
    Template::parse(text).is_ok_and(|text| text.has_variables())
}

/// Checks base64 (standard alphabet, with padding) and gives its length in bytes.
pub fn base64<C>(text: &str, span: &Range<usize>, lint: &mut Reader<'_, C>) -> Option<usize> {
    if has_variables(text) {
        return None;
    }
    match base64::engine::general_purpose::STANDARD.decode(text) {
        Ok(bytes) => Some(bytes.len()),
        Err(error) => {
            let reason = error.to_string().to_lowercase();
            let message = format!("bad base64: {}", reason.trim_end_matches('.'));
            let draft = lint.draft("bad-base64", &message, span.clone());
            lint.add(draft.help(
                "use the standard alphabet (`+` and `/`), with `=` as padding and without line ends",
            ));
            None
        }
    }
}

/// The reason why a path of a `write` step may lead out of the work directory, if it may.
pub(super) fn escapes(path: &str) -> Option<&'static str> {
    // A suite is read on all systems, so both separators and drives count everywhere.
    let bytes = path.as_bytes();
    let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    if path.is_empty() {
        Some("the path is empty")
    } else if path.starts_with(['/', '\\']) || drive {
        Some("the path is absolute")
    } else if path.split(['/', '\\']).any(|part| part == "..") {
        Some("the path has `..` in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{escapes, without_variables};
    use rstest::rstest;

    #[rstest]
    #[case("a/b", true)]
    #[case("${home}/x", true)]
    #[case("a..b/c", true)]
    #[case("", false)]
    #[case("/etc", false)]
    #[case("\\\\server", false)]
    #[case("C:x", false)]
    #[case("a/../b", false)]
    #[case("${work}/..", false)]
    fn a_path_must_not_leave_its_folder(#[case] path: &str, #[case] fits: bool) {
        assert_eq!(escapes(path).is_none(), fits);
    }

    #[test]
    fn a_word_stands_for_a_variable() {
        assert_eq!(without_variables("^${work}/a$").as_deref(), Some("^x/a$"));
        assert_eq!(without_variables("${work"), None);
    }
}

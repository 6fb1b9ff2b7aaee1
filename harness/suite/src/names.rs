//! The forms of names, and the valid name nearest to a wrong one.

/// How a suggestion begins.
pub(crate) const SUGGESTION: &str = "did you mean";
/// Up to so many valid names are all listed.
const LIST: usize = 20;
/// Valid names looked at; a registry of thousands does not slow a wrong file down.
const COMPARED: usize = 5_000;

/// `did you mean …` and, where there are few, the valid names.
pub(crate) fn suggest<'n>(
    found: &str,
    valid: impl IntoIterator<Item = &'n str>,
    what: &str,
) -> Vec<String> {
    let mut valid: Vec<&str> = valid.into_iter().take(COMPARED).collect();
    valid.sort_unstable();
    valid.dedup();
    let mut help = Vec::new();
    if let Some(near) = nearest(found, &valid) {
        help.push(format!("{SUGGESTION} `{near}`?"));
    }
    if valid.len() == 1 && !help.is_empty() {
        return help;
    }
    if valid.is_empty() {
        help.push(format!("there are no {what}"));
    } else if valid.len() <= LIST {
        help.push(format!("the {what} are {}", list(&valid)));
    }
    help
}

/// A number and a word: `1 case`, `2 cases`.
pub(crate) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The names in backticks, with commas.
pub(crate) fn list(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The valid name nearest to `found`, unless all are too far from it.
fn nearest<'n>(found: &str, valid: &[&'n str]) -> Option<&'n str> {
    let short: String = found.chars().take(100).collect();
    let lower = short.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let best = valid.iter().map(|name| (distance(name), *name)).min()?;
    let allowed = (short.chars().count().max(best.1.chars().count()) / 3).max(1);
    let holds = || {
        let inside = |n: &&&str| lower.len() >= 3 && n.to_lowercase().contains(&lower);
        valid.iter().find(inside).copied()
    };
    if best.0 <= allowed { Some(best.1) } else { holds() }
}

/// Lower-case words joined by `-`: `gobin-unset`.
pub(crate) fn is_slug(name: &str) -> bool {
    let word =
        |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 100 && name.split('-').all(word)
}

/// `SRC-01`, `PATH-001`.
pub(crate) fn is_claim_id(id: &str) -> bool {
    id.split_once('-').is_some_and(|(area, number)| {
        !area.is_empty()
            && area.bytes().all(|b| b.is_ascii_uppercase())
            && (2..=4).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// A variable's name: a letter or `_`, then letters, digits and `_`.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A Go version without the `go`: `1.27.3`, `1.27`, `1.28rc1`.
pub(crate) fn is_go_version(version: &str) -> bool {
    let number = |n: &str| {
        !n.is_empty()
            && n.len() <= 4
            && n.bytes().all(|b| b.is_ascii_digit())
            && (n == "0" || !n.starts_with('0'))
    };
    let (release, pre) = match version.find("rc").or_else(|| version.find("beta")) {
        Some(at) => (&version[..at], Some(version[at..].trim_start_matches(char::is_alphabetic))),
        None => (version, None),
    };
    let parts: Vec<&str> = release.split('.').collect();
    (2..=3).contains(&parts.len())
        && parts[0] == "1"
        && parts.iter().all(|p| number(p))
        && pre.is_none_or(number)
}

/// Three or four octal digits: `0644`.
pub(crate) fn is_mode(mode: &str) -> bool {
    (3..=4).contains(&mode.len()) && mode.bytes().all(|b| (b'0'..=b'7').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::{is_claim_id, is_go_version, is_slug, is_variable, suggest};
    use rstest::rstest;

    #[rstest]
    #[case("stdot", "did you mean `stdout`?")]
    #[case("STDOUT", "did you mean `stdout`?")]
    #[case("err", "did you mean `stderr`?")]
    #[case("zzzzzz", "the keys are `stderr`, `stdout`")]
    fn nearest_names(#[case] found: &str, #[case] want: &str) {
        assert_eq!(suggest(found, ["stdout", "stderr"], "keys")[0], want);
    }

    #[rstest]
    #[case("1.27.3", true)]
    #[case("1.27", true)]
    #[case("1.28rc1", true)]
    #[case("1.21beta2", true)]
    #[case("go1.27.3", false)]
    #[case("1.027", false)]
    #[case("1", false)]
    #[case("1.27.", false)]
    #[case("2.0", false)]
    #[case("1.28rc", false)]
    #[case("latest", false)]
    fn go_versions(#[case] version: &str, #[case] want: bool) {
        assert_eq!(is_go_version(version), want);
    }

    #[test]
    fn forms_of_names() {
        assert!(is_slug("gobin-unset-2"));
        assert!(!is_slug("Gobin") && !is_slug("a--b") && !is_slug("") && !is_slug("a_b"));
        assert!(is_claim_id("SRC-01") && is_claim_id("PATH-001"));
        assert!(!is_claim_id("path-001") && !is_claim_id("PATH-1") && !is_claim_id("PATH001"));
        assert!(is_variable("go_bin") && !is_variable("1x") && !is_variable("a-b"));
    }
}

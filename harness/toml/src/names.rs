//! The valid name nearest to a wrong one, and how names and numbers are written in messages.

pub use twinproof_base::count;

/// The beginning of a suggestion.
pub(crate) const SUGGESTION: &str = "did you mean";
/// Up to so many valid names are all listed.
const LIST: usize = 20;
/// Valid names looked at; a registry of thousands does not slow a wrong file down.
const COMPARED: usize = 5_000;

/// `did you mean …` and, where there are few, the valid names.
pub fn suggest<'n>(
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

/// The article of a word that is a key: `a` or `an`.
#[must_use]
pub fn article(word: &str) -> &'static str {
    let vowel = word.starts_with(['a', 'e', 'i', 'o']) || word.starts_with("http");
    if vowel { "an" } else { "a" }
}

/// The names in backticks, with commas.
#[must_use]
pub fn list(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The valid name nearest to `found`, unless all are too far from it.
fn nearest<'n>(found: &str, valid: &[&'n str]) -> Option<&'n str> {
    // The distance takes time in the product of both lengths, and a value may be a whole file by
    // mistake.
    let short: String = found.chars().take(100).collect();
    let lower = short.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let best = valid.iter().map(|name| (distance(name), *name)).min()?;
    let allowed = (short.chars().count().max(best.1.chars().count()) / 3).max(1);
    let holds = || {
        // People shorten names (`time` for `timeout`). Under three letters everything contains
        // everything.
        let inside = |n: &&&str| lower.len() >= 3 && n.to_lowercase().contains(&lower);
        valid.iter().find(inside).copied()
    };
    if best.0 <= allowed { Some(best.1) } else { holds() }
}

#[cfg(test)]
mod tests {
    use super::suggest;
    use rstest::rstest;

    #[rstest]
    #[case("stdot", "did you mean `stdout`?")]
    #[case("STDOUT", "did you mean `stdout`?")]
    #[case("err", "did you mean `stderr`?")]
    #[case("zzzzzz", "the keys are `stderr`, `stdout`")]
    fn the_nearest_name_is_suggested_first(#[case] found: &str, #[case] want: &str) {
        assert_eq!(suggest(found, ["stdout", "stderr"], "keys")[0], want);
    }
}

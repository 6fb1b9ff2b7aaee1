//! Variables in words, names and files: `$name`, `${name}`, with the rules of Go's `os.Expand`.

/// Replaces the variables in `text` by their `value`.
///
/// `$` in front of no name stays; `${}` and an unclosed `${` vanish.
pub(crate) fn expand(text: &str, mut value: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if after.is_empty() {
            out.push('$');
            break;
        }
        if let Some(inner) = after.strip_prefix('{') {
            match inner.split_once('}') {
                // os.Expand drops `${}`.
                Some(("", following)) => rest = following,
                Some((name, following)) => {
                    out.push_str(&value(name));
                    rest = following;
                }
                None => rest = inner,
            }
            continue;
        }
        let end = match after.chars().next() {
            // Shell's special variables are one character long for os.Expand, digits included:
            // `$10` is `$1` and `0`.
            Some(c) if "*#$@!?-0123456789".contains(c) => 1,
            _ => {
                after.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(after.len())
            }
        };
        let (name, following) = after.split_at(end);
        if name.is_empty() {
            out.push('$');
        } else {
            out.push_str(&value(name));
        }
        rest = following;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::expand;
    use rstest::rstest;

    #[rstest]
    #[case("a$WORK/b", "a<WORK>/b")]
    #[case("${/}x${:}", "</>x<:>")]
    #[case("$a_1-$", "<a_1>-$")]
    #[case("$1x $$y", "<1>x <$>y")]
    #[case("${a-b}", "<a-b>")]
    #[case("a${}b", "ab")]
    #[case("a${bc", "abc")]
    #[case("a$/b$.", "a$/b$.")]
    #[case("$\u{e9}", "$\u{e9}")]
    #[case("", "")]
    fn as_go_does(#[case] text: &str, #[case] want: &str) {
        assert_eq!(expand(text, |name| format!("<{name}>")), want);
    }
}

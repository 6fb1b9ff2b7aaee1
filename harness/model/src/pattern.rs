//! The name patterns of `--case`, `--skip` and expectations.

/// Whether `name` matches `pattern`: `*` stands for any run of characters but `/`, `**` for any run
/// of characters, everything else for itself. The whole name must match.
///
/// Time is O(pattern × name), whatever the pattern.
#[must_use]
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // reach[j]: the pattern read so far can end at name[..j].
    // A table of positions in place of backtracking: a pattern with many stars takes no more than
    // pattern times name.
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    let mut i = 0;
    while i < pattern.len() {
        let deep = pattern[i..].starts_with(b"**");
        if pattern[i] == b'*' {
            // From left to right, so that a star that reaches one position reaches the next one
            // too.
            for j in 0..name.len() {
                if reach[j] && (deep || name[j] != b'/') {
                    reach[j + 1] = true;
                }
            }
        } else {
            // Backwards, so that a position is read before it is overwritten.
            for j in (0..name.len()).rev() {
                reach[j + 1] = reach[j] && name[j] == pattern[i];
            }
            reach[0] = false;
        }
        i += if deep { 2 } else { 1 };
    }
    reach[name.len()]
}

#[cfg(test)]
mod tests {
    use super::glob_matches;
    use rstest::rstest;

    #[rstest]
    #[case("path/gobin", "path/gobin", true)]
    #[case("path/gobin", "path/gobin-x", false)]
    #[case("path/*", "path/gobin", true)]
    #[case("path/*", "path/a/b", false)]
    #[case("path/**", "path/a/b", true)]
    #[case("**", "", true)]
    #[case("*", "a/b", false)]
    #[case("*bin*", "gobin-unset", true)]
    #[case("a*b*c", "axxbyyc", true)]
    #[case("a*b*c", "axxbyy", false)]
    #[case("", "", true)]
    #[case("", "a", false)]
    #[case("**/x", "a/b/x", true)]
    fn one_star_stays_in_a_folder_and_two_do_not(
        #[case] pattern: &str,
        #[case] name: &str,
        #[case] want: bool,
    ) {
        assert_eq!(glob_matches(pattern, name), want);
    }
}

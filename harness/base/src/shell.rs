//! Words for a POSIX shell, so that a command line can be copied and run.

/// The word as a shell reads it back: quoted where a character of it means something to the shell.
#[must_use]
pub fn quote(word: &str) -> String {
    // A list of what is safe. A list of what is special would have to know every shell; `~`, `!`
    // and `%` are quoted although POSIX does not ask for it.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted() {
        for (word, want) in [
            ("path/x", "path/x"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("**", "'**'"),
            ("!shout", "'!shout'"),
        ] {
            assert_eq!(quote(word), want);
        }
    }
}

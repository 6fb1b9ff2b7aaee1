//! The forms of names.

pub(crate) use twinproof_toml::names::{count, list};

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
    use super::{is_claim_id, is_go_version, is_slug, is_variable};
    use rstest::rstest;

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

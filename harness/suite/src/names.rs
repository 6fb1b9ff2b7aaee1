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

#[cfg(test)]
mod tests {
    use super::{is_claim_id, is_slug, is_variable};

    #[test]
    fn forms_of_names() {
        assert!(is_slug("gobin-unset-2"));
        assert!(!is_slug("Gobin") && !is_slug("a--b") && !is_slug("") && !is_slug("a_b"));
        assert!(is_claim_id("SRC-01") && is_claim_id("PATH-001"));
        assert!(!is_claim_id("path-001") && !is_claim_id("PATH-1") && !is_claim_id("PATH001"));
        assert!(is_variable("go_bin") && !is_variable("1x") && !is_variable("a-b"));
    }
}

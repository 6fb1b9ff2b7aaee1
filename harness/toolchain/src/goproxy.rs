//! Finds the GOPROXY list in force.

use twinproof_gomod::goproxy::DEFAULT;

/// The list in force: the environment's GOPROXY unless it is empty, else the one in the settings of
/// the go command on PATH (`ask_go` asks it), else Go's default.
pub(crate) fn in_force(
    environment: Option<String>,
    ask_go: impl FnOnce() -> Option<String>,
) -> String {
    let set = |list: Option<String>| list.filter(|text| !text.is_empty());
    set(environment).or_else(|| set(ask_go())).unwrap_or_else(|| DEFAULT.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("https://e.example"), Some("https://g.example"), "https://e.example")]
    #[case(Some(""), Some("https://g.example"), "https://g.example")]
    #[case(None, None, DEFAULT)]
    fn proxy_in_force_comes_from_go_env(
        #[case] environment: Option<&str>,
        #[case] go: Option<&str>,
        #[case] list: &str,
    ) {
        let own = |text: Option<&str>| text.map(str::to_owned);
        assert_eq!(in_force(own(environment), || own(go)), list);
    }
}

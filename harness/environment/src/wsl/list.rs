//! Parses the output of `wsl.exe -l -v`.

/// A distribution that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Its name.
    pub name: String,
    /// Whether it is the one that `wsl.exe` takes when none is named.
    pub default: bool,
    /// Its state (running, stopped), in the words of the user's language.
    pub state: String,
    /// 1 or 2.
    pub version: u32,
}

impl Distribution {
    /// Whether it only serves another product, and has no place for cases.
    #[must_use]
    pub fn is_utility(&self) -> bool {
        ["docker-desktop", "rancher-desktop", "podman-machine-"]
            .iter()
            .any(|prefix| self.name.starts_with(prefix))
    }
}

/// A list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// `wsl.exe` printed a message instead of a list; mostly that nothing is installed.
    #[error("{0}")]
    Message(String),
    /// A line does not have the columns name, state and version.
    #[error("`wsl.exe -l -v` has a line that is no distribution: `{0}`")]
    Line(String),
}

/// Reads the table of `wsl.exe -l -v`, decoded. Its heading and the states are in the language of the
/// user; the columns are not.
///
/// # Errors
/// See [`ListError`].
pub fn parse_list(text: &str) -> Result<Vec<Distribution>, ListError> {
    let lines: Vec<_> = text
        .lines()
        .map(str::trim_end)
        // Warnings, of proxies for instance, may stand before the table.
        .filter(|l| !l.trim().is_empty() && !l.starts_with("wsl: "))
        .collect();
    let Some((heading, rows)) = lines.split_first() else {
        return Err(ListError::Message("`wsl.exe -l -v` said nothing".to_owned()));
    };
    // Columns are at least two spaces apart, in every language; a message has no columns.
    if heading.split("  ").filter(|column| !column.trim().is_empty()).count() < 3 {
        return Err(ListError::Message(text.trim().to_owned()));
    }
    rows.iter().map(|row| parse_row(row)).collect()
}

fn parse_row(row: &str) -> Result<Distribution, ListError> {
    let bad = || ListError::Line(row.trim().to_owned());
    let (default, row) = match row.trim_start().strip_prefix('*') {
        Some(rest) => (true, rest.trim()),
        None => (false, row.trim()),
    };
    // A name may have single spaces in it, and fills its column when it is the longest.
    let (name, rest) = row.split_once("  ").or_else(|| row.split_once(' ')).ok_or_else(bad)?;
    let (state, version) = rest.trim().rsplit_once(' ').ok_or_else(bad)?;
    Ok(Distribution {
        name: name.to_owned(),
        default,
        state: state.trim().to_owned(),
        version: version.parse().map_err(|_| bad())?,
    })
}

#[cfg(test)]
mod tests {
    use super::{ListError, parse_list};
    use rstest::rstest;

    #[rstest]
    #[case(
        "  NAME            STATE           VERSION\r\n* Ubuntu-24.04    Running         2\r\n  Debian          Stopped         1\r\n",
        &["Ubuntu-24.04 true Running 2", "Debian false Stopped 1"]
    )]
    #[case(
        "  NAME      STATUS               VERSION\r\n* Ubuntu    Wird ausgeführt      2\r\n",
        &["Ubuntu true Wird ausgeführt 2"]
    )]
    #[case(
        "wsl: 检测到 localhost 代理配置。\r\n  名称      状态         版本\r\n  开发机    正在运行     2\r\n",
        &["开发机 false 正在运行 2"]
    )]
    #[case("  NAME    STATE    VERSION\r\n", &[])]
    fn each_row_of_the_list_is_a_distribution(#[case] text: &str, #[case] want: &[&str]) {
        let show =
            |d: &super::Distribution| format!("{} {} {} {}", d.name, d.default, d.state, d.version);
        let got: Vec<_> = parse_list(text).unwrap().iter().map(show).collect();
        assert_eq!(got, want);
    }

    #[rstest]
    #[case(
        "Windows Subsystem for Linux has no installed distributions.\r\nYou can resolve this by installing a distribution with the instructions below:\r\n"
    )]
    #[case("適用於 Linux 的 Windows 子系統沒有已安裝的發佈。\r\n")]
    fn a_message_in_place_of_the_list_is_an_error(#[case] text: &str) {
        assert_eq!(parse_list(text), Err(ListError::Message(text.trim().to_owned())));
    }

    #[test]
    fn a_row_without_a_version_is_named() {
        let text = "  NAME    STATE    VERSION\r\n  Ubuntu    Running    two\r\n";
        assert_eq!(parse_list(text), Err(ListError::Line("Ubuntu    Running    two".to_owned())));
    }

    #[rstest]
    #[case("docker-desktop", true)]
    #[case("docker-desktop-data", true)]
    #[case("podman-machine-default", true)]
    #[case("Ubuntu", false)]
    fn distributions_of_other_products_are_known_by_their_name(
        #[case] name: &str,
        #[case] want: bool,
    ) {
        let text = format!("  NAME    STATE    VERSION\n  {name}    Running    2\n");
        assert_eq!(parse_list(&text).unwrap()[0].is_utility(), want);
    }
}

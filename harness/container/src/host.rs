//! Facts about the host that decide how packages are installed on it.

/// Whether an `os-release` is that of Debian, Ubuntu or a system made of one of them.
#[must_use]
pub fn is_debian(os_release: &str) -> bool {
    let words = os_release.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once('=')?;
        matches!(key, "ID" | "ID_LIKE").then(|| value.trim_matches(['"', '\'']))
    });
    words.flat_map(str::split_whitespace).any(|word| matches!(word, "debian" | "ubuntu"))
}

/// Whether this process runs as root.
#[must_use]
pub fn is_root() -> bool {
    #[cfg(unix)]
    let root = rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    let root = false;
    root
}

#[cfg(test)]
mod tests {
    use super::is_debian;
    use rstest::rstest;

    #[rstest]
    #[case::debian("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n", true)]
    #[case::ubuntu("ID=ubuntu\nID_LIKE=debian\n", true)]
    #[case::made_of_ubuntu("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", true)]
    #[case::fedora("ID=fedora\n", false)]
    #[case::only_named_so("NAME=debian\nID=arch\n", false)]
    #[case::another_key("VARIANT_ID=debian\n", false)]
    #[case::part_of_a_word("ID=debianish\n", false)]
    #[case::none("", false)]
    fn debian_and_what_is_like_it_is_known(#[case] os_release: &str, #[case] debian: bool) {
        assert_eq!(is_debian(os_release), debian);
    }
}

//! The host's own apt sources, so that a base is made from the mirror that this machine uses. Not a
//! full parser of apt's configuration: only the lines with Debian's `main`.

use std::fs;
use std::path::Path;

/// Debian's suites by code name and alias; a mirror that serves one of them serves Debian.
// Ubuntu's mirrors have the same layout and none of these suites; they cannot provide Debian's
// packages.
const SUITES: [&str; 11] = [
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

/// The longest file that is read.
const MAX_FILE: u64 = 1 << 20;

/// The address of the Debian mirror that the host's apt uses, if its sources name one.
pub(crate) fn host_mirror(etc_apt: &Path) -> Option<String> {
    let mut files = vec![etc_apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(etc_apt.join("sources.list.d")) {
        let mut more: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        // apt reads them in the order of their names.
        more.sort();
        files.extend(more);
    }
    files.iter().find_map(|file| {
        if fs::metadata(file).ok()?.len() > MAX_FILE {
            return None;
        }
        let text = fs::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "list" => one_line(&text),
            "sources" => deb822(&text),
            _ => None,
        }
    })
}

fn is_debian(suites: &str, components: &str) -> bool {
    suites.split_whitespace().any(|suite| SUITES.contains(&suite))
        && components.split_whitespace().any(|component| component == "main")
}

/// `deb [options] URI SUITE COMPONENT…`
fn one_line(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("deb ")?.trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1.trim_start(),
            None => rest,
        };
        let (uri, rest) = rest.split_once(char::is_whitespace)?;
        let (suite, components) = rest.trim_start().split_once(char::is_whitespace)?;
        is_debian(suite, components).then(|| uri.to_owned())
    })
}

/// Stanzas of `Field: value`, continued by lines that begin with a blank.
fn deb822(text: &str) -> Option<String> {
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    text.split(|line| line.trim().is_empty()).find_map(|stanza| {
        let field = |name: &str| {
            let mut value: Option<String> = None;
            let mut inside = false;
            for line in stanza {
                if line.starts_with([' ', '\t']) {
                    if let (true, Some(value)) = (inside, value.as_mut()) {
                        value.push_str(line);
                    }
                } else if let Some((key, rest)) = line.split_once(':') {
                    inside = key.trim().eq_ignore_ascii_case(name);
                    if inside {
                        value = Some(rest.trim().to_owned());
                    }
                }
            }
            value
        };
        if field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"))
            || !field("Types")?.split_whitespace().any(|kind| kind == "deb")
            || !is_debian(&field("Suites")?, &field("Components")?)
        {
            return None;
        }
        field("URIs")?.split_whitespace().next().map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("deb http://m.test/debian bookworm main", Some("http://m.test/debian"))]
    #[case::options(
        "deb [signed-by=/k arch=amd64]  http://m.test/d  trixie main contrib",
        Some("http://m.test/d")
    )]
    #[case::comment("# deb http://m.test/d trixie main", None)]
    #[case::source_packages("deb-src http://m.test/d trixie main", None)]
    #[case::security_only("deb http://m.test/s bookworm-security main", None)]
    #[case::another_system("deb http://m.test/u noble main", None)]
    #[case::no_main("deb http://m.test/d trixie contrib", None)]
    #[case::first_wins(
        "deb http://a.test/u noble main\ndeb http://b.test/d sid main\ndeb http://c.test/d sid main",
        Some("http://b.test/d")
    )]
    fn one_line_sources(#[case] text: &str, #[case] mirror: Option<&str>) {
        assert_eq!(one_line(text).as_deref(), mirror);
    }

    #[rstest]
    #[case::plain(
        "Types: deb\nURIs: http://m.test/d\nSuites: bookworm bookworm-updates\nComponents: main\n",
        Some("http://m.test/d")
    )]
    #[case::comment_inside(
        "Types: deb\n# URIs: http://old.test\nURIs: http://m.test/d\nSuites: sid\nComponents: main",
        Some("http://m.test/d")
    )]
    #[case::continued(
        "Types: deb deb-src\nURIs:\n  http://m.test/d\n  http://n.test/d\nSuites: stable\nComponents:\n main",
        Some("http://m.test/d")
    )]
    #[case::second_stanza(
        "Types: deb\nURIs: http://n.test\nSuites: nodistro\nComponents: main\n\nTypes: deb\nURIs: http://m.test/d\nSuites: trixie\nComponents: main",
        Some("http://m.test/d")
    )]
    #[case::disabled(
        "Enabled: no\nTypes: deb\nURIs: http://m.test/d\nSuites: sid\nComponents: main",
        None
    )]
    #[case::security_only(
        "Types: deb\nURIs: http://m.test/s\nSuites: trixie-security\nComponents: main",
        None
    )]
    fn deb822_sources_give_the_mirror(#[case] text: &str, #[case] mirror: Option<&str>) {
        assert_eq!(deb822(text).as_deref(), mirror);
    }

    #[test]
    fn a_host_without_apt_has_no_mirror() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(host_mirror(empty.path()), None);
    }

    #[test]
    fn both_kinds_of_files_are_read_in_order() {
        let etc = tempfile::tempdir().unwrap();
        fs::create_dir(etc.path().join("sources.list.d")).unwrap();
        let stanza = "Types: deb\nURIs: http://z.test/d\nSuites: sid\nComponents: main\n";
        fs::write(etc.path().join("sources.list.d/z.sources"), stanza).unwrap();
        assert_eq!(host_mirror(etc.path()).as_deref(), Some("http://z.test/d"));
        fs::write(etc.path().join("sources.list"), "deb http://a.test/d sid main\n").unwrap();
        assert_eq!(host_mirror(etc.path()).as_deref(), Some("http://a.test/d"));
    }
}

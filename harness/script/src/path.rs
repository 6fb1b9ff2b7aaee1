//! Paths as scripts write them: relative to the script's directory, with slashes.

use std::path::{Component, Path, PathBuf};

/// `path` seen from `base`, without `.` and `..`, by its text alone.
pub(crate) fn resolve(base: &Path, path: &str) -> PathBuf {
    let mut out = PathBuf::new();
    for component in base.join(path).components() {
        match component {
            Component::CurDir => {}
            // Removed in the text, not by the system: the folder before `..` need not exist, and
            // links are not followed.
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(all(test, unix))]
mod tests {
    use super::resolve;
    use rstest::rstest;
    use std::path::Path;

    #[rstest]
    #[case("x", "/w/x")]
    #[case("./x/../y/", "/w/y")]
    #[case("../../../x", "/x")]
    #[case("/a//b/.", "/a/b")]
    #[case("", "/w")]
    fn dots_are_resolved_without_the_file_system(#[case] path: &str, #[case] want: &str) {
        assert_eq!(resolve(Path::new("/w"), path), Path::new(want));
    }
}

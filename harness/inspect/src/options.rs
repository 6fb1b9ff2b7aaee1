//! What is asked.

/// What is asked of a file beyond its headers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Read the debug information and look for traces of the build machine.
    pub deep: bool,
    /// Further text to look for: beginnings of paths, names of users or hosts. Looked for only with
    /// `deep`.
    pub leaks: Vec<String>,
}

//! The options of a description.

/// The options of a description: what to read beyond the headers.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Read the debug information and look for traces of the build machine.
    pub deep: bool,
    /// Further text to look for: beginnings of paths, names of users or hosts. Looked for only with
    /// `deep`.
    pub leaks: Vec<String>,
}

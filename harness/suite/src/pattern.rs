//! Name patterns as suite files write them.

/// Whether a name pattern has characters that other tools give a meaning, but Twinproof does not.
pub(crate) fn foreign_glob(pattern: &str) -> Option<char> {
    pattern.chars().find(|c| matches!(c, '?' | '[' | ']' | '{' | '}'))
}

//! The words that messages use for the tables and values of one kind of file.

/// Words for types, by the names that the types have in Rust.
#[derive(Debug)]
pub struct Vocabulary {
    /// Structs: name, and what such a table is called, with its article (`("Rule", "a rule")`).
    pub tables: &'static [(&'static str, &'static str)],
    /// Enums that are tables with one key: name, what a variant is called, and the code of the
    /// mistake that there is no such one (`("Step", "step", "unknown-step")`). The table of a variant
    /// is called by it: "a `write` step".
    pub variants: &'static [(&'static str, &'static str, &'static str)],
    /// A table whose type reads its keys by itself.
    pub own_keys: &'static str,
}

impl Vocabulary {
    /// For files of which nothing special is to be said.
    pub const PLAIN: &'static Self = &Self { tables: &[], variants: &[], own_keys: "a table" };

    pub(crate) fn table(&self, name: &str) -> &'static str {
        self.tables.iter().find(|(n, _)| *n == name).map_or("a table", |(_, words)| words)
    }

    /// The word for a variant of that enum, where there is one.
    pub(crate) fn variant_word(&self, name: &str) -> Option<&'static str> {
        self.variants.iter().find(|(n, ..)| *n == name).map(|(_, word, _)| *word)
    }

    /// Code and word of a variant that there is not.
    pub(crate) fn variant(&self, name: &str) -> (&'static str, &'static str) {
        let found = self.variants.iter().find(|(n, ..)| *n == name);
        found.map_or(("unknown-value", "value"), |(_, word, code)| (*code, *word))
    }
}

//! The words that messages about suite files use for their tables.

use twinproof_toml::Vocabulary;

/// The words for the tables of suite files.
pub(crate) const VOCABULARY: &Vocabulary = &Vocabulary {
    tables: &[
        ("Rule", "a rule"),
        ("Module", "a module"),
        ("Control", "a control"),
        ("TextTable", "a condition on a text"),
        ("Claim", "a claim"),
        ("Class", "a class"),
        ("Normaliser", "a normaliser"),
        ("Expectation", "an expectation"),
        ("Floor", "a floor"),
    ],
    variants: &[("Step", "step", "unknown-step")],
    own_keys: "a condition on a text",
};

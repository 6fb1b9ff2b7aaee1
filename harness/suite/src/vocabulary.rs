//! How messages about suite files call their tables.

use twinproof_toml::Vocabulary;

/// The words for the tables of suite files.
pub(crate) const VOCABULARY: &Vocabulary = &Vocabulary {
    tables: &[
        ("Write", "a `write` step"),
        ("Run", "a `run` step"),
        ("Go", "a `go` step"),
        ("EnvStep", "an `env` step"),
        ("FileStep", "a `file` step"),
        ("TreeStep", "a `tree` step"),
        ("OriginStep", "an `origin` step"),
        ("SubjectStep", "a `subject` step"),
        ("Http", "an `http` step"),
        ("Raw", "a `raw` step"),
        ("Requests", "a `requests` step"),
        ("ScriptStep", "a `script` step"),
        ("SumdbStep", "a `sumdb` step"),
        ("Rule", "a rule"),
        ("Module", "a module"),
        ("Canary", "a `canary` step"),
        ("GoldenStep", "a `golden` step"),
        ("Probe", "a `probe` step"),
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

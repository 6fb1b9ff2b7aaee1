//! The outcome of a property.

/// The outcome of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The property holds; the text says what was checked.
    Holds(String),
    /// The property is violated; the text describes the first violation.
    Violated(String),
    /// The history has no event that the property is about.
    Unseen(String),
}

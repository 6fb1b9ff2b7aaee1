//! The outcome of a property.

/// The outcome of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds, and this was looked at.
    Holds(String),
    /// It does not: the first way in which it is violated.
    Violated(String),
    /// The history has no event that the property is about.
    Unseen(String),
}

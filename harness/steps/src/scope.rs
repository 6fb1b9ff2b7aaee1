//! Variables and captured values as the steps of a run see them.

use std::collections::BTreeMap;
use twinproof_model::Template;
use twinproof_model::variables::VariableError;

/// The values that the texts of a step may refer to.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, String>,
}

impl Scope {
    /// The variables of a run, without captured values.
    #[must_use]
    pub fn new(variables: &BTreeMap<String, String>) -> Self {
        Self { values: variables.clone() }
    }

    /// Adds captured values.
    pub fn extend(&mut self, captured: BTreeMap<String, String>) {
        self.values.extend(captured);
    }

    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Puts values into a text.
    ///
    /// # Errors
    /// When a variable is unknown here.
    pub fn expand(&self, text: &Template) -> Result<String, VariableError> {
        text.expand(|name| self.get(name))
    }

    /// Puts values into the texts of a table.
    ///
    /// # Errors
    /// When a variable is unknown here.
    pub fn expand_all(
        &self,
        texts: &BTreeMap<String, Template>,
    ) -> Result<BTreeMap<String, String>, VariableError> {
        texts.iter().map(|(name, text)| Ok((name.clone(), self.expand(text)?))).collect()
    }

    /// Puts values into a regular expression; they stand for themselves in it.
    ///
    /// # Errors
    /// When a variable is unknown here.
    pub fn expand_regex(&self, pattern: &Template) -> Result<String, VariableError> {
        pattern.expand(|name| self.get(name).map(regex::escape))
    }
}

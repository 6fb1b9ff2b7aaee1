//! Compares Go's policies of all twins.

use crate::rules::{POLICY, effective, twins};
use crate::set::Set;

/// A twin: its name, and the variables that its files set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Name of the twin: the file that holds its policy.
    pub name: String,
    /// The value of each setting, in the order of [`Table::settings`]; `None` where it is not set.
    pub values: Vec<Option<String>>,
}

/// The policies of all twins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The settings that any twin makes.
    pub settings: Vec<&'static str>,
    /// The twins.
    pub twins: Vec<Twin>,
}

impl Table {
    /// Whether all twins have the same value of a setting; one that is not made has go's default.
    #[must_use]
    pub fn agrees(&self, setting: usize) -> bool {
        let name = self.settings[setting];
        let value = |twin: &Twin| effective(twin.values[setting].as_deref(), name);
        let mut values = self.twins.iter().map(value);
        let first = values.next();
        values.all(|value| Some(value) == first)
    }

    /// The settings in which the twins differ.
    #[must_use]
    pub fn differing(&self) -> Vec<&'static str> {
        let settings = self.settings.iter().enumerate();
        settings.filter(|(index, _)| !self.agrees(*index)).map(|(_, name)| *name).collect()
    }

    /// The table as text: a block for each setting, a line for each twin.
    #[must_use]
    pub fn render(&self) -> String {
        let width = self.twins.iter().map(|twin| twin.name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (index, setting) in self.settings.iter().enumerate() {
            let mark = if self.agrees(index) { "same" } else { "DIFFERS" };
            text.push_str(&format!("{setting}  {mark}\n"));
            for twin in &self.twins {
                let value = twin.values[index].as_deref().unwrap_or("(not set)");
                let gap = width - twin.name.chars().count();
                text.push_str(&format!("  {}{}  {value}\n", twin.name, " ".repeat(gap)));
            }
        }
        let differing = self.differing();
        text.push_str(&match (self.twins.len(), differing.as_slice()) {
            (0 | 1, _) => "fewer than two twins: nothing to compare\n".to_owned(),
            (count, []) => format!("{count} twins, one policy\n"),
            (count, names) => format!("{count} twins differ in {}\n", names.join(", ")),
        });
        text
    }
}

/// Puts the policies of a set's files side by side: go/env files, variables, images.
#[must_use]
pub fn compare(set: &Set) -> Table {
    let documents = twins(set);
    let value = |document: &crate::document::Document, name: &str| {
        document.variable(name).map(|variable| variable.value.trim().to_owned())
    };
    let settings: Vec<&'static str> = POLICY
        .into_iter()
        .filter(|name| documents.iter().any(|document| value(document, name).is_some()))
        .collect();
    let twins = documents
        .iter()
        .map(|document| Twin {
            name: document.source.name().to_owned(),
            values: settings.iter().map(|name| value(document, name)).collect(),
        })
        .collect();
    Table { settings, twins }
}

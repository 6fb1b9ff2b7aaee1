//! The subjects that suites may name, which the caller takes from their declarations.

use std::collections::BTreeSet;
use twinproof_model::EnvironmentName;

/// Subjects, their features and their settings.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// The environments of declared subjects: `proxy:embedded`, …
    pub names: Vec<EnvironmentName>,
    /// What some subject declares as a feature, its settings included.
    pub features: BTreeSet<String>,
    /// What some subject declares as a setting.
    pub settings: BTreeSet<String>,
}

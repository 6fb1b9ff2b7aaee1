//! The subjects that suites may name, which the caller takes from their declarations.

use std::collections::BTreeSet;
use twinproof_model::EnvironmentName;

/// Subjects, their features and their settings.
#[derive(Clone, Debug, Default)]
pub struct Subjects {
    /// The environments of declared subjects: `proxy:embedded`, …
    pub names: Vec<EnvironmentName>,
    /// Features that at least one subject declares, settings included.
    pub features: BTreeSet<String>,
    /// Settings that at least one subject declares.
    pub settings: BTreeSet<String>,
}

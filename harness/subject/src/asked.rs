//! Features of subjects that cases use.

use std::collections::BTreeMap;

/// The way in which cases use a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Cases require the feature.
    Asked,
    /// Cases set the feature: a declaration has to say how, in `[set.NAME]`.
    Set,
}

/// The features that cases use, by name.
pub type Asked = BTreeMap<String, Use>;

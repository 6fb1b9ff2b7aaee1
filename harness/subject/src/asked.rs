//! What cases ask of subjects.

use std::collections::BTreeMap;

/// What cases do with a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// They ask whether it is there.
    Asked,
    /// They set it: a declaration has to say how, in `[set.NAME]`.
    Set,
}

/// The features that cases ask for, by name.
pub type Asked = BTreeMap<String, Use>;

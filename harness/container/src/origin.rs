//! The source of an image's base.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The source of an image's base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// From a registry.
    Pulled {
        /// The reference that was pulled.
        reference: String,
        /// `repository@sha256:…`, empty where the engine keeps none.
        digest: String,
    },
    /// From Debian packages.
    Made {
        /// The Debian suite.
        suite: String,
        /// The packages and their versions.
        packages: BTreeMap<String, String>,
    },
}

//! The source of an SDK, recorded so that the claim can be checked again.

use serde::{Deserialize, Serialize};
use twinproof_gomod::H1;

use crate::database::DatabaseProof;
use crate::platform::Platform;
use crate::recipe::Recipe;
use crate::version::Version;

/// The level of trust in an SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The h1 hash of its toolchain zip is in the checksum database.
    Verified,
    /// Built by us from a verified one.
    Made,
    /// Found on PATH: nothing is known about it.
    Found,
}

impl Kind {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Made => "made",
            Self::Found => "found",
        }
    }
}

/// The source of an SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The level of trust.
    pub kind: Kind,
    /// Its version.
    pub version: Version,
    /// The platform it runs on.
    pub platform: Platform,
    /// The hash of its GOROOT: `h1:` over names relative to it.
    pub tree: H1,
    /// Number of files in that GOROOT.
    pub files: u64,
    /// The hash of its toolchain zip: of the one it was unpacked from, or, when it was made, of the
    /// one that the same files would be.
    pub zip: H1,
    /// The checksum database's answer for that zip. For a made SDK it is there when the database
    /// could be asked and has the very same hash: then the made SDK *is* the released one.
    pub database: Option<DatabaseProof>,
    /// For a made SDK, its source and its recipe.
    pub made: Option<Made>,
}

/// Source and recipe of a made SDK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The platform of the verified SDK.
    pub source_platform: Platform,
    /// The hash of its toolchain zip, in the checksum database.
    pub source_zip: H1,
    /// The hash of its GOROOT.
    pub source_tree: H1,
    /// The build settings of its executables.
    pub recipe: Recipe,
    /// The check that the recipe is that of the release.
    pub checked_by: RecipeCheck,
}

/// The check that a recipe is that of the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipeCheck {
    /// The finished tree has the hash that the lock file names.
    Lock,
    /// The same recipe gave back these executables of the verified SDK, byte for byte.
    Rebuilt(Vec<String>),
}

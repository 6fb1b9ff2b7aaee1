//! Go SDKs: found on PATH, fetched and verified, made, and proved.
//!
//! A *verified* SDK's toolchain zip has the h1 that the checksum database has for it, with the
//! signed tree and the inclusion proof checked. A *made* SDK was built by us from a verified one,
//! by the release's own recipe: Go's release builds are reproducible, so the verified SDK of one
//! platform is enough to have another's. A *proved* SDK is any installed one whose every file is
//! equal to what a verified one gives. A *found* one is merely on PATH.
//!
//! The way in is [`Toolchains`]. The crate runs no Go program but the go command of SDKs, in an
//! environment of its own, and draws nothing: progress goes to a [`Progress`].

mod cache;
mod database;
mod error;
mod find;
mod goproxy;
mod http;
mod lock;
mod make;
mod manifest;
mod platform;
mod probe;
mod progress;
pub mod prove;
mod provenance;
mod provide;
mod rebuild;
mod recipe;
mod resources;
mod run;
mod sdk;
mod toolchains;
mod unpack;
mod variable;
mod version;

pub use cache::Cache;
pub use database::{Database, DatabaseProof, Vouched};
pub use error::Error;
pub use find::{Found, Unanswered, first_on_path, on_path};
pub use lock::{Lock, Locked};
pub use manifest::Manifest;
pub use platform::{ParsePlatformError, Platform};
pub use probe::{GoFacts, goproxy as goproxy_setting, probe};
pub use progress::{Phase, Progress, Silent};
pub use prove::{Change, Difference, ProofReport, Reach, Status};
pub use provenance::{Kind, Made, Provenance, RecipeCheck};
pub use rebuild::Rebuilt;
pub use recipe::Recipe;
pub use resources::Options;
pub use sdk::Sdk;
pub use toolchains::{Listing, Toolchains};
pub use unpack::is_executable_name;
pub use variable::CACHE_VARIABLE;
pub use version::{ParseVersionError, TOOLCHAIN_MODULE, Version};

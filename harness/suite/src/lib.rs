//! Reads a folder of suites into cases, claims, classes, normalisers, expectations and floors.
//!
//! Everything that is wrong, in every file, is found in one pass and reported as [`Diagnostics`]
//! that point at a line and a column and name what was probably meant. The result of [`load`]
//! is self-contained: includes are followed, fixtures expanded, the suites' own variables put in.
//!
//! This crate runs no case, looks for no environment and reads no clock. Checks that depend on the rest
//! of the repository (goldens, stale entries) are in [`lint`].

mod artifact;
mod case;
mod claims;
mod control;
mod expanded;
mod expectations;
mod fixture;
mod goldens;
mod include;
mod key;
mod lint;
mod load;
mod names;
mod pattern;
mod scope;
mod server;
mod source;
mod step;
mod subjects;
mod template;
mod vocabulary;

pub use lint::lint;
pub use load::{LoadOptions, Loaded, Located, load};
pub use source::{MAX_FILE_BYTES, MAX_FILES, Source};
pub use subjects::Subjects;
pub use twinproof_toml::{Diagnostic, Diagnostics, Location};
// The modules of the reader, under the paths by which this crate uses them.
use twinproof_toml::{decode, diagnostic, node, report, text};

//! Reads a folder of suites into cases, claims, classes, normalisers, expectations and floors.
//!
//! Everything that is wrong, in every file, is found in one pass and reported as [`Diagnostics`]
//! that point at a line and a column and name what was probably meant. What comes out of [`load`]
//! is self-contained: includes are followed, fixtures expanded, the suites' own variables put in.
//!
//! Nothing here runs a case, asks which environments are there, or looks at the clock. What only
//! the state of the repository can tell (goldens, stale entries) is left to [`lint`].

mod case;
mod claims;
mod control;
mod decode;
mod diagnostic;
mod exchange;
mod expectations;
mod fixture;
mod goldens;
mod include;
mod key;
mod lint;
mod load;
mod names;
mod node;
mod pattern;
mod render;
mod report;
mod scope;
mod server;
mod source;
mod step;
mod subjects;
mod template;
mod text;

pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use lint::lint;
pub use load::{LoadOptions, Loaded, Located, load};
pub use source::{MAX_FILE_BYTES, MAX_FILES, Source};
pub use subjects::Subjects;

//! Reading TOML files that people write, with messages that point into them.
//!
//! All mistakes of a file are found in one pass: a wrong value hides no other, unknown keys are
//! mistakes, and each one has its line, its column and what was probably meant. [`Diagnostics`] are
//! plain data; [`Diagnostics::render`] shows them as a compiler does.
//!
//! - [`read`]: a file as a type, for most uses. Derive `Deserialize`; keys that a struct does not
//!   have are mistakes without `deny_unknown_fields`. Enums that are tables are externally tagged
//!   (`{ run = { … } }`); `flatten`, `untagged` and internal tags lose the places.
//! - [`read_checked`]: the same with checks of one's own, which point at values by [`node`].
//! - [`Reader`]: key by key, for files that are more than one type.
//! - [`Vocabulary`]: what the tables of a kind of file are called in messages.
//!
//! ```
//! #[derive(serde::Deserialize)]
//! struct Policy { name: String, limit: u16 }
//!
//! let wrong = twinproof_toml::read::<Policy>("policy.toml", "name = 'a'\nlimt = 3").err().unwrap();
//! assert_eq!(wrong.items()[0].message, "the key `limit` is missing");
//! assert_eq!(wrong.items()[1].help[0], "did you mean `limit`?");
//! ```
//!
//! Nothing here opens a file.

pub mod decode;
pub mod diagnostic;
mod fault;
mod file;
pub mod names;
pub mod node;
mod parse;
mod placeholder;
mod reader;
mod render;
pub mod report;
pub mod text;
mod vocabulary;

pub use diagnostic::{Diagnostic, Diagnostics, Location};
pub use file::{read, read_checked};
pub use parse::{parse, parse_with};
pub use reader::Reader;
pub use report::{Draft, Reporter, Spot};
pub use vocabulary::Vocabulary;

//! The `h1:` hash of a module: of its zip, of its directory tree, of its go.mod.
//!
//! `h1:` is followed by the base64 of the SHA-256 of a summary with one line for each file, sorted
//! by the bytes of the name: the hexadecimal SHA-256 of the content, two spaces, the name, and a
//! newline. It is what this would print, in hexadecimal:
//!
//! ```text
//! sha256sum $(find . -type f | sort) | sha256sum
//! ```
//!
//! Names have slashes, and begin with `path@version/` for a module, in its zip as in the tree
//! unpacked from it. A go.mod's hash is that of a tree with the single file `go.mod`. Nothing but
//! names and contents counts: not times, modes, order or compression. An entry of a zip that is a
//! directory counts as an empty file with its name, slash included.
//!
//! A newline in a name is refused. So is a name that stands twice in a zip: cmd/go would refuse to
//! unpack it, and a hash over it would not say which content was meant.
//!
//! Source: golang.org/x/mod/sumdb/dirhash.

mod dir;
mod h1;
mod pool;
mod zip;

pub use dir::{dir_files, hash_dir};
pub use h1::{DirHashError, FileHash, H1, ParseH1Error, hash_files, hash_go_mod};
pub use pool::run as in_parallel;
pub use zip::{HashLimits, hash_zip, hash_zip_reader, zip_files, zip_files_reader};

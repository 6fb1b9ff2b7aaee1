//! Module zips: the rules that make one, checked and kept.
//!
//! # The rules
//!
//! A zip is the content of module `PATH` at `VERSION` when
//!
//! - `PATH` is a module path, `VERSION` is canonical, and they go together;
//! - every name begins with `PATH@VERSION/`. That alone is legal, and stands for nothing;
//! - what follows is a clean path (no empty, `.` or `..` element) of allowed characters: letters of
//!   any script, ASCII digits, spaces and ``!#$%&()+,-.=@[]^_{}~``; no element ends in a dot or is a
//!   name that Windows reserves, whatever its extension;
//! - a name that ends in a slash is a directory, which may stand several times and has no content;
//! - no two names, directories that names imply included, are one when case is folded, and none is
//!   both a file and a directory;
//! - `go.mod` is written in lowercase and stands at the root only;
//! - the zip has 500 MiB at most, its contents 500 MiB in all, `go.mod` and `LICENSE` 16 MiB each;
//! - every content inflates to its declared size and checksum. Methods are *stored* and *deflated*;
//! - there are no symbolic links, devices or other irregular files.
//!
//! ```text
//! example.com/m@v1.0.0/go.mod      ok
//! example.com/m@v1.0.0/A/x.go      ok
//! example.com/m@v1.0.0/a/y.go      refused: A and a are one when case is folded
//! example.com/m@v1.0.0/b/go.mod    refused: not at the root
//! example.com/m@v1.0.0/con.txt     refused: con is a device on Windows
//! ```
//!
//! Source: golang.org/x/mod/zip, and `archive/zip` of Go for how the container is read.
//!
//! # Where this is stricter
//!
//! Some zips that cmd/go would unpack are refused here, because they could be read in two ways or
//! harm a store:
//!
//! - data in front of the zip, a directory that is not as long or does not have as many entries as
//!   the end record says, local headers that contradict the directory, encrypted entries;
//! - a checksum of zero that is not that of the content;
//! - symbolic links and devices, which x/mod's words forbid but its code unpacks as plain files;
//! - letters newer than Unicode 15.0, which Go up to 1.26 refuses;
//! - a directory of more than 64 MiB, which is held in memory;
//! - more entries than [`ZipLimits::entries`], or contents that inflate beyond [`ZipLimits::ratio`].
//!
//! # Three ways in
//!
//! - [`check`] judges a file or bytes: the directory first, then every content, on all cores. The `h1:`
//!   hash comes out of the same pass.
//! - [`Stream`] is given the bytes as they arrive, refuses as soon as what arrived cannot be the
//!   beginning of a module zip, and needs no second pass over contents at the end.
//! - [`create`] makes a zip that [`check`] accepts, leaving out what does not belong in one.
//!   [`write`] writes any zip, wrong ones too, for tests.

mod check;
mod container;
mod create;
mod entry;
mod fold;
mod layout;
mod limits;
mod names;
mod source;
mod stream;
mod vendor;
mod violation;
mod write;

pub use check::{CheckError, Checked, check};
pub use create::{CreateError, Created, Omission, create};
pub use limits::{Ratio, ZipLimits};
pub use source::Source;
pub use stream::Stream;
pub use violation::{Reason, Refusal, Violation};
pub use write::{Raw, write};

//! Files and directories that the harness reaches by itself: puts them in place, lists them, and
//! removes them.
//!
//! For directories of this machine (the host driver) and for Windows' drives seen from inside WSL.

mod entries;
mod name;
mod put;
mod remove;

pub(crate) use entries::entries;
pub(crate) use name::shown;
pub(crate) use put::{PutError, put};
pub(crate) use remove::remove;

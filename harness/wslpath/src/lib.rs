//! The rules by which WSL's `wslpath` translates paths between Windows and Linux, and a check of
//! test vectors against them.
//!
//! [`run`] is the whole program without its messages: arguments in, the printed line or a
//! [`Refusal`] out. It looks at the machine only through [`World`], so the same rules run over an
//! imagined machine ([`MemoryWorld`]) and, on Unix, over the running one (`SystemWorld`).
//! [`check`] runs a file of recorded answers of the real program against it.
//!
//! The rules follow microsoft/WSL at 3e27a6a (2026-08): `src/linux/init/wslpath.cpp`, `util.cpp`,
//! `escape.cpp`, `drvfs.cpp`, `src/linux/mountutil/mountutil.c`, `src/shared/inc/CommandLine.h`,
//! and `realpath` of musl 1.2. Their defects are reproduced here, and marked *upstream defect*.
//!
//! Paths are bytes, as they are for the program. It is no path library: to join or clean paths in
//! a harness, use `std::path`.

mod arguments;
mod drives;
mod escape;
mod memory;
mod mountinfo;
mod realpath;
#[cfg(unix)]
mod system;
mod text;
mod translate;
pub mod vectors;
mod virtiofs;
mod world;

pub use arguments::{Mode, Request, UsageError};
pub use drives::MountTable;
pub use memory::{At, MemoryWorld, WorldError};
#[cfg(unix)]
pub use system::{SystemWorld, SystemWorldError};
pub use translate::{Refusal, run, translate};
pub use vectors::{Compared, Report, VectorsError, check};
pub use world::{Errno, World};

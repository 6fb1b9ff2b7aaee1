//! Container environments: images, long-lived containers, programs run in them, files moved in and
//! out. For drivers of `image:<name>` and `wine`.
//!
//! It is not a test runner: it knows nothing of suites, cases or verdicts. Everything here blocks;
//! call it from ordinary threads, never from inside an asynchronous runtime.
//!
//! ```no_run
//! use std::time::Duration;
//! use twinproof_container::{Engine, Exec, Images, Run, Session, SessionOptions, Silent};
//!
//! # fn main() -> Result<(), twinproof_container::Error> {
//! let engine = Engine::detect().map_err(twinproof_container::Error::Absent)?;
//! let run = Run::new(Duration::from_secs(3600));
//! twinproof_container::sweep(&engine)?; // what a killed run left behind
//! let image = Images::embedded()?.ensure(&engine, "trixie", &Silent)?;
//! let session = Session::start(&engine, &run, &image, SessionOptions::default())?;
//! let result = session.exec(&Exec::new(["/bin/uname", "-s"]))?;
//! assert_eq!((result.exit, result.stdout.as_slice()), (Some(0), b"Linux\n".as_slice()));
//! # Ok(()) }
//! ```
//!
//! # Clean-up
//! Every container carries the run and its owner's process id and start time as labels. It goes
//! when its [`Session`] is dropped. For ^C, a handler calls [`stop_all`]: every wait for a program
//! ends, so that the owner can report and drop its sessions. When the owner dies without that, the
//! container stops by itself within a second, because it is kept up by a connection that the owner
//! holds; and [`sweep`] in the following run removes what has stopped.
//!
//! # A case's own Windows environment
//! Under Wine 10 a Windows program's environment is not what its Unix parent gave it: PATH, HOME,
//! USERPROFILE, APPDATA, LOCALAPPDATA, TEMP and some thirty others are set from the prefix's
//! registry, whatever was given; HOME is taken away; WINE* is added; and unless the locale is UTF-8
//! letters outside ASCII are lost in arguments and values. So `wine` sessions run programs through
//! a launcher (`containers/wine/launch`), itself a Windows program: it makes the process with
//! exactly the environment block, directory and arguments given, and gives back the 32-bit exit
//! code, of which a Unix status keeps eight bits. What Wine adds even so is [`wine::ADDED`].

mod absent;
mod apt;
mod archive;
mod command;
mod definition;
mod engine;
mod error;
mod exec;
mod facts;
mod files;
mod host;
mod images;
mod label;
mod make;
mod options;
mod origin;
mod progress;
mod run;
mod runtime;
mod session;
mod start;
mod stop;
mod supervise;
mod sweep;
pub mod wine;

pub use absent::Absent;
pub use archive::{ArchiveEntry, DownloadLimits, Kind};
pub use definition::{Definition, Variant, definitions};
pub use engine::{Engine, Started, start_if_absent};
pub use error::Error;
pub use exec::{Exec, ExecResult};
pub use facts::{Facts, Libc};
pub use host::{is_debian, is_root};
pub use images::{Image, Images};
pub use label::Run;
pub use options::{Mount, Network, SessionOptions};
pub use origin::Origin;
pub use progress::{Progress, Silent};
pub use session::Session;
pub use stop::stop_all;
pub use sweep::{Swept, sweep};

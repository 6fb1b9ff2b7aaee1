//! Distributions of the Windows Subsystem for Linux, through `wsl.exe`.
//!
//! # How a program is run
//! `wsl.exe -d NAME --cd / --exec /bin/sh -c LINE sh SCRIPT`, where LINE decodes SCRIPT, which is
//! base64. No argument has a quote or a backslash in it, so the two ways in which `wsl.exe` splits
//! its command line cannot differ. The script sets up exactly the environment that was asked for,
//! looks the program up, starts it in a session of its own, and kills what is left of that session
//! when it has ended.
//!
//! # How its exit code comes back
//! As a trailer of standard error that carries a token made for this one program. `wsl.exe` takes
//! the codes 67 and 87 for itself, and interop cuts codes to eight bits; the script therefore always
//! ends with 0, and any other code is a failure of `wsl.exe`, whose words (on standard output, in
//! UTF-16LE unless `WSL_UTF8=1` is understood) become the driver's error.
//!
//! # How files are moved
//! As tar archives through standard input and output, which `wsl.exe` passes on byte for byte. The
//! share `\\wsl.localhost` would lose permission bits and links, and is not there where the harness
//! itself runs in a distribution.
//!
//! # Time limits
//! At the limit a second `wsl.exe` kills the session inside the distribution: ending the first would
//! leave it running. What does not end then is ended with `wsl.exe`.

mod archive;
mod decode;
mod environment;
mod find;
mod list;
mod relay;
mod sandbox;
mod script;
mod transfer;

pub use decode::decode;
pub use environment::Wsl;
pub use find::{Found, WslConfig, find};
pub use list::{Distribution, ListError, parse_list};

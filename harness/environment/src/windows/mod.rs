//! Windows, reached from inside WSL.
//!
//! On Windows itself the environment `windows` is the host driver under that name; this is for a
//! harness that runs in a distribution.
//!
//! # How a program is run
//! Interop by itself will not do: it passes only the variables that WSLENV lists, cuts exit codes to
//! eight bits, and leaves the current directory empty where it has no Windows name. So PowerShell is
//! started with a constant script and the name of a request file. The script makes the process with
//! exactly the variables, the directory and the command line of the request, and writes its number
//! and its 32-bit exit code to files. Standard input and output are inherited and pass through raw.
//!
//! # Files
//! Through the drive that WSL mounts: work directories are in Windows' own temporary directory.
//!
//! # Time limits
//! At the limit `taskkill.exe /T` ends the program's tree on Windows; interop would leave it running.

mod environment;
mod find;
mod launch;
mod quote;
mod sandbox;

pub use environment::Windows;
pub use find::{Found, find};

//! Windows programs through Wine: the launcher, paths, and the services that make programs start fast.
//!
//! # What Wine 10 does to an environment (measured)
//! A program started from Unix with `env -i … wine PROGRAM` sees about fifty variables. Its own
//! get through, but PATH, TEMP, TMP, USERPROFILE, APPDATA, LOCALAPPDATA, HOMEDRIVE, HOMEPATH,
//! USERNAME, ComSpec, windir and the like have the registry's values whatever was given; HOME is
//! renamed to WINEHOMEDIR; without a UTF-8 locale `ü` arrives as `C<`. What a Windows program gives
//! to a Windows program arrives as given, HOME too; only the few names of [`ADDED`] come on top in
//! every process, and nothing can be done about them. So the launcher is started by Wine, and starts the
//! program. It reads the program's arguments, environment and directory from a file, looks the
//! program up in the *given* PATH and PATHEXT, and writes the exit code to a file.
//!
//! # Speed
//! `wineserver -p` and one sleeping program (`launch hold`) keep the server and the services
//! (`services.exe`, `rpcss.exe`, …) up between programs; without them each program starts them
//! anew, which takes two seconds. They are started outside of any program's tree.
//!
//! # SDKs
//! Bind-mount them at [`to_unix`] of a path on drive C:. Wine knows no volume for a
//! device that no drive letter's root is on, and then Windows Go 1.22 cannot read a directory
//! (`readdir …: Invalid function`; 1.27 can). So every mount of a session gets a letter as well,
//! from Y: downwards; the path on drive C: is the one to use. Drive Z:, the container's root, has
//! the same trouble: keep what Go reads on C:.

mod command;
mod launcher;
mod prefix;
mod warm;

pub use launcher::build_launcher;
pub use prefix::{ADDED, PREFIX, base_environment, to_unix, to_windows};

pub(crate) use command::command;
pub(crate) use warm::warm_up;

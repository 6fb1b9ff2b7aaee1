//! A lab: private namespaces of Linux, in which mounts, rules of binfmt_misc, addresses and name servers
//! are made and tried without root and without a trace on the host.
//!
//! A lab is a process of its own that *holds* the namespaces (user, mount, network): it does what it is
//! asked through its standard input, and when that closes it ends, and the kernel removes the namespaces
//! with everything in them. Programs *enter* the namespaces one by one. Both roles are played by the
//! program that uses this crate, started anew: its `main` calls [`helper`] first.
//!
//! Off Linux there is no lab; [`Lab::open`] says so.

mod client;
mod host;
#[cfg(target_os = "linux")]
mod linux;
mod protocol;

pub use client::{Entry, Lab, LabError};
pub use host::HostState;
pub use protocol::{Asked, Refusal, Reply, Request};

use std::ffi::OsString;

/// The first argument that asks a program to play a role of a lab.
const ROLE: &str = "__twinproof-lab";
/// The role that holds the namespaces.
const HOLD: &str = "hold";
/// The role that enters them and runs a program.
const ENTER: &str = "enter";

/// Plays a role of a lab where the arguments of this process ask for one; gives the exit code then.
///
/// It has to be called before any thread is started: only a process of one thread can make a user
/// namespace.
#[must_use]
pub fn helper() -> Option<u8> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ROLE {
        return None;
    }
    let role = arguments.next().unwrap_or_default();
    Some(play(&role.to_string_lossy(), arguments.collect()))
}

#[cfg(target_os = "linux")]
fn play(role: &str, arguments: Vec<OsString>) -> u8 {
    match role {
        HOLD => linux::hold(),
        ENTER => linux::enter(arguments),
        _ => {
            eprintln!("a lab has no role `{role}`");
            linux::NO_LAB
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn play(role: &str, _: Vec<OsString>) -> u8 {
    eprintln!("a lab needs Linux, so that there is no role `{role}` here");
    1
}

//! Making and entering namespaces.

use rustix::mount::{MountPropagationFlags, mount_change};
use rustix::process::{getgid, getuid};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;

/// The namespaces of a lab, in the order in which they are entered: the first gives the right to enter
/// the others.
const KINDS: [(&str, LinkNameSpaceType); 3] = [
    ("user", LinkNameSpaceType::User),
    ("mnt", LinkNameSpaceType::Mount),
    ("net", LinkNameSpaceType::Network),
];

/// Puts this process, which has one thread, into new namespaces of users and mounts, as root of them.
/// Where the system makes no user namespace and this is root already, of mounts only. Gives whether the
/// users are private, too.
pub(super) fn make() -> io::Result<bool> {
    let (uid, gid) = (getuid(), getgid());
    let private = match unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) {
        Ok(()) => {
            // An unprivileged process may write gid_map only after giving up setgroups
            // (user_namespaces(7)).
            std::fs::write("/proc/self/setgroups", "deny")?;
            std::fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw()))?;
            std::fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw()))?;
            true
        }
        Err(_) if uid.is_root() => {
            unshare(UnshareFlags::NEWNS)?;
            false
        }
        Err(error) => return Err(error),
    };
    // Nothing that is mounted here reaches the host, and nothing of the host's comes here.
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    Ok(private)
}

/// Puts this thread, and those that it starts later, into a new network namespace.
pub(super) fn make_network() -> io::Result<()> {
    unshare(UnshareFlags::NEWNET)
}

#[expect(unsafe_code, reason = "the call is unsafe for tables of descriptors, which stay shared")]
fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: only UnshareFlags::FILES can part threads from their descriptors, and nobody gives it.
    unsafe { unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Enters the namespaces of a process; those that are ours already stay.
pub(super) fn enter(pid: u32) -> io::Result<()> {
    // All links are opened first: after the mount namespace is entered, /proc is the lab's.
    let mut links = Vec::new();
    for (name, kind) in KINDS {
        let theirs = File::open(format!("/proc/{pid}/ns/{name}"))?;
        let ours = std::fs::metadata(format!("/proc/self/ns/{name}"))?;
        // setns into the user namespace one is in already fails with EINVAL.
        if theirs.metadata()?.ino() != ours.ino() {
            links.push((theirs, kind));
        }
    }
    for (link, kind) in links {
        move_into_link_name_space(link.as_fd(), Some(kind))?;
    }
    Ok(())
}

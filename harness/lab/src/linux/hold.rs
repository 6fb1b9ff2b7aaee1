//! The role that holds a lab: makes the namespaces, and answers requests until the connection ends.

use super::refusal::refusal;
use super::relay::Outside;
use super::{NO_LAB, dns, namespaces, network};
use crate::{HostState, Reply, Request};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, Write as _};

/// Flags of mount(2) that `MountFlags` has no names for.
const REMOUNT: u32 = 32;
const BIND: u32 = 4096;

/// The rules of the host, where a lab has no users of its own.
const BINFMT: &str = "binfmt_misc";

struct Holder {
    /// Whether users are private to the lab.
    private: bool,
    outside: Outside,
    servers: dns::Servers,
}

/// Holds a lab until standard input ends.
pub(crate) fn hold() -> u8 {
    let mut holder = match Holder::new() {
        Ok(holder) => holder,
        Err(error) => {
            let _ = answer(&Reply::Failed(format!("private namespaces cannot be made: {error}")));
            return NO_LAB;
        }
    };
    if answer(&Reply::Done).is_err() {
        return NO_LAB;
    }
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        let reply = match serde_json::from_str(&line) {
            Ok(request) => holder.done(&request),
            Err(error) => Reply::Failed(format!("no request: {error}")),
        };
        if answer(&reply).is_err() {
            break;
        }
    }
    0
}

fn answer(reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_string(reply)?;
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()
}

impl Holder {
    fn new() -> io::Result<Self> {
        let private = namespaces::make()?;
        // Its thread stays in the network of the host.
        let outside = Outside::start()?;
        namespaces::make_network()?;
        network::loopback_up()?;
        Ok(Self { private, outside, servers: dns::Servers::default() })
    }

    fn done(&mut self, request: &Request) -> Reply {
        let result = match request {
            Request::Mount { source, target, fstype, flags } => {
                // binfmt_misc belongs to a user namespace. Without one of its own, a mount here
                // shows the host's rules, and writing would change them.
                if fstype == BINFMT && !self.private {
                    return Reply::Failed(
                        "without a user namespace the rules are the host's".into(),
                    );
                }
                match mount_flags(flags) {
                    Ok(flags) => {
                        mount(source.as_str(), target.as_str(), fstype.as_str(), flags, None)
                            .map_err(io::Error::from)
                    }
                    Err(word) => return Reply::Failed(format!("mount has no flag `{word}`")),
                }
            }
            Request::Write { path, text } => write(path, text),
            Request::Address(address) => network::add_address(*address),
            Request::Dns { listen, zone } => match dns::Zone::of(zone) {
                Ok(zone) => self.servers.start(*listen, zone),
                Err(why) => return Reply::Failed(why),
            },
            Request::Relay { listen, to } => self.outside.relay(*listen, *to),
            Request::State(folder) => return Reply::State(HostState::of(folder)),
            Request::Asked => return Reply::Asked(self.servers.take()),
        };
        match result {
            Ok(()) => Reply::Done,
            Err(error) => match Errno::from_io_error(&error) {
                Some(errno) => Reply::Refused(refusal(errno)),
                None => Reply::Failed(error.to_string()),
            },
        }
    }
}

/// Writes a text with one call, as the files of the kernel want it.
fn write(path: &str, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    // Not write_all: binfmt_misc and the id maps take one rule a write, and a second write would be
    // a second rule.
    match file.write(text.as_bytes())? {
        written if written == text.len() => Ok(()),
        written => Err(io::Error::other(format!("{path} took {written} of {} bytes", text.len()))),
    }
}

fn mount_flags(words: &[String]) -> Result<MountFlags, &str> {
    words.iter().try_fold(MountFlags::empty(), |all, word| {
        Ok(all
            | match word.as_str() {
                "bind" => MountFlags::from_bits_retain(BIND),
                "remount" => MountFlags::from_bits_retain(REMOUNT),
                "rec" => MountFlags::REC,
                "ro" => MountFlags::RDONLY,
                "nosuid" => MountFlags::NOSUID,
                "nodev" => MountFlags::NODEV,
                "noexec" => MountFlags::NOEXEC,
                _ => return Err(word.as_str()),
            })
    })
}

//! The loopback interface of a lab, through netlink: three small messages, as rtnetlink(7) has them.

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};
use std::io;
use std::net::IpAddr;

/// The loopback interface is the first of every network namespace.
const LOOPBACK: u32 = 1;

const NLMSG_ERROR: u16 = 2;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const IFF_UP: u32 = 1;
const IFA_LOCAL: u16 = 2;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Bytes of the header of a message.
const HEADER: usize = 16;

/// Sets the loopback interface up.
pub(super) fn loopback_up() -> io::Result<()> {
    // struct ifinfomsg: family, padding, type, index, flags, mask of flags.
    let mut body = vec![0_u8; 4];
    for word in [LOOPBACK, IFF_UP, IFF_UP] {
        body.extend(word.to_ne_bytes());
    }
    ask(RTM_NEWLINK, 0, &body)
}

/// Gives the loopback interface an address of its own, with no network beside it.
pub(super) fn add_address(address: IpAddr) -> io::Result<()> {
    let (family, octets) = match address {
        IpAddr::V4(v4) => (AF_INET, v4.octets().to_vec()),
        IpAddr::V6(v6) => (AF_INET6, v6.octets().to_vec()),
    };
    // /32 or /128: the address alone, so that no route to a network comes with it.
    let bits = (octets.len() * 8) as u8;
    // struct ifaddrmsg: family, length of the prefix, flags, scope, index.
    let mut body = vec![family, bits, 0, 0];
    body.extend(LOOPBACK.to_ne_bytes());
    body.extend(((octets.len() + 4) as u16).to_ne_bytes());
    body.extend(IFA_LOCAL.to_ne_bytes());
    body.extend(octets);
    ask(RTM_NEWADDR, NLM_F_CREATE, &body)
}

/// Sends a message and waits for the kernel's answer.
fn ask(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let mut message = Vec::with_capacity(HEADER + body.len());
    message.extend(((HEADER + body.len()) as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    // Sequence number 1 and port 0, which the kernel fills in.
    message.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(body);
    send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0; 4096];
    let (length, _) = recv(&socket, &mut answer, RecvFlags::empty())?;
    let answer = answer.get(..length).unwrap_or_default();
    let code = (answer.get(4..6) == Some(&NLMSG_ERROR.to_ne_bytes()))
        .then(|| answer.get(HEADER..HEADER + 4)?.try_into().ok())
        .flatten();
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) => Err(Errno::from_raw_os_error(-code).into()),
        None => Err(io::Error::other("the kernel's answer is no acknowledgement")),
    }
}

//! A network with nothing but loopback, for work with programs that must not reach anything else.
//!
//! On Linux a thread gets a network namespace of its own, where its privileges allow that: its sockets,
//! and those of the threads and programs that it starts, see a loopback interface and no other.
//! Elsewhere the machine's network is shared, which [`isolation`] says.

use std::sync::LazyLock;

/// Whether work can have a network of its own here.
///
/// # Errors
/// The reason why it cannot.
pub fn isolation() -> Result<(), &'static str> {
    static FOUND: LazyLock<Result<(), String>> = LazyLock::new(|| {
        // A namespace cannot be left again, so the attempt is made in a thread that ends.
        std::thread::scope(|scope| scope.spawn(enter).join())
            .unwrap_or_else(|_| Err("it broke".into()))
    });
    FOUND.as_ref().copied().map_err(String::as_str)
}

/// Does the work in a private network where one can be made, and in that of the machine otherwise.
/// Servers within cannot be reached from outside.
///
/// # Errors
/// When there is no network for it now, though there was one before: it is not done then.
pub fn loopback_only<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    if isolation().is_err() {
        return Ok(work());
    }
    let apart = || enter().map(|()| work());
    match std::thread::scope(|scope| scope.spawn(apart).join()) {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Moves the calling thread into a new network namespace, and brings its loopback interface up.
#[cfg(target_os = "linux")]
fn enter() -> Result<(), String> {
    use nix::sched::{CloneFlags, unshare};
    unshare(CloneFlags::CLONE_NEWNET).map_err(|e| format!("a network namespace: {e}"))?;
    bring_loopback_up().map_err(|e| format!("loopback in a network namespace: {e}"))?;
    // An interface that is down has no route to its own address.
    // UDP: connect looks for a route and sends nothing. Port 9 is `discard`.
    let up = std::net::UdpSocket::bind("127.0.0.1:0").and_then(|s| s.connect("127.0.0.1:9"));
    up.map_err(|e| format!("loopback in a network namespace: {e}"))
}

#[cfg(not(target_os = "linux"))]
fn enter() -> Result<(), String> {
    Err("network namespaces are Linux's".to_owned())
}

/// Asks the kernel, in rtnetlink's words, to set the flag `up` of interface 1, which is always `lo`.
#[cfg(target_os = "linux")]
fn bring_loopback_up() -> nix::Result<()> {
    use nix::sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, sendto, socket,
    };
    use std::os::fd::AsRawFd as _;
    const RTM_NEWLINK: u16 = 16;
    const NLM_F_REQUEST: u16 = 1;
    const IFF_UP: u32 = 1;
    let mut message = Vec::with_capacity(32);
    // struct nlmsghdr: length, type, flags, sequence, port
    message.extend(32_u32.to_ne_bytes());
    message.extend(RTM_NEWLINK.to_ne_bytes());
    message.extend(NLM_F_REQUEST.to_ne_bytes());
    message.extend([0; 8]);
    // struct ifinfomsg: family, padding, type, index, flags, flags that change
    message.extend([0; 4]);
    message.extend(1_i32.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    message.extend(IFF_UP.to_ne_bytes());
    let (family, kind) = (AddressFamily::Netlink, SockType::Raw);
    let route = socket(family, kind, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    sendto(route.as_raw_fd(), &message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{isolation, loopback_only};
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    /// Threads of the work are in its network, the caller is not.
    #[test]
    fn work_reaches_itself_and_nobody_else() {
        let outside = TcpListener::bind("127.0.0.1:0").unwrap();
        let outer = outside.local_addr().unwrap();
        let (inner, reached) = loopback_only(|| {
            let inside = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = inside.local_addr().unwrap();
            let served = std::thread::spawn(move || {
                let (mut client, _) = inside.accept().unwrap();
                client.write_all(b"here").unwrap();
            });
            let mut text = String::new();
            TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
            served.join().unwrap();
            assert_eq!(text, "here");
            (address, TcpStream::connect(outer).is_ok())
        })
        .unwrap();
        assert_eq!(reached, isolation().is_err());
        assert!(TcpStream::connect(inner).is_err());
        assert!(TcpStream::connect(outer).is_ok());
    }

    #[test]
    #[should_panic(expected = "as it was")]
    fn a_panic_comes_through() {
        let _ = loopback_only(|| panic!("as it was"));
    }
}

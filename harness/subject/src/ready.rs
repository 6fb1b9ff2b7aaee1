//! Checks whether a subject is ready: its port is open, and it answers as declared.

use crate::declaration::Ready;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Pause between two checks.
pub(crate) const PAUSE: Duration = Duration::from_millis(15);
/// Time limit of one check.
const LOOK: Duration = Duration::from_secs(2);
/// Longest status line that is read.
const LINE: usize = 64;

/// Checks once; why it is not ready otherwise. Under TLS an open port is enough.
pub(crate) fn look(port: u16, ready: &Ready, secure: bool) -> Result<(), String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream =
        TcpStream::connect_timeout(&address, LOOK).map_err(|e| format!("no connection: {e}"))?;
    // With TLS only the connection is checked: this small client has no TLS.
    let Some(path) = ready.path.as_ref().filter(|_| !secure) else { return Ok(()) };
    let ask = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(LOOK))?;
        stream.set_write_timeout(Some(LOOK))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: twinproof\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut line = Vec::new();
        // The status line only, and no more of it than a status needs.
        while line.len() < LINE && !line.contains(&b'\n') {
            let mut buffer = [0; LINE];
            match stream.read(&mut buffer)? {
                0 => break,
                n => line.extend_from_slice(&buffer[..n]),
            }
        }
        Ok::<_, std::io::Error>(line)
    };
    let line = ask(&mut stream).map_err(|e| format!("no answer to {path}: {e}"))?;
    let line = String::from_utf8_lossy(&line);
    let status = line.split(' ').nth(1).and_then(|word| word.get(..3)?.parse::<u16>().ok());
    match status {
        Some(status) if status == ready.status => Ok(()),
        Some(status) => Err(format!("{path} was answered with {status}")),
        None => Err(format!("{path} was not answered in HTTP")),
    }
}

//! A server in front of a subject that answers the tests' own requests in its place.
//!
//! Scripts make a proxy misbehave by control prefixes: `$GOPROXY/404/…` must answer 404,
//! `$GOPROXY/redirect/9/…` redirect nine times. These are devices of the tests and no part of the
//! GOPROXY protocol, so a request with one goes to a control server, which implements them, and all
//! others to the subject. Both get the request as the client made it, on a connection of its own.
//!
//! Every script also asks a checksum database by way of the proxy. A subject that passes on no
//! database, or not this one, can still be asked for modules: the control server has the database too.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most bytes of a request's head.
const HEAD: usize = 64 << 10;
/// Time limit for silence of either side.
const SILENCE: Duration = Duration::from_secs(120);
/// The path that everything is below, as with Go's own test proxy.
const BASE: &str = "/mod";

/// A running front, ended when it is dropped.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// The answers for the checksum database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// The subject, as a proxy does.
    Subject,
    /// The control server.
    Control,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    subject: Target,
    control: Target,
    database: Database,
    stop: AtomicBool,
    next: AtomicU64,
    open: Mutex<BTreeMap<u64, Vec<TcpStream>>>,
}

/// A server and the path in front of all of its paths.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    authority: String,
    base: String,
}

impl Target {
    fn of(url: &str) -> io::Result<Self> {
        let bad = || io::Error::new(io::ErrorKind::InvalidInput, format!("{url:?} is no http URL"));
        let rest = url.strip_prefix("http://").ok_or_else(bad)?.trim_end_matches('/');
        let (authority, base) = rest.find('/').map_or((rest, ""), |i| rest.split_at(i));
        let port = if authority.contains(':') { "" } else { ":80" };
        if authority.is_empty() {
            return Err(bad());
        }
        Ok(Self { authority: format!("{authority}{port}"), base: base.to_owned() })
    }
}

impl Front {
    /// Starts one on a free port of this machine. `control` is the base URL that the control
    /// prefixes come behind.
    ///
    /// # Errors
    /// When a URL is no http URL, or there is no port.
    pub fn start(subject: &str, control: &str, database: Database) -> io::Result<Self> {
        let (subject, control) = (Target::of(subject)?, Target::of(control)?);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            subject,
            control,
            database,
            stop: AtomicBool::new(false),
            next: AtomicU64::new(0),
            open: Mutex::new(BTreeMap::new()),
        });
        let accepting = Arc::clone(&shared);
        let accepting = std::thread::Builder::new().spawn(move || accept(&listener, &accepting))?;
        Ok(Self { shared, accepting: Some(accepting) })
    }

    /// The value for GOPROXY.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{BASE}", self.shared.address)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        // accept() has no timeout; the connection makes it return once more.
        let _ = TcpStream::connect(self.shared.address);
        for stream in self.shared.held().values().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, BTreeMap<u64, Vec<TcpStream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a socket, so that dropping the front ends what waits for it.
    fn hold(&self, id: u64, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(SILENCE))?;
        stream.set_write_timeout(Some(SILENCE))?;
        self.held().entry(id).or_default().push(stream.try_clone()?);
        // The front was dropped between accepting and adding: the drop has not seen this socket.
        if self.stop.load(Ordering::SeqCst) {
            stream.shutdown(Shutdown::Both)?;
        }
        Ok(())
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    for client in listener.incoming() {
        if shared.stop.load(Ordering::SeqCst) {
            break;
        }
        let Ok(client) = client else { continue };
        serving.retain(|thread| !thread.is_finished());
        let shared = Arc::clone(shared);
        let serve = move || {
            let id = shared.next.fetch_add(1, Ordering::Relaxed);
            // A connection that breaks is for the client to see.
            let _ = serve(client, id, &shared);
            shared.held().remove(&id);
        };
        serving.extend(std::thread::Builder::new().spawn(serve));
    }
    for thread in serving {
        let _ = thread.join();
    }
}

/// Serves one request, then closes.
fn serve(mut client: TcpStream, id: u64, shared: &Shared) -> io::Result<()> {
    shared.hold(id, &client)?;
    let head = read_head(&mut client)?;
    let (line, headers) = head.split_once("\r\n").unwrap_or((&head, ""));
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return refuse(&mut client, 400, "this is no request");
    };
    let Some(path) = target.strip_prefix(BASE).and_then(|p| p.strip_prefix('/')) else {
        return refuse(&mut client, 404, "everything is below /mod/");
    };
    let (to, path) = route(path, shared);
    let mut server = match TcpStream::connect(&to.authority) {
        Ok(server) => server,
        Err(e) => return refuse(&mut client, 502, &format!("cannot reach {}: {e}", to.authority)),
    };
    shared.hold(id, &server)?;
    let mut request = format!("{method} {}/{path} HTTP/1.1\r\n", to.base);
    for header in headers.split("\r\n").filter(|header| !header.is_empty()) {
        let name = header.split(':').next().unwrap_or_default();
        // Both are of this connection, and are written anew below.
        if !["host", "connection"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
            request.push_str(&format!("{header}\r\n"));
        }
    }
    request.push_str(&format!("Host: {}\r\nConnection: close\r\n\r\n", to.authority));
    server.write_all(request.as_bytes())?;
    io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Write)
}

/// The server of a path below the base, and the path to request there.
fn route<'a>(path: &'a str, shared: &'a Shared) -> (&'a Target, &'a str) {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let status = |text: &str| text.parse::<u16>().is_ok_and(|n| n >= 200);
    // The prefixes of Go's test proxy (cmd/go/proxy_test.go): they answer with errors
    // on purpose, so they go to the control and not to the subject.
    let whole = match first {
        "invalid" | "redirect" | "sumdb-direct" | "sumdb-wrong" | "sumdb-redirect" => true,
        _ => status(first),
    };
    match first.strip_prefix("sumdb-") {
        _ if whole => (&shared.control, path),
        _ if first == "sumdb" && shared.database == Database::Control => (&shared.control, path),
        Some(n) if status(n) && rest.starts_with("sumdb/") => (&shared.control, path),
        // Only the database of this prefix is bad; its modules are the subject's.
        Some(n) if status(n) => (&shared.subject, rest),
        _ => (&shared.subject, path),
    }
}

/// Reads the head of a request, without the empty line behind it.
fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = client.read(&mut buffer)?;
        head.extend(buffer.iter().take(n));
        if let Some(end) = head.windows(4).position(|w| w == b"\r\n\r\n") {
            head.truncate(end);
            return String::from_utf8(head)
                .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e));
        }
        if n == 0 || head.len() > HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "no whole head of a request"));
        }
    }
}

fn refuse(client: &mut TcpStream, status: u16, why: &str) -> io::Result<()> {
    let length = why.len() + 1;
    write!(
        client,
        "HTTP/1.1 {status} Refused\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{why}\n"
    )?;
    client.shutdown(Shutdown::Write)
}

#[cfg(test)]
mod tests {
    use super::{Database, Front, Target};
    use rstest::rstest;
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpListener, TcpStream};

    /// A server that answers every request with its own name and the request.
    fn echo(name: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut buffer = [0; 4096];
                let n = client.read(&mut buffer).unwrap();
                let request = String::from_utf8_lossy(&buffer[..n]);
                let line = request.lines().next().unwrap();
                write!(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{name} {line}")
                    .unwrap();
            }
        });
        url
    }

    fn get(url: &str, path: &str) -> String {
        let authority = url.strip_prefix("http://").unwrap().strip_suffix("/mod").unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    #[rstest]
    #[case("/mod/rsc.io/quote/@v/list", "subject GET /base/rsc.io/quote/@v/list HTTP/1.1")]
    #[case("/mod/404/rsc.io/quote/@v/list", "control GET /base/404/rsc.io/quote/@v/list HTTP/1.1")]
    #[case("/mod/199/x/@v/list", "subject GET /base/199/x/@v/list HTTP/1.1")]
    #[case("/mod/invalid/x/@v/list", "control GET /base/invalid/x/@v/list HTTP/1.1")]
    #[case("/mod/redirect/2/x/@latest", "control GET /base/redirect/2/x/@latest HTTP/1.1")]
    #[case("/mod/sumdb-404/x/@latest", "subject GET /base/x/@latest HTTP/1.1")]
    #[case("/mod/sumdb-404/sumdb/n/latest", "control GET /base/sumdb-404/sumdb/n/latest HTTP/1.1")]
    #[case("/mod/sumdb-wrong/latest", "control GET /base/sumdb-wrong/latest HTTP/1.1")]
    #[case("/mod/sumdb/n/latest", "subject GET /base/sumdb/n/latest HTTP/1.1")]
    #[case("/other", "everything is below /mod/\n")]
    fn whose_a_request_is(#[case] path: &str, #[case] want: &str) {
        let (subject, control) = (echo("subject"), echo("control"));
        let front = Front::start(&subject, &control, Database::Subject).unwrap();
        assert_eq!(get(&front.url(), path), want);
    }

    #[test]
    fn a_database_that_the_subject_does_not_pass_on() {
        let (subject, control) = (echo("subject"), echo("control"));
        let front = Front::start(&subject, &control, Database::Control).unwrap();
        let want = "control GET /base/sumdb/n/latest HTTP/1.1";
        assert_eq!(get(&front.url(), "/mod/sumdb/n/latest"), want);
        assert_eq!(get(&front.url(), "/mod/x/@latest"), "subject GET /base/x/@latest HTTP/1.1");
    }

    #[test]
    fn dropping_ends_what_is_open() {
        let (subject, control) = (echo("subject"), echo("control"));
        let front = Front::start(&subject, &control, Database::Subject).unwrap();
        let authority = front.url().replace("http://", "").replace("/mod", "");
        let mut stream = TcpStream::connect(authority).unwrap();
        drop(front);
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert_eq!(rest, b"");
    }

    #[rstest]
    #[case("https://x")]
    #[case("http://")]
    #[case("file:///x")]
    fn only_http_with_a_host_is_a_target(#[case] url: &str) {
        assert!(Target::of(url).is_err());
    }
}

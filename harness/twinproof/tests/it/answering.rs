//! Servers that do not speak the module proxy protocol. This program is one of them where its
//! environment says so, so that the suites can be tested with answers that prove nothing.

use crate::files::Files;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// The variable that names the server to be.
const KIND: &str = "SELFTEST_SERVER";
/// Longest head of a request that is read, in bytes.
const HEAD: usize = 4 << 20;

/// Serves for ever where the environment asks for it, or ends with the code that it returns.
pub fn serve_if_asked() -> Option<ExitCode> {
    // A program that ends before it listens.
    let kind = std::env::var(KIND).ok()?;
    if kind == "crash" {
        println!("starting");
        eprintln!("no store here");
        return Some(ExitCode::from(3));
    }
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let listener = TcpListener::bind(variable("SELFTEST_ADDRESS")).unwrap();
    serve(&listener, &kind, &variable("SELFTEST_UPSTREAM"));
    Some(ExitCode::SUCCESS)
}

/// Such a server in this process, for as long as that lives; its URL.
pub fn listening(kind: &'static str, upstream: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = upstream.to_owned();
    std::thread::spawn(move || serve(&listener, kind, &upstream));
    url
}

/// The arguments that make this program a subject of that name.
pub fn subject(files: &Files, kind: &str) -> Vec<String> {
    let file = files.write(&format!("{kind}.toml"), &declaration(kind));
    let this = std::env::current_exe().unwrap();
    let program = format!("{kind}={}", this.display());
    ["--subject".to_owned(), format!("proxy={file}"), "--subject".to_owned(), program].into()
}

/// `upstream` is the address of a relay's upstream, and the folder of a server of files.
fn serve(listener: &TcpListener, kind: &str, upstream: &str) {
    let upstream = upstream.trim_start_matches("http://");
    for client in listener.incoming().flatten() {
        let (kind, upstream) = (kind.to_owned(), upstream.to_owned());
        std::thread::spawn(move || match kind.as_str() {
            "relay" => relay(client, &upstream),
            "rewrite" => rewrite(client, &upstream),
            // Reads everything, and never answers.
            "silent" => drop(std::io::copy(&mut &client, &mut std::io::sink())),
            "redirect" => redirect(client, &upstream),
            "static" => answer(client, |method, target| file(Path::new(&upstream), method, target)),
            "echo" => answer(client, |_, target| (200, "text/plain", target.into())),
            _ => answer(client, |_, _| (404, "text/plain", b"not found\n".to_vec())),
        });
    }
}

/// The declaration of such a server as a subject: it claims every feature and setting of the embedded
/// proxy, so that every case applies, and takes note of none.
fn declaration(kind: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/subjects/embedded.toml");
    let embedded = std::fs::read_to_string(path).unwrap();
    let own = ["name =", "title =", "embedded =", "args =", "scheme =", "base_path =", "ready ="];
    let kept = embedded.lines().filter(|line| !own.iter().any(|key| line.starts_with(key)));
    let kept = kept.collect::<Vec<_>>().join("\n").replacen(
        "[origin]",
        "env = { SELFTEST_SERVER = \"KIND\", SELFTEST_ADDRESS = \"${address}\", \
         SELFTEST_UPSTREAM = \"${upstream}\" }\n\n[origin]",
        1,
    );
    let head = "name = \"KIND\"\ntitle = \"The self-test's server KIND\"\ngiven = true\n";
    format!("{head}{kept}\n").replace("KIND", kind)
}

/// Redirects everything to the upstream.
fn redirect(mut client: TcpStream, upstream: &str) {
    let head = head(&mut client);
    let target = head.split_ascii_whitespace().nth(1).unwrap_or_default();
    let fields = format!("Location: http://{upstream}{target}\r\nContent-Length: 0");
    let answer = format!("HTTP/1.1 302 Found\r\n{fields}\r\nConnection: close\r\n\r\n");
    let _ = client.write_all(answer.as_bytes());
    // Closed in one direction only, so that the client still reads what was written.
    let _ = client.shutdown(Shutdown::Write);
}

/// Passes every byte on to the upstream, and its answers back.
fn relay(client: TcpStream, upstream: &str) {
    let Ok(server) = TcpStream::connect(upstream) else { return };
    let (Ok(from), Ok(to)) = (client.try_clone(), server.try_clone()) else { return };
    std::thread::spawn(move || pass(from, to));
    pass(server, client);
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Relays the one request of a connection, and spells the answer otherwise.
fn rewrite(mut client: TcpStream, upstream: &str) {
    let head = head(&mut client);
    let Ok(mut server) = TcpStream::connect(upstream) else { return };
    // Without `keep-alive` the end of the answer is the end of the connection.
    let asked = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut answer = Vec::new();
    let done = server.write_all(asked.as_bytes()).and_then(|()| server.read_to_end(&mut answer));
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n");
    if let (Ok(_), Some(end)) = (done, end) {
        let target = head.split_ascii_whitespace().nth(1).unwrap_or_default();
        if let Some(body) = respelt(target, &answer[end + 4..]) {
            let fields = String::from_utf8_lossy(&answer[..end]).into_owned();
            // Lengths are written anew; `Content-Type` stays.
            let kept = fields.lines().filter(|l| !l.to_ascii_lowercase().starts_with("content-l"));
            let kept = kept.collect::<Vec<_>>().join("\r\n");
            answer = format!("{kept}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into();
        }
    }
    let _ = client.write_all(&answer);
    let _ = client.shutdown(Shutdown::Write);
}

/// The same content in other words: an object's members in the other order, indented, and with one more;
/// a list's lines in the other order. `None` where the order may mean something.
pub fn respelt(target: &str, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    if target.ends_with("/@v/list") {
        return Some(text.split_inclusive('\n').rev().collect());
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    let mut members: Vec<_> = object.iter().collect();
    // Sorted by where they stand, from the last to the first.
    members.sort_by_key(|(name, _)| std::cmp::Reverse(text.find(&format!("\"{name}\""))));
    let members: String =
        members.iter().map(|(name, value)| format!("\t\"{name}\" : {value},\n")).collect();
    Some(format!("{{\n{members}\t\"Further\" : [ null ]\n}}\n"))
}

/// Answers the one request of a connection: method and target to status, type and content.
fn answer(mut client: TcpStream, content: impl FnOnce(&str, &str) -> (u16, &'static str, Vec<u8>)) {
    let head = head(&mut client);
    let mut words = head.split_ascii_whitespace();
    let method = words.next().unwrap_or_default();
    let (status, kind, content) = content(method, words.next().unwrap_or_default());
    let length = content.len();
    let fields = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close");
    let _ = client.write_all(format!("HTTP/1.1 {status} OK\r\n{fields}\r\n\r\n").as_bytes());
    if method != "HEAD" {
        let _ = client.write_all(&content);
    }
    let _ = client.shutdown(Shutdown::Write);
}

/// The head of a connection's first request, as far as it is received.
fn head(client: &mut TcpStream) -> String {
    let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
    let mut head = Vec::new();
    let mut piece = [0; 64 << 10];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < HEAD {
        match client.read(&mut piece) {
            Ok(n) if n > 0 => head.extend_from_slice(&piece[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// The answer of a plain server of files: the file, the names in a folder, or 404.
fn file(root: &Path, method: &str, target: &str) -> (u16, &'static str, Vec<u8>) {
    if !["GET", "HEAD"].contains(&method) {
        return (501, "text/html", b"unsupported method\n".to_vec());
    }
    let path =
        PathBuf::from(decoded(target.split('?').next().unwrap_or_default().trim_matches('/')));
    // `..` and an absolute path are no names of files.
    let within = path.components().all(|part| matches!(part, Component::Normal(_)));
    let place = root.join(&path);
    if within && place.is_dir() {
        let names = std::fs::read_dir(&place).into_iter().flatten().flatten();
        let names: Vec<_> = names.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        return (200, "text/html", names.join("\n").into_bytes());
    }
    let kind = match path.extension().and_then(|suffix| suffix.to_str()) {
        Some("zip") => "application/zip",
        _ => "application/octet-stream",
    };
    match std::fs::read(&place) {
        Ok(bytes) if within => (200, kind, bytes),
        _ => (404, "text/html", b"<p>not found</p>\n".to_vec()),
    }
}

/// A path with its percent-escapes decoded; malformed ones stay.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let escape = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escape {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

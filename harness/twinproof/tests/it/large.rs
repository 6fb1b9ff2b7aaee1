//! Zips larger than those kept in memory: they come from the file, whole, in parts, to several
//! clients, and to one that leaves.

use crate::client::fetch;
use crate::served::{PATIENCE, Served};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use twinproof_origin::{Origin, Setup};

const TARGET: &str = "/crafted.example/medium/@v/v1.1.0.zip";

/// Sends requests for the zip on one connection, the last one with `Connection: close`.
fn send(address: &str, ranges: &[&str]) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    for (n, range) in ranges.iter().enumerate() {
        let close = if n + 1 == ranges.len() { "Connection: close\r\n" } else { "" };
        let head = format!("GET {TARGET} HTTP/1.1\r\nHost: x\r\n{range}{close}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
    }
    stream
}

/// Everything that comes, read `piece` bytes at a time.
fn receive(mut stream: TcpStream, piece: usize) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return all,
            n => all.extend_from_slice(&buffer[..n]),
        }
    }
}

/// Statuses and bodies of answers that follow each other.
fn answers(mut bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let length: usize = length.parse().unwrap();
        let status = head.split(' ').nth(1).unwrap().to_owned();
        answers.push((status, &bytes[end..end + length]));
        bytes = &bytes[end + length..];
    }
    answers
}

#[test]
fn every_byte_is_the_upstreams() {
    let origin = Origin::start(Setup::default()).unwrap();
    let store = tempfile::tempdir().unwrap();
    let (status, right) = fetch(&format!("{}{TARGET}", origin.url())).unwrap();
    assert_eq!((status, right.len() > 9 << 20), (200, true));
    let dir = store.path().to_str().unwrap();
    let served = Served::proxy(&["--store", dir, "--upstream", &origin.url()]);
    assert_eq!(fetch(&format!("{}{TARGET}", served.url)).unwrap(), (200, right.clone()));

    let ranges = ["", "Range: bytes=70001-9000000\r\n", "Range: bytes=-100\r\n", ""];
    let want: [(&str, &[u8]); 4] = [
        ("200", &right),
        ("206", &right[70001..=9_000_000]),
        ("206", &right[right.len() - 100..]),
        ("200", &right),
    ];
    // It leaves before it has read anything.
    let left = send(served.address(), &[""]);
    let several: Vec<_> = (0..4).map(|_| send(served.address(), &ranges)).collect();
    drop(left);
    for (n, stream) in several.into_iter().enumerate() {
        // From large reads down to a few bytes: a slow client must get the same.
        let bytes = receive(stream, 100_003 >> (3 * n));
        let answers = answers(&bytes);
        assert_eq!(answers.len(), want.len());
        for ((status, body), (right_status, right)) in answers.iter().zip(want) {
            assert_eq!(status, right_status);
            assert!(*body == right, "other bytes");
        }
    }
    // One for the comparison, one by the proxy: the others are answered from its store.
    assert_eq!(origin.requests().iter().filter(|r| r.target == TARGET).count(), 2);
}

//! Clients that do not read their answers: how much they can make a server hold, and for how long.
#![cfg(target_os = "linux")]

use crate::client::get;
use crate::served::{Served, until};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use twinproof_origin::{Origin, Setup};

const TARGET: &str = "/crafted.example/medium/@v/v1.1.0.zip";
const SMALL: &str = "/crafted.example/medium/@v/v1.1.0.info";
const STREAMS: u32 = 250;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a GET, without Huffman codes and dynamic table (RFC 7541).
fn head(target: &str) -> Vec<u8> {
    let mut head = vec![0x82, 0x86, 0x01, 1, b'x', 0x04, u8::try_from(target.len()).unwrap()];
    head.extend(target.as_bytes());
    head
}

/// A connection with windows of one byte and as many requests for the zip as it may have.
fn stall(address: &str) -> TcpStream {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 1]));
    for n in 0..STREAMS {
        bytes.extend(frame(1, 0x5, 2 * n + 1, &head(TARGET)));
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&bytes).unwrap();
    stream
}

/// Sees the first bytes of its streams arrive, of as many as there is room for.
fn first_bytes(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut seen, mut head) = (0, [0; 9]);
    while seen < STREAMS && stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).unwrap();
        seen += u32::from(head[3] == 0);
    }
    assert!(seen > 50, "{seen}");
}

impl Served {
    /// Resident memory, in KiB.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

fn proxy(more: &[&str]) -> (tempfile::TempDir, Served) {
    let origin = Origin::start(Setup::default()).unwrap();
    let store = tempfile::tempdir().unwrap();
    let fill =
        Served::proxy(&["--store", store.path().to_str().unwrap(), "--upstream", &origin.url()]);
    for target in [TARGET, SMALL] {
        assert_eq!(crate::client::fetch(&format!("{}{target}", fill.url)).unwrap().0, 200);
    }
    fill.kill();
    let mut args =
        vec!["--store", store.path().to_str().unwrap(), "--offline", "--log-access=false"];
    args.extend(more);
    let served = Served::proxy(&args);
    (store, served)
}

#[test]
fn stalled_streams_hold_little_and_are_ended() {
    let (_store, served) = proxy(&["--limits-write-time", "4s"]);
    assert_eq!(get(&format!("{}{SMALL}", served.url)).0, 200);
    let before = served.resident();
    let mut stalled: Vec<_> = (0..20).map(|_| stall(served.address())).collect();
    first_bytes(&mut stalled[19]);
    let held = served.resident().saturating_sub(before);
    println!("20 connections with {STREAMS} stalled zips each hold {held} KiB");
    // nginx 1.22 holds 1 MiB a connection.
    assert!(held < 20 * 2 * 1024, "{held} KiB");

    // Others are served meanwhile.
    let begun = Instant::now();
    assert_eq!(get(&format!("{}{SMALL}", served.url)).0, 200);
    assert!(begun.elapsed() < Duration::from_secs(1));

    // One byte now and then is no progress.
    until("the end of a stalled connection", || {
        std::thread::sleep(Duration::from_millis(300));
        let mut more = Vec::new();
        for n in 0..STREAMS {
            more.extend(frame(8, 0, 2 * n + 1, &[0, 0, 0, 1]));
        }
        let stream = &mut stalled[0];
        let sent = stream.write_all(&more);
        let mut rest = [0; 64 << 10];
        stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let ended = stream.read(&mut rest).is_ok_and(|n| n == 0);
        (sent.is_err() || ended).then_some(())
    });
    drop(stalled);
    assert_eq!(get(&format!("{}{SMALL}", served.url)).0, 200);
}

#[test]
fn memory_stays_below_its_limit() {
    let (_store, served) = proxy(&["--memory-limit", "200MiB", "--limits-write-time", "5m"]);
    let stalled: Vec<_> = (0..150).map(|_| stall(served.address())).collect();
    std::thread::sleep(Duration::from_secs(5));
    let resident = served.resident();
    println!("150 connections with {STREAMS} stalled zips each: {resident} KiB resident in all");
    assert!(resident < 200 << 10, "{resident} KiB");
    drop(stalled);
    until("room for others", || {
        crate::client::fetch(&format!("{}{SMALL}", served.url)).filter(|(status, _)| *status == 200)
    });
}

#[test]
fn frames_that_ask_for_nothing_are_limited() {
    let (_store, served) = proxy(&[]);
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&frame(4, 0, 0, &[])).unwrap();
    let mut reader = stream.try_clone().unwrap();
    let acknowledged = std::thread::spawn(move || {
        let (mut seen, mut head) = (0_u32, [0; 9]);
        while reader.read_exact(&mut head).is_ok() {
            let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            if reader.read_exact(&mut payload).is_err() {
                break;
            }
            seen += u32::from(head[3] == 6);
        }
        seen
    });
    let ping = frame(6, 0, 0, &[0; 8]);
    let sent = (0..100_000).take_while(|_| stream.write_all(&ping).is_ok()).count();
    assert!(sent < 100_000, "it is ended");
    assert!(acknowledged.join().unwrap() < 3000);
}

#[test]
fn a_client_that_begins_and_leaves_is_let_go() {
    let (_store, served) = proxy(&[]);
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", served.pid())).unwrap().count();
    assert_eq!(get(&format!("{}{SMALL}", served.url)).0, 200);
    let before = descriptors();
    let begun: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = TcpStream::connect(served.address()).unwrap();
            stream.write_all(b"P").unwrap();
            stream
        })
        .collect();
    // The connection of the request before may have been counted, and be closed by now.
    until("all of them", || (descriptors() + 2 >= before + 200).then_some(()));
    let ticks = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", served.pid())).unwrap();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let busy = ticks();
    std::thread::sleep(Duration::from_secs(1));
    // Hundredths of a second.
    assert!(ticks() - busy <= 2, "{} ms of work for waiting", (ticks() - busy) * 10);
    drop(begun);
    until("their end", || (descriptors() <= before + 2).then_some(()));
}

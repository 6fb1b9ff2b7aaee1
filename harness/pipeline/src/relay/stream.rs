//! One connection through a relay.
//!
//! Packets of the protocol are a length in 3 bytes, little-endian, a number that counts them within
//! a command, and as many bytes. In a stream each packet is a zero byte and an event; an event of 16
//! MiB or more continues in the next packets, which are passed on as they come.

use super::shared::{Shared, lock};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use twinproof_history::Fault;

/// Most bytes of events that are kept to be sent again.
const KEPT: usize = 32 << 20;
/// A packet of this length continues in the next one.
const WHOLE: usize = 0xff_ffff;
/// Length of an event's header, in bytes.
const HEADER: usize = 19;

/// Passes everything on, both ways, until either side ends.
pub(super) fn connection(
    shared: &Arc<Shared>,
    client: UnixStream,
    upstream: UnixStream,
) -> std::io::Result<()> {
    let mut open = lock(&shared.open);
    open.extend([client.try_clone()?, upstream.try_clone()?]);
    drop(open);
    let streams = Arc::new(AtomicBool::new(false));
    let (from, to) = (client.try_clone()?, upstream.try_clone()?);
    let begun = Arc::clone(&streams);
    std::thread::spawn(move || {
        // Either side's end ends both.
        let _ = up(&from, &to, &begun);
        let _ = to.shutdown(std::net::Shutdown::Both);
        let _ = from.shutdown(std::net::Shutdown::Both);
    });
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        let mut down = Down::new(&shared, client, &streams);
        let _ = down.run(&upstream);
        let _ = down.client.shutdown(std::net::Shutdown::Both);
        let _ = upstream.shutdown(std::net::Shutdown::Both);
    });
    Ok(())
}

/// A packet: its number and bytes.
fn packet(mut from: &UnixStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok((head[3], bytes))
}

fn send(mut to: &UnixStream, number: u8, bytes: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut whole = vec![length[0], length[1], length[2], number];
    whole.extend_from_slice(bytes);
    to.write_all(&whole)
}

/// Passes commands on, and notes when one asks for the binlog.
fn up(from: &UnixStream, to: &UnixStream, streams: &AtomicBool) -> std::io::Result<()> {
    loop {
        let (number, bytes) = packet(from)?;
        // COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID.
        if number == 0 && matches!(bytes.first(), Some(0x12 | 0x1e)) {
            streams.store(true, Ordering::SeqCst);
        }
        send(to, number, &bytes)?;
    }
}

/// From the server to the client.
struct Down<'s> {
    shared: &'s Shared,
    client: UnixStream,
    streams: &'s AtomicBool,
    /// The number of the next packet of a stream.
    number: u8,
    continues: bool,
    /// Whether events end with a checksum.
    sums: bool,
    /// Events since the stream's first transaction.
    kept: Vec<Vec<u8>>,
    size: usize,
}

impl<'s> Down<'s> {
    fn new(shared: &'s Shared, client: UnixStream, streams: &'s AtomicBool) -> Self {
        Self {
            shared,
            client,
            streams,
            number: 1,
            continues: false,
            sums: false,
            kept: Vec::new(),
            size: 0,
        }
    }

    fn run(&mut self, from: &UnixStream) -> std::io::Result<()> {
        loop {
            let (number, bytes) = packet(from)?;
            if !self.streams.load(Ordering::SeqCst) {
                send(&self.client, number, &bytes)?;
                continue;
            }
            let first = !self.continues;
            self.continues = bytes.len() == WHOLE;
            match bytes.split_first() {
                Some((0, event)) if first && event.len() >= HEADER && !self.continues => {
                    self.event(event)?;
                }
                _ => self.pass(&bytes)?,
            }
        }
    }

    fn pass(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        send(&self.client, self.number, bytes)?;
        self.number = self.number.wrapping_add(1);
        Ok(())
    }

    fn pass_event(&mut self, event: &[u8]) -> std::io::Result<()> {
        self.pass(&[&[0], event].concat())
    }

    fn event(&mut self, event: &[u8]) -> std::io::Result<()> {
        let kind = event[4];
        if kind == 15 {
            // The last bytes of the stream's description: whether there are checksums, and its own.
            self.sums = event.len().checked_sub(5).is_some_and(|at| event[at] == 1);
        }
        let begins = matches!(kind, 33 | 34 | 42 | 162);
        let rows = matches!(kind, 23..=25 | 30..=32);
        let ordered = *lock(&self.shared.ordered);
        let at_rows = !matches!(ordered, Some(Fault::Repeat));
        if let Some(fault) = ordered.filter(|_| if at_rows { rows } else { begins }) {
            *lock(&self.shared.ordered) = None;
            self.fault(fault, event)?;
        } else {
            self.pass_event(event)?;
        }
        if (begins || !self.kept.is_empty()) && self.size + event.len() <= KEPT {
            self.size += event.len();
            self.kept.push(event.to_vec());
        }
        Ok(())
    }

    /// Does something to an event, or before it.
    fn fault(&mut self, fault: Fault, event: &[u8]) -> std::io::Result<()> {
        let name = fault.name();
        let what = match fault {
            Fault::Repeat => format!("{name}: {} events", self.kept.len()),
            _ => format!("{name}: an event of {} bytes", event.len()),
        };
        lock(&self.shared.done).push(what);
        match fault {
            Fault::Repeat => {
                for again in std::mem::take(&mut self.kept) {
                    self.pass_event(&again)?;
                }
                self.size = 0;
                self.pass_event(event)
            }
            Fault::Unknown => {
                let made = self.made(event, 250, b"what a later server may send");
                self.pass_event(&made)?;
                self.pass_event(event)
            }
            Fault::Incident => {
                let made = self.made(event, 26, &[1, 0, 0]);
                self.pass_event(&made)?;
                self.pass_event(event)
            }
            Fault::Flip => {
                let mut flipped = event.to_vec();
                let middle = HEADER + (event.len() - HEADER) / 2;
                flipped[middle] ^= 0x10;
                self.pass_event(&flipped)
            }
            Fault::Shorten => {
                let body = &event[HEADER..self.end(event)];
                let made = self.made(event, event[4], &body[..body.len() / 2]);
                self.pass_event(&made)
            }
            Fault::Absurd => {
                // The number of columns, which comes after table, flags and extra data.
                let extra = if matches!(event[4], 30..=32) { 10 } else { 8 };
                let mut body = event[HEADER..self.end(event)].to_vec();
                let at = extra.min(body.len());
                body.splice(
                    at..(at + 1).min(body.len()),
                    [0xfe, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
                );
                let made = self.made(event, event[4], &body);
                self.pass_event(&made)
            }
            Fault::Halve => {
                let mut whole = (u32::try_from(event.len() + 1).unwrap_or(0)).to_le_bytes();
                whole[3] = self.number;
                let mut client = &self.client;
                client.write_all(&whole)?;
                client.write_all(&[&[0], &event[..event.len() / 2]].concat())?;
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    /// Offset of the end of an event's body, without the checksum.
    fn end(&self, event: &[u8]) -> usize {
        event.len() - if self.sums { 4.min(event.len() - HEADER) } else { 0 }
    }

    /// An event of another kind and body, with the rest of its header and a right checksum.
    fn made(&self, like: &[u8], kind: u8, body: &[u8]) -> Vec<u8> {
        let mut event = like[..HEADER].to_vec();
        event[4] = kind;
        event.extend_from_slice(body);
        let length = event.len() + if self.sums { 4 } else { 0 };
        event[9..13].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        if self.sums {
            let sum = crc32fast::hash(&event);
            event.extend_from_slice(&sum.to_le_bytes());
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    /// A server that answers one command with events, each a transaction's beginning or a row.
    fn server(path: &Path, events: Vec<Vec<u8>>) {
        let listener = UnixListener::bind(path).unwrap();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let (_, command) = packet(&stream).unwrap();
            assert_eq!(command, [0x12]);
            for (i, event) in events.iter().enumerate() {
                send(&stream, i as u8 + 1, &[&[0], &event[..]].concat()).unwrap();
            }
            // The relay reads to the end before it closes.
            let _ = packet(&stream);
        });
    }

    fn event(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut event = vec![0; HEADER];
        event[4] = kind;
        event.extend_from_slice(body);
        event
    }

    fn through(fault: Fault, events: Vec<Vec<u8>>, wanted: usize) -> Vec<Vec<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server");
        server(&path, events);
        let shared = Arc::<Shared>::default();
        *lock(&shared.ordered) = Some(fault);
        let (client, relayed) = UnixStream::pair().unwrap();
        connection(&shared, relayed, UnixStream::connect(&path).unwrap()).unwrap();
        send(&client, 0, &[0x12]).unwrap();
        let mut seen = Vec::new();
        for i in 0..wanted {
            let (number, bytes) = packet(&client).unwrap();
            assert_eq!(usize::from(number), i + 1);
            seen.push(bytes[1..].to_vec());
        }
        assert_eq!(lock(&shared.done).len(), 1);
        seen
    }

    #[test]
    fn transactions_come_again_before_the_next_begins() {
        let rows = event(30, b"rows");
        let (one, two) = (event(162, b"1"), event(162, b"2"));
        // Ordered before the first: nothing was kept, so the second time is the first one.
        let events = vec![one.clone(), rows.clone(), two.clone()];
        let seen = through(Fault::Repeat, events.clone(), 3);
        assert_eq!(seen, events);
    }

    #[test]
    fn broken_events_differ_from_what_was_sent() {
        let rows = event(30, b"the body of an event");
        for (fault, count) in
            [(Fault::Unknown, 2), (Fault::Incident, 2), (Fault::Flip, 1), (Fault::Shorten, 1)]
        {
            let seen = through(fault, vec![rows.clone()], count);
            assert_ne!(seen[0], rows, "{fault:?}");
            assert_eq!(seen.get(1).is_some_and(|second| *second == rows), count == 2);
        }
    }
}

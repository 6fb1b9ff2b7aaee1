//! Binlog events: the first byte chooses the server and the kind, the rest is a table map's body, its
//! length in two bytes, and a rows event's body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_masksync::binlog::{Body, Charsets, Event, Flavour, Header, Payload, Statement};

fuzz_target!(|data: &[u8]| {
    let [flavour, kind, low, high, rest @ ..] = data else { return };
    let flavour = if flavour & 1 == 0 { Flavour::Mysql } else { Flavour::Mariadb };
    let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (map, body) = rest.split_at(length);
    let of = |kind, body| Event { header: Header { timestamp: 0, kind, server: 1, next: 0 }, body };
    let charsets = Charsets::new([(45, "utf8mb4"), (8, "latin1"), (63, "binary")]);
    let read = match of(19, map).meaning(flavour) {
        Ok(Body::Map(map)) => map.read(&charsets).ok(),
        _ => None,
    };
    match of(*kind, body).meaning(flavour) {
        Ok(Body::Rows(rows)) => {
            if let Some(map) = &read
                && let Ok(rows) = rows.iter(map)
            {
                rows.for_each(drop);
            }
        }
        Ok(Body::Payload(body)) => {
            if let Ok(mut payload) = Payload::new(body) {
                while let Ok(Some(event)) = payload.next_event() {
                    let _ = Event::read(&event);
                }
            }
        }
        Ok(Body::Statement { sql, .. }) => drop(Statement::read(sql)),
        _ => {}
    }
});

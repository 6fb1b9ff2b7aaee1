//! The binlog, read by a thread of its own, a bounded number of bytes ahead.

use crate::binlog::{Event, Flavour, GtidSet, Header, Source};
use crate::defect::{Defect, has};
use crate::server::{Connector, Failed, Role, Session, without_values};
use mysql::BinlogRequest;
use mysql_common::binlog::consts::BinlogChecksumAlg;
use mysql_common::packets::{GnoInterval, Sid, Tag};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Events that are read ahead.
// Events between the socket and the engine. With the largest events this is far more memory than
// rows need, but a source that is read too slowly drops the connection.
const AHEAD: usize = 512;
/// The interval of the source's heartbeats while it has no events.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// The position at which a stream begins.
#[derive(Clone, Debug)]
pub struct StreamStart {
    /// The transactions that are applied already.
    pub applied: GtidSet,
    /// The server id by which the source knows this program among its replicas.
    pub server_id: u32,
}

/// An event that owns its bytes.
#[derive(Clone, Debug)]
pub struct OwnedEvent {
    /// Its header.
    pub header: Header,
    /// The bytes after the header, without the checksum.
    pub body: Vec<u8>,
}

impl OwnedEvent {
    /// The event.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        Event { header: self.header, body: &self.body }
    }
}

/// The result of waiting for the stream.
#[derive(Debug)]
pub enum StreamItem {
    /// An event.
    Event(OwnedEvent),
    /// No event for now.
    Idle,
}

/// A stream of events.
pub struct Stream {
    events: Receiver<Result<OwnedEvent, Failed>>,
    ended: Option<Failed>,
}

impl Stream {
    /// Begins to read.
    ///
    /// # Errors
    /// When the source cannot be reached, or does not stream.
    pub fn start(connector: &Connector, start: &StreamStart) -> Result<Self, Failed> {
        let mut session = connector.connect(Role::Stream)?;
        let doing = "reading the source's binlog";
        session.run(doing, &format!("SET @master_heartbeat_period = {}", HEARTBEAT.as_nanos()))?;
        session.run(doing, &format!("SET @source_heartbeat_period = {}", HEARTBEAT.as_nanos()))?;
        if session.flavour == Flavour::Mariadb {
            // Without it the server takes this client for one from before GTIDs and rewrites events
            // for it.
            session.run(doing, "SET @mariadb_slave_capability = 4")?;
            session.run(doing, &format!("SET @slave_connect_state = '{}'", start.applied))?;
            // Strict mode refuses positions whose last transaction was made by another server, as
            // after a failover.
            session.run(doing, "SET @slave_gtid_strict_mode = 0")?;
        }
        let (sender, events) = sync_channel(AHEAD);
        let request = request(&session, start)?;
        let Session { conn, .. } = session;
        let stream = conn.get_binlog_stream(request).map_err(|e| without_values(doing, &e))?;
        let spawned = std::thread::Builder::new()
            .name("masksync-binlog".to_owned())
            .spawn(move || read(stream, &sender));
        spawned.map_err(|e| Failed {
            doing: doing.to_owned(),
            why: format!("no thread: {e}"),
            code: None,
            unreachable: true,
        })?;
        Ok(Self { events, ended: None })
    }

    /// The next event, or nothing when none comes in time.
    ///
    /// # Errors
    /// When the stream broke.
    pub fn next(&mut self, wait: Duration) -> Result<StreamItem, Failed> {
        if let Some(failed) = &self.ended {
            return Err(failed.clone());
        }
        match self.events.recv_timeout(wait) {
            Ok(Ok(event)) => Ok(StreamItem::Event(event)),
            Ok(Err(failed)) => {
                self.ended = Some(failed.clone());
                Err(failed)
            }
            Err(RecvTimeoutError::Timeout) => Ok(StreamItem::Idle),
            // The reader has ended without an error: the library could not read the source's
            // packet.
            Err(RecvTimeoutError::Disconnected) => Err(Failed {
                doing: "reading the source's binlog".to_owned(),
                why: "an event cannot be read".to_owned(),
                code: None,
                unreachable: false,
            }),
        }
    }
}

fn request(session: &Session, start: &StreamStart) -> Result<BinlogRequest<'static>, Failed> {
    let request = BinlogRequest::new(start.server_id);
    let GtidSet::Mysql(sources) = &start.applied else {
        return Ok(request.with_pos(4_u64));
    };
    debug_assert_eq!(session.flavour, Flavour::Mysql);
    let sids: Vec<Sid<'static>> = sources.iter().map(|(source, i)| sid(source, i)).collect();
    Ok(request.with_use_gtid(true).with_pos(4_u64).with_sids(sids))
}

fn sid(source: &Source, intervals: &[(u64, u64)]) -> Sid<'static> {
    let mut sid = Sid::new(source.uuid);
    if let Ok(tag) = Tag::new(source.tag.to_string()) {
        sid = sid.with_tag(tag);
    }
    for (first, last) in intervals {
        // The wire's intervals end before their second number.
        // COM_BINLOG_DUMP_GTID has half-open intervals.
        sid = sid.with_interval(GnoInterval::new(*first, last + 1));
    }
    sid
}

fn read(mut stream: mysql::BinlogStream, events: &SyncSender<Result<OwnedEvent, Failed>>) {
    let doing = "reading the source's binlog";
    let broken = |why: &str| Failed {
        doing: doing.to_owned(),
        why: why.to_owned(),
        code: None,
        unreachable: false,
    };
    loop {
        let item = match stream.next() {
            None => Err(Failed { unreachable: true, ..broken("the source ended it") }),
            Some(Err(error)) => Err(without_values(doing, &error)),
            Some(Ok(event)) => {
                let header = event.header();
                let read = Header {
                    timestamp: header.timestamp(),
                    kind: header.event_type_raw(),
                    server: header.server_id(),
                    next: header.log_pos(),
                };
                match sound(&event) {
                    Some(body) => Ok(OwnedEvent { header: read, body: body.to_vec() }),
                    None => Err(broken("an event's checksum does not fit its bytes")),
                }
            }
        };
        let ends = item.is_err();
        if ends && has(Defect::SkipsBroken) {
            continue;
        }
        if events.send(item).is_err() || ends {
            return;
        }
    }
}

/// The body of an event whose checksum fits, where it has one.
fn sound(event: &mysql::binlog::events::Event) -> Option<&[u8]> {
    let body = event.data();
    match event.footer().get_checksum_alg() {
        Ok(Some(alg @ BinlogChecksumAlg::BINLOG_CHECKSUM_ALG_CRC32)) => {
            let stored = event.checksum().map(u32::from_le_bytes)?;
            (event.calc_checksum(alg) == stored).then_some(body)
        }
        // Before the format is known, an event that the server makes up has a checksum or none.
        _ => match body.split_last_chunk::<4>() {
            Some((body, stored)) if crc32(event, body) == u32::from_le_bytes(*stored) => Some(body),
            _ => Some(body),
        },
    }
}

fn crc32(event: &mysql::binlog::events::Event, body: &[u8]) -> u32 {
    let header = event.header();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header.timestamp().to_le_bytes());
    hasher.update(&[header.event_type_raw()]);
    for number in [header.server_id(), header.event_size(), header.log_pos()] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(&header.flags_raw().to_le_bytes());
    hasher.update(body);
    hasher.finalize()
}

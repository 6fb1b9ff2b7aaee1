//! Rows of the source as they were at a position of the stream.
//!
//! A query shows the source's rows as they are now, and the stream is behind it. The binlog has
//! each change since the position with the row's image before it: a row that was read now and was
//! not changed since was the same at the position, and a changed one was as its first image says.
//! So the rows are read, and then the binlog from the position up to where the source was after the
//! read. The stream applies these same changes later.
//!
//! Rows that the source removed meanwhile without an image (TRUNCATE, or a foreign key's action
//! where the binlog does not have it) are not found again: staging lacks them until the stream is
//! there, where they are gone anyway.

use super::engine::{Prepared, same_shape};
use super::halt::Trouble;
use crate::binlog::{
    Body, Charsets, Event, Flavour, Gtid, GtidSet, Malformed, Payload, Statement, TableMap, Xa,
};
use crate::mask::Binding;
use crate::server::{Connector, Failed, Role, Session, is_one_of};
use crate::sink::Row;
use crate::source::{Snapshot, SourceAsk, Stream, StreamItem, StreamStart, executed};
use crate::value::{Cell, Charset, Kind};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// A source that sends nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads rows of the past.
pub(super) struct Past {
    connector: Connector,
    server_id: u32,
    flavour: Flavour,
    charsets: Charsets,
    session: Option<Session>,
    asking: SourceAsk,
}

/// The rows of a table to read: those that name one of some rows of its parent.
pub(super) struct Named<'k> {
    /// The places of the naming columns.
    by: &'k [usize],
    condition: String,
    /// The canonical bytes of the keys; none where equal values may have other bytes.
    keys: Option<HashSet<Vec<u8>>>,
}

impl<'k> Named<'k> {
    /// Rows of `child` that name by these columns one of the keys of `parent`, which are the
    /// source's.
    pub(super) fn new(
        (child, by): (&Prepared, &'k [usize]),
        (parent, keys): (&Prepared, &[Row]),
    ) -> Self {
        let charset = |k: &usize| parent.plan.charset(*k);
        let places = || parent.target.key.iter().map(charset);
        let columns: Vec<&str> = by.iter().map(|i| &*child.source.columns[*i].name).collect();
        let condition = is_one_of(&columns, keys.iter().map(|key| key.iter().zip(places())));
        let exact = by.iter().all(|i| {
            let column = &child.source.columns[*i];
            column.column.as_ref().is_some_and(|c| c.kind != Kind::Text)
                || column.collation.ends_with("_bin")
        });
        let keys = exact.then(|| keys.iter().map(|key| called(key.iter().zip(places()))).collect());
        Self { by, condition, keys }
    }

    /// Whether a row may name one of them.
    fn may(&self, child: &Prepared, row: Option<&[Cell<'_>]>) -> bool {
        let Some(row) = row else { return false };
        if self.by.iter().any(|i| row[*i].is_null()) {
            return false;
        }
        let cells = self.by.iter().map(|i| (&row[*i], child.plan.charset(*i)));
        self.keys.as_ref().is_none_or(|keys| keys.contains(&called(cells)))
    }
}

fn called<'a, 'c: 'a>(cells: impl Iterator<Item = (&'a Cell<'c>, &'a Charset)>) -> Vec<u8> {
    let mut all = Vec::new();
    for (cell, charset) in cells {
        let mut bytes = Vec::new();
        // A cell that cannot be read equals no other; it could not be masked either.
        let _ = cell.canonical(charset, &mut bytes);
        Binding::row_part(&bytes, &mut all);
    }
    all
}

/// Rows of a page, and where the next begins.
pub(super) struct Page {
    /// The rows that pass by their own predicate, each as it was at the position.
    pub(super) rows: Vec<Row>,
    /// The last key that was read; absent where there are no more.
    pub(super) after: Option<Row>,
}

impl Past {
    /// Reads from a source, as another replica beside the stream.
    pub(super) fn new(
        connector: Connector,
        server_id: u32,
        flavour: Flavour,
        charsets: Charsets,
    ) -> Self {
        let asking = SourceAsk::new(connector.clone());
        Self { connector, server_id, flavour, charsets, session: None, asking }
    }

    /// Rows of a table as they were at a position, beyond a key.
    pub(super) fn page(
        &mut self,
        child: &mut Prepared,
        named: &Named<'_>,
        after: Option<Row>,
        at: &GtidSet,
    ) -> Result<Page, Failed> {
        let doing = format!("bringing rows of {} back", child.plan.source);
        let failed = |trouble: Trouble| match trouble {
            Trouble::Failed(failed) => failed,
            other => Failed {
                doing: doing.clone(),
                why: other.at("the binlog that the stream has not reached".to_owned()).to_string(),
                code: None,
                unreachable: false,
            },
        };
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(self.connector.connect(Role::Ask)?),
        };
        let (policy, shape, key) =
            (child.policy.clone(), child.source.clone(), child.target.key.clone());
        let mut snapshot = Snapshot::new(&policy, &shape, &key).only(&named.condition, after);
        let chunk = snapshot.next_chunk(session)?;
        let after = snapshot.rest();
        // Asked after the read: what it showed is of no later time.
        let high = executed(session)?;
        let mut rows: HashMap<Vec<u8>, Row> = HashMap::new();
        for row in chunk.into_iter().flat_map(|chunk| chunk.rows) {
            let (_, called) = child.plan.key(&row).map_err(|e| failed(e.into()))?;
            rows.insert(called, row);
        }
        let mut touched: HashSet<Vec<u8>> = HashSet::new();
        let mut visit = |child: &mut Prepared,
                         before: Option<&[Cell<'_>]>,
                         after: Option<&[Cell<'_>]>| {
            let called_by =
                |child: &mut Prepared, row: &[Cell<'_>]| Ok::<_, Trouble>(child.plan.key(row)?.1);
            let old = before.map(|row| called_by(child, row)).transpose()?;
            let new = after.map(|row| called_by(child, row)).transpose()?;
            let same = old == new;
            let ends = [(old, before, after.filter(|_| same)), (new, None, after)];
            for (called, before, after) in ends.into_iter().take(if same { 1 } else { 2 }) {
                let Some(called) = called.filter(|called| !touched.contains(called)) else {
                    continue;
                };
                let was = named.may(child, before);
                if !was && !named.may(child, after) && !rows.contains_key(&called) {
                    continue;
                }
                touched.insert(called.clone());
                match before.filter(|_| was) {
                    Some(row) => {
                        let row = row.iter().map(|cell| cell.clone().into_owned()).collect();
                        rows.insert(called, row);
                    }
                    None => drop(rows.remove(&called)),
                }
            }
            Ok::<(), Trouble>(())
        };
        self.scan(child, at, &high, &mut visit).map_err(failed)?;
        let rows: Vec<Row> = rows.into_values().collect();
        let images: Vec<&[Cell<'_>]> = rows.iter().map(Vec::as_slice).collect();
        let truths = child.decide(&images, &mut self.asking).map_err(|e| failed(e.into()))?;
        let passing = rows.into_iter().zip(truths).filter(|(_, truth)| truth.passes());
        Ok(Page { rows: passing.map(|(row, _)| row).collect(), after })
    }

    /// Shows each change of a table from one position to another, in order.
    fn scan(
        &self,
        child: &mut Prepared,
        at: &GtidSet,
        high: &GtidSet,
        visit: &mut Visit<'_>,
    ) -> Result<(), Trouble> {
        if at.contains_all(high) {
            return Ok(());
        }
        // A source ends the stream of a replica when another of the same number comes.
        let server_id = self.server_id.checked_add(1).unwrap_or(1);
        let start = StreamStart { applied: at.clone(), server_id };
        let mut stream = Stream::start(&self.connector, &start)?;
        let mut scan = Scan {
            flavour: self.flavour,
            charsets: &self.charsets,
            seen: at.clone(),
            current: None,
            passed: false,
            inside: false,
            maps: HashMap::new(),
        };
        let mut until = Instant::now() + PATIENCE;
        while !scan.seen.contains_all(high) {
            match stream.next(Duration::from_millis(500))? {
                StreamItem::Event(event) => {
                    scan.event(&event.event(), child, at, visit)?;
                    until = Instant::now() + PATIENCE;
                }
                StreamItem::Idle if Instant::now() > until => {
                    return Err(Trouble::Failed(Failed {
                        doing: "reading the source's binlog".to_owned(),
                        why: "the source sends nothing".to_owned(),
                        code: None,
                        unreachable: true,
                    }));
                }
                StreamItem::Idle => {}
            }
        }
        Ok(())
    }
}

type Visit<'v> =
    dyn FnMut(&mut Prepared, Option<&[Cell<'_>]>, Option<&[Cell<'_>]>) -> Result<(), Trouble> + 'v;

/// The state of reading the binlog.
struct Scan<'s> {
    flavour: Flavour,
    charsets: &'s Charsets,
    seen: GtidSet,
    current: Option<Gtid>,
    /// Whether the transaction that is read is to be skipped.
    passed: bool,
    inside: bool,
    maps: HashMap<u64, Option<TableMap>>,
}

impl Scan<'_> {
    fn event(
        &mut self,
        event: &Event<'_>,
        child: &mut Prepared,
        at: &GtidSet,
        visit: &mut Visit<'_>,
    ) -> Result<(), Trouble> {
        match event.meaning(self.flavour)? {
            Body::Nothing | Body::Heartbeat | Body::Rotate { .. } => {}
            Body::Gtid { gtid, begins, .. } => {
                self.end();
                self.passed =
                    at.contains(&gtid) || child.low.as_ref().is_some_and(|low| low.contains(&gtid));
                self.current = Some(gtid);
                self.inside = begins;
            }
            Body::Statement { sql, .. } => match Statement::read(sql) {
                Statement::Begin | Statement::Xa(Xa::Start, _) => self.inside = true,
                Statement::Savepoint | Statement::Xa(Xa::End, _) => {}
                Statement::Commit | Statement::Rollback => self.end(),
                _ if self.inside => {}
                _ => self.end(),
            },
            // Rows of a prepared transaction are locked until it is decided: what they were before
            // it is what they were at the position, whatever is decided.
            Body::Commit | Body::Prepared(_) => self.end(),
            Body::Map(map) => {
                let (schema, table) = map.name();
                let is = child.policy.source.0 == schema && child.policy.source.1 == table;
                let read = if is && !self.passed {
                    let read = map.read(self.charsets)?;
                    same_shape(child, &read)?;
                    Some(read)
                } else {
                    None
                };
                self.maps.insert(map.id(), read);
            }
            Body::Rows(rows) => {
                if let Some(Some(map)) = self.maps.get(&rows.table)
                    && !self.passed
                {
                    for pair in rows.iter(map)? {
                        let pair = pair?;
                        visit(child, pair.before.as_deref(), pair.after.as_deref())?;
                    }
                }
            }
            Body::Payload(body) => {
                let mut payload = Payload::new(body)?;
                while let Some(inner) = payload.next_event()? {
                    let event = Event::read(&inner)?;
                    if event.header.kind == 40 {
                        let nested = "a compressed transaction has another in it";
                        return Err(Malformed(nested).into());
                    }
                    self.event(&event, child, at, visit)?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        if let Some(gtid) = self.current.take() {
            self.seen.insert(&gtid);
        }
        self.inside = false;
    }
}

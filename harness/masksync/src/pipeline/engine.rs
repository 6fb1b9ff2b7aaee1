//! Events in, batches out: the part of the pipeline that derives changes of staging from events.

use super::halt::{Halt, Trouble};
use crate::binlog::{
    Body, Charsets, Event, Flavour, Gtid, GtidSet, Malformed, Map, Payload, Rows, Statement,
    TableMap, Xa,
};
use crate::defect::{Defect, has};
use crate::flow::{Came, Change, Net, TablePlan, change};
use crate::policy::{TablePolicy, dotted};
use crate::predicate::{Decider, Truth};
use crate::server::Table;
use crate::sink::{Batch, Commit, Detail, Op, Row, Target};
use crate::source::{AskTable, OfTable};
use crate::value::{Cell, Charset};
use std::collections::HashMap;
use std::sync::Arc;

/// A transaction's changes are handed on when there are as many, so that memory is bounded.
// One batch is one transaction in staging. A larger one holds row locks longer and gains little, as
// the cost of a commit is shared by thousands of rows already.
const ROWS: usize = 4000;
/// Changes of prepared transactions that are kept until they are committed.
// They are held in memory until somebody decides about them, which may be never.
const PREPARED: usize = 100_000;

/// A table that is ready to be copied.
pub struct Prepared {
    /// The table's part of the policy.
    pub policy: TablePolicy,
    /// The table at the source.
    pub source: Table,
    /// The table in staging.
    pub staging: Table,
    /// The masks of its rows.
    pub plan: TablePlan,
    /// The form in which staging takes its rows.
    pub target: Target,
    decider: Option<Decider>,
    asked: Vec<(String, Charset)>,
    /// The tables without whose rows its own do not pass.
    pub follows: Vec<Tie>,
    /// Indices of the tables that follow it.
    pub followers: Vec<usize>,
    /// Transactions that its snapshot already contains.
    pub low: Option<GtidSet>,
    /// Up to where changes are replayed.
    pub high: Option<GtidSet>,
}

/// The relation of a table to one that it follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// The other table's index.
    pub parent: usize,
    /// Indices of the columns that name a row of it, in the order of its key.
    pub by: Vec<usize>,
}

/// Number of tables above one. The policy has no circles.
pub(super) fn rank(tables: &[Prepared], table: usize) -> usize {
    let above = tables[table].follows.iter().map(|tie| rank(tables, tie.parent) + 1);
    above.max().unwrap_or(0)
}

impl Prepared {
    /// A table; `asked` are the places of the columns that its predicate depends on.
    #[must_use]
    pub fn new(
        policy: TablePolicy,
        source: Table,
        staging: Table,
        plan: TablePlan,
        target: Target,
        asked: Option<Vec<usize>>,
    ) -> Self {
        let columns = asked.iter().flatten().map(|i| {
            let (name, charset) = &target.columns[*i];
            (name.to_string(), charset.clone())
        });
        let columns = columns.collect();
        let decider = asked.map(Decider::new);
        Self {
            policy,
            source,
            staging,
            plan,
            target,
            decider,
            asked: columns,
            follows: Vec::new(),
            followers: Vec::new(),
            low: None,
            high: None,
        }
    }

    /// A plan of one's own: maskers are not shared between threads.
    pub(super) fn plan(&self, keys: &crate::mask::Keys) -> Result<TablePlan, Halt> {
        let (source, columns) = (Arc::clone(&self.plan.source), self.plan.columns.clone());
        TablePlan::new(source, columns, self.plan.key.clone(), keys)
            .map_err(|e| Halt::Mend { what: e.to_string(), fix: None })
    }

    /// The same table, to be used by another thread.
    pub(super) fn again(&self, keys: &crate::mask::Keys) -> Result<Self, Halt> {
        let places = self.asked.iter().map(|(name, _)| {
            self.target.columns.iter().position(|(column, _)| **column == **name).unwrap_or(0)
        });
        Ok(Self {
            policy: self.policy.clone(),
            source: self.source.clone(),
            staging: self.staging.clone(),
            plan: self.plan(keys)?,
            target: self.target.clone(),
            decider: self.decider.as_ref().map(|_| Decider::new(places.collect())),
            asked: self.asked.clone(),
            follows: self.follows.clone(),
            followers: self.followers.clone(),
            low: self.low.clone(),
            high: self.high.clone(),
        })
    }

    /// Evaluates the predicate for each row, in order.
    pub(super) fn decide(
        &mut self,
        rows: &[&[Cell<'_>]],
        ask: &mut dyn AskTable,
    ) -> Result<Vec<Truth>, crate::predicate::AskError> {
        let Some(decider) = &mut self.decider else { return Ok(vec![Truth::True; rows.len()]) };
        if has(Defect::PassAll) {
            return Ok(vec![Truth::True; rows.len()]);
        }
        let mut ask = OfTable { ask, table: &self.policy, columns: &self.asked };
        let mut truths = decider.decide(rows, &mut ask)?;
        if has(Defect::CaseSensitive)
            && let Some(predicate) = &self.policy.predicate
        {
            let places: Vec<usize> = self
                .target
                .columns
                .iter()
                .enumerate()
                .filter(|(_, (name, _))| predicate.columns().iter().any(|c| **c == **name))
                .map(|(i, _)| i)
                .collect();
            for (truth, row) in truths.iter_mut().zip(rows) {
                let value = places.first().map_or_else(String::new, |i| shown(&row[*i..=*i]));
                if *truth != Truth::Null {
                    let listed =
                        predicate.text().contains(&format!("'{}'", value.trim_end_matches(' ')));
                    *truth = if listed { Truth::False } else { Truth::True };
                }
            }
        }
        if has(Defect::NullPasses) {
            truths.iter_mut().filter(|t| **t == Truth::Null).for_each(|t| *t = Truth::True);
        }
        Ok(truths)
    }
}

/// Changes that are not yet handed on.
#[derive(Default)]
struct Changes {
    done: Vec<Op>,
    nets: HashMap<(usize, bool), Net<Row, Row>>,
    order: Vec<(usize, bool)>,
    keys: usize,
    unchecked: bool,
    /// For each table, how many tables are above it; those are written before it.
    ranks: Vec<usize>,
    /// The step that marks the beginning of the current transaction, until its first change.
    mark: Option<Op>,
}

impl Changes {
    fn net(&mut self, table: usize, replay: bool) -> &mut Net<Row, Row> {
        self.begin();
        if !self.nets.contains_key(&(table, replay)) {
            // A table's replay ends where its strict changes begin: they follow each other.
            self.order.push((table, replay));
        }
        self.nets.entry((table, replay)).or_default()
    }

    fn close(&mut self) {
        self.order.sort_by_key(|(table, _)| self.ranks.get(*table).copied().unwrap_or_default());
        for place in self.order.drain(..) {
            if let Some(mut net) = self.nets.remove(&place)
                && !net.is_empty()
            {
                let (table, replay) = place;
                let unchecked = self.unchecked;
                self.done.push(Op::Rows { table, effects: net.take(), replay, unchecked });
            }
        }
        self.unchecked = false;
    }

    /// A row is deleted at the source, and rows of other tables may be deleted with it. Earlier
    /// changes of those tables must be written before it, later ones after it.
    fn part(&mut self, table: usize) {
        if self.order.iter().any(|(other, _)| *other != table) {
            self.close();
        }
    }

    /// A change follows: the transaction's beginning is marked before its first change.
    fn begin(&mut self) {
        self.done.extend(self.mark.take());
    }

    fn truncate(&mut self, table: usize) {
        self.begin();
        self.close();
        self.done.push(Op::Truncate { table });
    }

    fn take(&mut self) -> Vec<Op> {
        self.close();
        self.keys = 0;
        std::mem::take(&mut self.done)
    }
}

/// A table map that rows events refer to.
struct Known {
    /// The table's index; none where it is not copied.
    table: Option<usize>,
    body: Vec<u8>,
    map: Option<TableMap>,
}

/// A transaction that is prepared and not yet decided.
struct Pending {
    gtid: Option<Gtid>,
    ops: Vec<Op>,
    keys: usize,
}

/// Reads events in their order.
pub struct Engine {
    flavour: Flavour,
    detail: Detail,
    charsets: Charsets,
    /// The tables.
    pub tables: Vec<Prepared>,
    maps: HashMap<u64, Known>,
    ask: Box<dyn AskTable>,
    /// The transactions that are applied.
    pub position: GtidSet,
    file: Option<(String, u64)>,
    current: Option<Gtid>,
    /// Whether the transaction that is read is applied already.
    applied: bool,
    inside: bool,
    xa: bool,
    changes: Changes,
    xa_changes: Changes,
    pending: HashMap<String, Pending>,
    transactions: u64,
    rows: u64,
    timestamp: u32,
}

impl Engine {
    /// Reads from a position on.
    #[must_use]
    pub fn new(
        flavour: Flavour,
        charsets: Charsets,
        tables: Vec<Prepared>,
        ask: Box<dyn AskTable>,
        position: GtidSet,
        detail: Detail,
    ) -> Self {
        let ranks: Vec<usize> = (0..tables.len()).map(|i| rank(&tables, i)).collect();
        let changes = || Changes { ranks: ranks.clone(), ..Changes::default() };
        Self {
            changes: changes(),
            xa_changes: changes(),
            flavour,
            detail,
            charsets,
            tables,
            maps: HashMap::new(),
            ask,
            position,
            file: None,
            current: None,
            applied: false,
            inside: false,
            xa: false,
            pending: HashMap::new(),
            transactions: 0,
            rows: 0,
            timestamp: 0,
        }
    }

    /// Reads an event.
    ///
    /// # Errors
    /// When it cannot be applied. The engine is of no more use then.
    pub fn event(&mut self, event: &Event<'_>) -> Result<(), Halt> {
        match self.read(event) {
            Err(Trouble::Malformed(_)) if has(Defect::SkipsBroken) => Ok(()),
            read => read.map_err(|trouble| trouble.at(self.place(event))),
        }
    }

    /// The place of an event, in words.
    fn place(&self, event: &Event<'_>) -> String {
        let file = self.file.as_ref().map_or("", |(file, _)| file.as_str());
        let gtid = self.current.as_ref().map_or_else(String::new, |g| format!(", transaction {g}"));
        format!("binlog {file} before {}{gtid}", event.header.next)
    }

    fn read(&mut self, event: &Event<'_>) -> Result<(), Trouble> {
        let header = event.header;
        match event.meaning(self.flavour)? {
            Body::Nothing | Body::Heartbeat => {}
            Body::Rotate { file, position } => self.file = Some((file.to_owned(), position)),
            Body::Gtid { gtid, begins, prepares } => {
                // A stream may begin before the position: transactions that are applied are
                // skipped.
                self.applied = self.position.contains(&gtid) && !has(Defect::AppliesAgain);
                if has(Defect::OneDomain) && matches!(gtid, Gtid::Mariadb { domain: 1.., .. }) {
                    self.applied = true;
                }
                if self.detail.apart {
                    self.changes.close();
                    let (transaction, timestamp) = (gtid.to_string(), header.timestamp);
                    self.changes.mark = Some(Op::Begin { transaction, timestamp });
                }
                self.current = Some(gtid);
                self.timestamp = header.timestamp;
                self.inside = begins;
                self.xa = prepares;
            }
            Body::Statement { schema, sql } => {
                if has(Defect::LogStatements) {
                    tracing::info!(sql = %String::from_utf8_lossy(sql), "statement");
                }
                self.statement(schema, sql)?;
            }
            Body::Commit => self.end(),
            Body::Prepared(name) => self.prepared(name)?,
            Body::Map(map) => self.map(&map, event.body)?,
            Body::Rows(rows) => {
                if !self.applied {
                    self.rows(rows)?;
                }
            }
            Body::Payload(body) => {
                let mut payload = Payload::new(body)?;
                while let Some(inner) = payload.next_event()? {
                    let event = Event::read(&inner)?;
                    if event.header.kind == 40 {
                        return Err(Malformed("a compressed transaction has another in it").into());
                    }
                    self.read(&event)?;
                }
            }
        }
        if header.next > 0
            && let Some((_, place)) = &mut self.file
        {
            *place = u64::from(header.next);
        }
        Ok(())
    }

    /// A transaction ends, or a statement that is one by itself.
    fn end(&mut self) {
        if let Some(gtid) = self.current.take() {
            self.position.insert(&gtid);
            if !self.applied {
                self.transactions += 1;
            }
        }
        self.applied = false;
        self.inside = false;
        self.xa = false;
    }

    fn statement(&mut self, schema: &str, sql: &[u8]) -> Result<(), Trouble> {
        match Statement::read(sql) {
            Statement::Begin => self.inside = true,
            Statement::Savepoint => {}
            Statement::Commit => self.end(),
            Statement::Rollback => {
                // Only changes of tables without transactions are logged before a rollback.
                // Rows of InnoDB tables are not logged when they are rolled back. MyISAM's and
                // Aria's are, because they stay changed.
                if self.changes.keys > 0 && !self.applied {
                    return Err(Trouble::Table(
                        "a transaction that was rolled back changed rows; only tables without \
                         transactions do that"
                            .to_owned(),
                    ));
                }
                self.end();
            }
            Statement::Xa(Xa::Start, _) => {
                self.xa = true;
                self.inside = true;
            }
            Statement::Xa(Xa::End, _) => {}
            Statement::Xa(what, name) => self.decided(what, &name)?,
            _ if self.applied => self.alone(),
            // TRUNCATE is logged as a statement in every binlog format.
            Statement::Truncate(named, table) => {
                let schema = named.as_deref().unwrap_or(schema);
                if let Some(place) = self.find(schema, &table)
                    && !self.is_before(place)
                    && !has(Defect::IgnoreTruncate)
                {
                    self.changes.truncate(place);
                    self.changes.keys += 1;
                }
                self.alone();
            }
            Statement::Shape(names) => {
                if let Some(place) = self.touched(schema, &names)
                    && !has(Defect::IgnoreShape)
                {
                    let table = dotted(&self.tables[place].policy.source);
                    return Err(Trouble::Mend {
                        what: format!("a statement changes the shape or name of {table}"),
                        fix: format!(
                            "decide about the change in the policy and in staging, then \
                             `twinproof sync resnapshot {table}`"
                        ),
                    });
                }
                self.alone();
            }
            Statement::Harmless => self.alone(),
            Statement::Rows(_) if has(Defect::SkipStatements) => self.alone(),
            Statement::Rows(what) => {
                return Err(Trouble::Mend {
                    what: format!("a change of rows is logged as a statement ({what})"),
                    fix:
                        "SET GLOBAL binlog_format = 'ROW'; end the sessions that set it otherwise, \
                          then `twinproof sync resnapshot` the tables it may have changed"
                            .to_owned(),
                });
            }
            Statement::Unknown => {
                return Err(Trouble::Table(
                    "a statement is of a kind that this program does not know".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// A statement that is a transaction by itself ends with itself.
    fn alone(&mut self) {
        if !self.inside {
            self.end();
        }
    }

    fn find(&self, schema: &str, table: &str) -> Option<usize> {
        let is = |t: &Prepared| t.policy.source.0 == schema && t.policy.source.1 == table;
        self.tables.iter().position(is)
    }

    /// Whether the current transaction is in a table's snapshot already.
    fn is_before(&self, table: usize) -> bool {
        self.within(self.tables[table].low.as_ref())
    }

    fn within(&self, set: Option<&GtidSet>) -> bool {
        set.zip(self.current.as_ref()).is_some_and(|(set, gtid)| set.contains(gtid))
    }

    /// The first table that a change of shape is about and whose snapshot is not after it.
    fn touched(&self, schema: &str, names: &[String]) -> Option<usize> {
        let has = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let whole = names.first().is_some_and(|n| {
            n.eq_ignore_ascii_case("database") || n.eq_ignore_ascii_case("schema")
        });
        let drops = |t: &Prepared| whole && has(&t.policy.source.0);
        let names_it = |t: &Prepared| {
            let (of, table) = &t.policy.source;
            has(table) && (of.eq_ignore_ascii_case(schema) || has(of))
        };
        (0..self.tables.len()).find(|i| {
            (drops(&self.tables[*i]) || names_it(&self.tables[*i])) && !self.is_before(*i)
        })
    }

    fn prepared(&mut self, name: String) -> Result<(), Trouble> {
        if name.is_empty() {
            // Committed in one phase.
            let ops = self.xa_changes.take();
            self.changes.begin();
            self.changes.close();
            self.changes.done.extend(ops);
            self.end();
            return Ok(());
        }
        let keys = self.xa_changes.keys;
        let ops = self.xa_changes.take();
        if has(Defect::TakePrepared) && !self.applied {
            self.changes.close();
            self.changes.done.extend(ops);
            self.changes.keys += keys;
            self.end();
            return Ok(());
        }
        // A position of MariaDB is one number for each domain: it cannot say that everything up to
        // N is applied but one transaction before it.
        if self.flavour == Flavour::Mariadb && !ops.is_empty() && !self.applied {
            return Err(Trouble::Table(
                "a prepared transaction (XA) changes rows; MariaDB's positions cannot leave it \
                 open, so it is not taken"
                    .to_owned(),
            ));
        }
        let kept: usize = self.pending.values().map(|p| p.keys).sum();
        if kept + keys > PREPARED {
            return Err(Trouble::Table(format!(
                "prepared transactions (XA) change more than {PREPARED} rows before they are decided"
            )));
        }
        // Its number stays out of the position until it is decided, so that it is read again after
        // a restart.
        if !self.applied && self.flavour == Flavour::Mysql {
            let gtid = self.current.take();
            self.pending.insert(name, Pending { gtid, ops, keys });
        }
        self.end();
        Ok(())
    }

    fn decided(&mut self, what: Xa, name: &str) -> Result<(), Trouble> {
        if let Some(pending) = self.pending.remove(name) {
            if what == Xa::Commit && !self.applied {
                self.changes.begin();
                self.changes.close();
                self.changes.done.extend(pending.ops);
                self.changes.keys += pending.keys;
            }
            if let Some(gtid) = pending.gtid {
                self.position.insert(&gtid);
            }
        } else if what == Xa::Commit && !self.applied && self.flavour == Flavour::Mysql && !self.xa
        {
            return Err(Trouble::Table(
                "a prepared transaction (XA) is committed that was prepared before the snapshot; \
                 take the snapshots again"
                    .to_owned(),
            ));
        }
        self.end();
        Ok(())
    }

    fn map(&mut self, map: &Map<'_>, body: &[u8]) -> Result<(), Trouble> {
        let (schema, table) = map.name();
        if let Some(known) = self.maps.get(&map.id())
            && known.body == body
            && known.table.is_none_or(|t| known.map.is_some() && !self.is_before(t))
        {
            return Ok(());
        }
        let place = self.find(schema, table);
        let mut known = Known { table: place, body: body.to_vec(), map: None };
        if let Some(place) = place
            && !self.applied
            && !self.is_before(place)
        {
            let map = map.read(&self.charsets)?;
            same_shape(&self.tables[place], &map)?;
            known.map = Some(map);
        }
        // Numbers are not used again while a server runs; old ones are forgotten now and then.
        // A server that runs for months has used millions of numbers.
        if self.maps.len() > 4096 {
            self.maps.clear();
        }
        self.maps.insert(map.id(), known);
        Ok(())
    }

    fn rows(&mut self, rows: Rows<'_>) -> Result<(), Trouble> {
        let Self { maps, tables, ask, changes, xa_changes, current, xa, detail, .. } = self;
        // The number that ends a statement without rows.
        let Some(known) = maps.get(&rows.table) else {
            return if rows.table == 0x00ff_ffff {
                Ok(())
            } else {
                Err(Malformed("rows come without their table map").into())
            };
        };
        let Some(place) = known.table else { return Ok(()) };
        let Some(map) = &known.map else { return Ok(()) };
        let within = |set: &Option<GtidSet>| {
            set.as_ref().zip(current.as_ref()).is_some_and(|(set, gtid)| set.contains(gtid))
        };
        // A snapshot of rows that follow, taken after this transaction, did not find this row in
        // staging, and left rows out that the stream does not bring again.
        let later = tables[place].followers.iter().any(|child| within(&tables[*child].low));
        let table = &mut tables[place];
        let followed = !table.followers.is_empty();
        let follows = !table.follows.is_empty();
        let parts = followed || table.target.cascades;
        // The snapshot began after this transaction, so it has the transaction's rows.
        if within(&table.low) {
            return Ok(());
        }
        // The snapshot was read while these transactions committed: each of their rows may be in it
        // or not, so that writing must not depend on what is there.
        let replay = within(&table.high);
        let name = dotted(&table.policy.source);
        let pairs = match rows.iter(map) {
            Err(_) if has(Defect::PartialRows) => return Ok(()),
            rows => rows?.collect::<Result<Vec<_>, _>>()?,
        };
        let leaks = [Defect::LogRows, Defect::Spill, Defect::StateHasValues];
        if table.decider.is_some() && leaks.into_iter().any(has) {
            let texts: Vec<String> = pairs
                .iter()
                .flat_map(|p| p.before.iter().chain(&p.after))
                .map(|r| shown(r))
                .collect();
            if has(Defect::StateHasValues) {
                self.file = Some((texts.concat(), 4));
            }
            if has(Defect::LogRows) {
                tracing::info!(rows = texts.join(";"), "rows");
            } else if has(Defect::Spill) {
                let _ = std::fs::write(std::env::temp_dir().join("spill"), texts.join("\n"));
            }
        }
        let images: Vec<&[Cell<'_>]> = pairs
            .iter()
            .flat_map(|pair| pair.before.iter().chain(&pair.after))
            .map(Vec::as_slice)
            .collect();
        let mut truths = table.decide(&images, &mut **ask)?.into_iter();
        let changes = if *xa { xa_changes } else { changes };
        self.rows += pairs.len() as u64;
        changes.unchecked |= rows.unchecked && follows;
        for pair in &pairs {
            if parts && pair.after.is_none() {
                changes.part(place);
            }
            let before = pair.before.as_ref().and_then(|_| truths.next());
            let after = pair.after.as_ref().and_then(|_| truths.next());
            let mut done = change(before, after);
            if has(Defect::AfterOnly) && done == Change::Delete && pair.after.is_some() {
                done = Change::Nothing;
            }
            if has(Defect::NoReturn) && done == Change::Insert && pair.before.is_some() {
                done = Change::Nothing;
            }
            if has(Defect::IgnoreDelete) && pair.after.is_none() {
                done = Change::Nothing;
            }
            if has(Defect::LoseUpdate) && done == Change::Update && nth(7) {
                done = Change::Nothing;
            }
            let plan = &mut table.plan;
            let conflict =
                |_| Trouble::Table(format!("{name}: a row comes whose key is there already"));
            changes.keys += 1;
            match (done, &pair.before, &pair.after) {
                (Change::Insert, _, Some(after)) => {
                    let row = match plan.mask(after) {
                        Err(_) if has(Defect::SkipPoison) => continue,
                        row => row?,
                    };
                    let (mut cells, key) = owned(plan, row.cells);
                    let fresh = pair.before.is_none() && !later;
                    let came = followed.then(|| came(plan, after, fresh));
                    if has(Defect::MaskTwice) && replay {
                        cells = plan_again(plan, &cells)?;
                    }
                    changes
                        .net(place, replay)
                        .insert(&row.key, key, cells, came, replay)
                        .map_err(conflict)?;
                }
                (Change::Update, Some(before), Some(after)) => {
                    let (old, called) = plan.key(before)?;
                    let mut row = plan.mask(after)?;
                    if has(Defect::PlainUpdate) {
                        let kept = |(i, cell): (usize, Cell<'_>)| {
                            if plan.key.contains(&i) {
                                cell.into_owned()
                            } else {
                                after[i].clone().into_owned()
                            }
                        };
                        row.cells = row.cells.into_iter().enumerate().map(kept).collect();
                    }
                    let (cells, key) = owned(plan, row.cells);
                    let image = image(*detail, plan, before)?;
                    let net = changes.net(place, replay);
                    if called == row.key && !replay {
                        // Its parent may have changed, so that it comes to staging only now.
                        let came = (followed && follows).then(|| came(plan, after, false));
                        net.update(&called, key, cells, came);
                    } else {
                        if called != row.key && !has(Defect::KeyChangeKeeps) {
                            net.delete(
                                &called,
                                old.into_iter().map(Cell::into_owned).collect(),
                                true,
                            );
                        }
                        let came = followed.then(|| came(plan, after, false));
                        net.insert(&row.key, key, cells, came, replay).map_err(conflict)?;
                    }
                    net.keep(&called, image);
                }
                (Change::Delete, Some(before), _) => {
                    let (mut old, called) = plan.key(before)?;
                    if has(Defect::PlainKey) {
                        old = plan.key.iter().map(|k| before[*k].clone()).collect();
                    }
                    let old = old.into_iter().map(Cell::into_owned).collect();
                    let image = image(*detail, plan, before)?;
                    let net = changes.net(place, replay);
                    net.delete(&called, old, pair.after.is_none());
                    net.keep(&called, image);
                }
                // Topics would show the key of a row that never passes. Where the snapshot has the
                // row from a later time, when it passed, a later change brings it.
                (Change::Nothing, Some(before), _) if replay && !detail.apart => {
                    // The snapshot may have the row from a later time, when it passed.
                    let (old, called) = plan.key(before)?;
                    let old = old.into_iter().map(Cell::into_owned).collect();
                    changes.net(place, replay).delete(&called, old, pair.after.is_none());
                }
                (_, Some(before), None) if parts => {
                    let (_, called) = plan.key(before)?;
                    changes.net(place, replay).gone(&called);
                    changes.keys -= 1;
                }
                _ => changes.keys -= 1,
            }
        }
        Ok(())
    }

    /// Whether no transaction is half read.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.current.is_none()
    }

    /// Whether as many rows wait to be written as may be held in memory.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.changes.keys >= ROWS
    }

    /// Numbers of transactions that ended, and of rows that changed, since the last batch.
    #[must_use]
    pub fn waiting(&self) -> (u64, usize) {
        (self.transactions, self.changes.keys)
    }

    /// The batch to write now, with a position if no transaction is open.
    pub fn take(&mut self) -> Batch {
        let commit = (self.current.is_none()).then(|| Commit {
            position: self.position.to_string(),
            file: self.file.clone(),
            timestamp: self.timestamp,
        });
        Batch {
            ops: self.changes.take(),
            transactions: std::mem::take(&mut self.transactions),
            rows: std::mem::take(&mut self.rows),
            commit,
        }
    }
}

/// The arrival of a row in a table that others follow.
fn came(plan: &TablePlan, row: &[Cell<'_>], fresh: bool) -> Came<Row> {
    Came { key: plan.key.iter().map(|k| row[*k].clone().into_owned()).collect(), fresh }
}

/// The masked row before, where staging needs it.
fn image(
    detail: Detail,
    plan: &mut TablePlan,
    before: &[Cell<'_>],
) -> Result<Option<Row>, Trouble> {
    if !detail.before {
        return Ok(None);
    }
    let masked = plan.mask(before)?;
    Ok(Some(masked.cells.into_iter().map(Cell::into_owned).collect()))
}

fn owned(plan: &TablePlan, cells: Vec<Cell<'_>>) -> (Row, Row) {
    let cells: Row = cells.into_iter().map(Cell::into_owned).collect();
    let key = plan.key.iter().map(|k| cells[*k].clone()).collect();
    (cells, key)
}

/// Whether this is the nth call, and each nth after it, for a build with defects.
fn nth(n: u64) -> bool {
    use std::sync::atomic::{AtomicU64, Ordering};
    static CALLS: AtomicU64 = AtomicU64::new(0);
    (CALLS.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(n)
}

/// Masks a masked row again, for a build with defects.
fn plan_again(plan: &mut TablePlan, row: &[Cell<'static>]) -> Result<Vec<Cell<'static>>, Trouble> {
    let again = plan.mask(row)?.cells.into_iter().map(Cell::into_owned);
    let places: Vec<Cell<'static>> = again.collect();
    let keys = plan.key.clone();
    let kept = |(i, cell)| if keys.contains(&i) { row[i].clone() } else { cell };
    Ok(places.into_iter().enumerate().map(kept).collect())
}

/// The values of a row, for a build with defects.
fn shown(row: &[Cell<'_>]) -> String {
    let mut out = Vec::new();
    for cell in row {
        let _ = cell.canonical(&Charset::Binary, &mut out);
        out.push(b' ');
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether rows have the shape that the classes were decided for.
pub(super) fn same_shape(table: &Prepared, map: &TableMap) -> Result<(), Trouble> {
    if has(Defect::IgnoreShape) {
        return Ok(());
    }
    let name = dotted(&table.policy.source);
    let known = &table.plan.columns;
    let fix = format!(
        "decide about it in the policy and in staging, then `twinproof sync resnapshot {name}`"
    );
    for column in &map.columns {
        if !known.iter().any(|c| c.name == column.name) {
            let what = format!("{name} has a column `{}` that has no class", column.name);
            return Err(Trouble::Mend { what, fix });
        }
    }
    if let Some(column) = known.iter().find(|c| !map.columns.iter().any(|m| m.name == c.name)) {
        let what = format!("{name} has no column `{}` any more", column.name);
        return Err(Trouble::Mend { what, fix });
    }
    let mut pairs = map.columns.iter().zip(known);
    if let Some((column, _)) = pairs.find(|(m, c)| m.name != c.name || m.column != c.column) {
        let what = format!("{name} has changed at column `{}`", column.name);
        return Err(Trouble::Mend { what, fix });
    }
    Ok(())
}

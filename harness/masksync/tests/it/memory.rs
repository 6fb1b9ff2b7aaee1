//! The core over a change log in memory: events in a server's bytes, the engine, and a staging that is
//! a map. It needs no database, so the rules that have nothing to do with one hold everywhere.

use crate::common::keys;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use twinproof_masksync::binlog::{Charsets, Event, Flavour, GtidSet, Header};
use twinproof_masksync::flow::{PlanColumn, TablePlan};
use twinproof_masksync::mask::{Encoding, Keyed, Named, Opener, Transformer};
use twinproof_masksync::pipeline::{Engine, Prepared};
use twinproof_masksync::policy::TablePolicy;
use twinproof_masksync::predicate::{AskError, Predicate, Truth};
use twinproof_masksync::server::{Column, Table};
use twinproof_masksync::sink::{Batch, Detail, Op, Row, Target};
use twinproof_masksync::source::AskTable;
use twinproof_masksync::value::{Cell, Charset, ColumnType, Kind};

/// Class and phone of a user.
type User = (Option<String>, Option<String>);
/// Users by number.
type Users = BTreeMap<i32, User>;

/// A statement on one user.
#[derive(Clone, Debug)]
enum Statement {
    Insert(i32, User),
    Class(i32, Option<String>),
    Phone(i32, Option<String>),
    Move(i32, i32),
    Delete(i32),
    Swap(i32, i32),
    Truncate,
}

/// A step of a history: a transaction, or the pipeline restarts.
#[derive(Clone, Debug)]
enum Step {
    Transaction(Vec<Statement>),
    /// The pipeline dies in the middle of the next transaction, or, of `again` transactions, the
    /// source sends some once more.
    Restart {
        again: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = || {
        let classes = ["NORMAL", "VIP", "vip", "VIP ", ""].map(str::to_owned);
        prop::option::weighted(0.9, prop::sample::select(classes.to_vec()))
    };
    let phone = || prop::option::weighted(0.8, "[0-9]{0,11}|[a-zé😀 ]{1,4}");
    let id = || 0..5_i32;
    let statement = prop_oneof![
        4 => (id(), class(), phone()).prop_map(|(id, c, p)| Statement::Insert(id, (c, p))),
        3 => (id(), class()).prop_map(|(id, c)| Statement::Class(id, c)),
        2 => (id(), phone()).prop_map(|(id, p)| Statement::Phone(id, p)),
        2 => (id(), id()).prop_map(|(a, b)| Statement::Move(a, b)),
        1 => (id(), id()).prop_map(|(a, b)| Statement::Swap(a, b)),
        2 => id().prop_map(Statement::Delete),
        1 => Just(Statement::Truncate),
    ];
    let step = prop_oneof![
        6 => prop::collection::vec(statement, 1..5).prop_map(Step::Transaction),
        1 => (0..4_usize).prop_map(|again| Step::Restart { again }),
    ];
    prop::collection::vec(step, 1..30)
}

/// Events as MariaDB writes them.
#[derive(Default)]
struct Log {
    /// Events of each transaction.
    transactions: Vec<Vec<(u8, Vec<u8>)>>,
    users: Users,
    /// The users after each transaction, and before the first.
    states: Vec<Users>,
}

impl Log {
    fn new() -> Self {
        Self { states: vec![Users::new()], ..Self::default() }
    }

    fn run(&mut self, statements: &[Statement]) {
        let number = self.transactions.len() as u64 + 1;
        let gtid = |flags: u8| {
            let body = [&number.to_le_bytes()[..], &0_u32.to_le_bytes(), &[flags]].concat();
            (162, body)
        };
        if statements.iter().any(|s| matches!(s, Statement::Truncate)) {
            self.users.clear();
            let sql = b"\0\0\0\0\0\0\0\0\x04\0\0\0\0shop\0TRUNCATE users".to_vec();
            self.transactions.push(vec![gtid(1), (2, sql)]);
            self.states.push(self.users.clone());
            return;
        }
        let mut events = vec![gtid(0), (19, table_map())];
        for statement in statements {
            self.statement(statement, &mut events);
        }
        events.push((16, vec![0; 8]));
        self.transactions.push(events);
        self.states.push(self.users.clone());
    }

    fn statement(&mut self, statement: &Statement, events: &mut Vec<(u8, Vec<u8>)>) {
        let mut update = |users: &mut Users, from: i32, to: i32, user: User| {
            let before = users.remove(&from).unwrap();
            events.push((24, rows(2, &[(from, &before), (to, &user)])));
            users.insert(to, user);
        };
        let users = &mut self.users;
        match statement {
            Statement::Insert(id, user) if !users.contains_key(id) => {
                events.push((23, rows(1, &[(*id, user)])));
                users.insert(*id, user.clone());
            }
            Statement::Class(id, class) if users.contains_key(id) => {
                let user = (class.clone(), users[id].1.clone());
                update(users, *id, *id, user);
            }
            Statement::Phone(id, phone) if users.contains_key(id) => {
                let user = (users[id].0.clone(), phone.clone());
                update(users, *id, *id, user);
            }
            Statement::Move(from, to) if users.contains_key(from) && !users.contains_key(to) => {
                let user = users[from].clone();
                update(users, *from, *to, user);
            }
            Statement::Swap(a, b) if a != b && users.contains_key(a) && users.contains_key(b) => {
                for (from, to) in [(*a, 99), (*b, *a), (99, *b)] {
                    let user = users[&from].clone();
                    update(users, from, to, user);
                }
            }
            Statement::Delete(id) if users.contains_key(id) => {
                events.push((25, rows(1, &[(*id, &users[id])])));
                users.remove(id);
            }
            _ => {}
        }
    }
}

/// The table map of `(id INT, user_type VARCHAR(16), phone VARCHAR(20))` in utf8mb4.
fn table_map() -> Vec<u8> {
    let mut body = vec![7, 0, 0, 0, 0, 0, 1, 0];
    for name in ["shop", "users"] {
        body.push(name.len() as u8);
        body.extend_from_slice(name.as_bytes());
        body.push(0);
    }
    body.extend_from_slice(&[3, 3, 15, 15, 4, 64, 0, 80, 0, 6, 2, 1, 45]);
    let names = ["id", "user_type", "phone"];
    body.extend_from_slice(&[4, names.iter().map(|n| n.len() as u8 + 1).sum()]);
    for name in names {
        body.push(name.len() as u8);
        body.extend_from_slice(name.as_bytes());
    }
    body
}

/// A rows event with these images, of each row so many.
fn rows(images: usize, rows: &[(i32, &User)]) -> Vec<u8> {
    let mut body = vec![7, 0, 0, 0, 0, 0, 1, 0, 3];
    body.extend(std::iter::repeat_n(7, images));
    for (id, (class, phone)) in rows {
        let null = |at: u8, text: &Option<String>| u8::from(text.is_none()) << at;
        body.push(null(1, class) | null(2, phone));
        body.extend_from_slice(&id.to_le_bytes());
        for text in [class, phone].into_iter().flatten() {
            body.push(text.len() as u8);
            body.extend_from_slice(text.as_bytes());
        }
    }
    body
}

/// A source whose collation ignores case and spaces at the end.
struct Collation;

impl AskTable for Collation {
    fn ask(
        &mut self,
        _: &TablePolicy,
        _: &[(String, Charset)],
        tuples: &[Vec<Cell<'_>>],
    ) -> Result<Vec<Truth>, AskError> {
        let truth = |tuple: &Vec<Cell<'_>>| match &tuple[0] {
            Cell::Text(bytes) => of(Some(std::str::from_utf8(bytes).unwrap())),
            _ => of(None),
        };
        Ok(tuples.iter().map(truth).collect())
    }
}

fn of(class: Option<&str>) -> Truth {
    match class {
        None => Truth::Null,
        Some(class) if class.trim_end().eq_ignore_ascii_case("vip") => Truth::False,
        Some(_) => Truth::True,
    }
}

/// The table as it is examined between real servers.
fn prepared() -> Prepared {
    let text = |name: &str| {
        let named = match name {
            "phone" => Transformer::Deterministic {
                keyed: Keyed { key: 1, domain: "phone".into() },
                encoding: Encoding::Text,
            },
            _ => Transformer::Keep,
        };
        let kind = if name == "id" {
            ColumnType::plain(Kind::Integer)
        } else {
            ColumnType::text(Charset::Utf8)
        };
        (name.to_owned(), kind, Named { class: name.into(), transformer: named })
    };
    let columns = ["id", "user_type", "phone"].map(text);
    let name = ("shop".to_owned(), "users".to_owned());
    let policy = TablePolicy {
        source: name.clone(),
        staging: name.clone(),
        key: vec!["id".to_owned()],
        predicate: Some(Predicate::read("user_type NOT IN ('VIP')").unwrap()),
        follows: Vec::new(),
        columns: columns.iter().map(|(n, _, named)| (n.clone(), named.clone())).collect(),
    };
    let column = |(name, kind, _): &(String, ColumnType, Named)| Column {
        name: name.as_str().into(),
        column: Some(kind.clone()),
        written: String::new(),
        collation: String::new(),
        length: None,
        fraction: 0,
        nullable: true,
        generated: false,
        counts: false,
        comment: String::new(),
    };
    let table = Table {
        schema: name.0,
        name: name.1,
        columns: columns.iter().map(column).collect(),
        keys: vec![vec!["id".to_owned()]],
        parents: Vec::new(),
        triggers: Vec::new(),
        engine: "InnoDB".to_owned(),
    };
    let planned = columns.iter().map(|(name, column, named)| PlanColumn {
        name: name.as_str().into(),
        column: column.clone(),
        named: named.clone(),
    });
    let plan = TablePlan::new("shop.users".into(), planned.collect(), vec![0], &keys()).unwrap();
    let target = Target {
        name: "users".to_owned(),
        place: ("shop".to_owned(), "users".to_owned()),
        columns: columns
            .iter()
            .map(|(n, c, _)| (Arc::from(n.as_str()), c.charset.clone()))
            .collect(),
        written: vec![0, 1, 2],
        key: vec![0],
        lenient: false,
        cascades: false,
    };
    Prepared::new(policy, table.clone(), table, plan, target, Some(vec![1]))
}

/// Staging: rows by key, and the position that was committed with them.
#[derive(Clone, Default)]
struct Staging {
    rows: BTreeMap<i64, Row>,
    position: String,
}

fn number(cells: &[Cell<'static>]) -> i64 {
    match cells {
        [Cell::Int(n), ..] => *n,
        other => unreachable!("{other:?} begins with no number"),
    }
}

impl Staging {
    /// Applies a batch as strictly as a server does; what has no position is not committed.
    fn write(&mut self, open: &mut BTreeMap<i64, Row>, batch: &Batch) {
        for op in &batch.ops {
            match op {
                Op::Begin { .. } | Op::Repaired { .. } => {}
                Op::Truncate { .. } => open.clear(),
                Op::Rows { effects, replay, .. } => {
                    assert!(!replay, "nothing is replayed without a snapshot");
                    for effect in effects.iter().filter(|e| e.existed) {
                        let key = number(&effect.key);
                        assert!(open.remove(&key).is_some(), "row {key} is not there");
                    }
                    for row in effects.iter().filter_map(|e| e.row.as_ref()) {
                        let before = open.insert(number(row), row.clone());
                        assert!(before.is_none(), "row {} is there already", number(row));
                    }
                }
            }
        }
        if let Some(commit) = &batch.commit {
            self.rows.clone_from(open);
            self.position.clone_from(&commit.position);
        }
    }

    /// The rows as production has them, the phone opened.
    fn opened(&self) -> Users {
        let opener = Opener::new(keys().ring, "acme".into());
        let text = |cell: &Cell<'static>| match cell {
            Cell::Null => None,
            Cell::Text(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
            Cell::Utf8(text) => Some(text.clone()),
            other => unreachable!("{other:?} is no text"),
        };
        let row = |row: &Row| {
            let phone = text(&row[2]).map(|token| {
                let plain =
                    opener.deterministic(token.as_bytes(), Encoding::Text, "phone").unwrap();
                String::from_utf8(plain.to_vec()).unwrap()
            });
            (i32::try_from(number(row)).unwrap(), (text(&row[1]), phone))
        };
        self.rows.values().map(row).collect()
    }
}

fn engine(position: &str) -> Engine {
    let position = GtidSet::mariadb(position).unwrap();
    let charsets = Charsets::new([(45, "utf8mb4")]);
    let (tables, detail) = (vec![prepared()], Detail::default());
    Engine::new(Flavour::Mariadb, charsets, tables, Box::new(Collation), position, detail)
}

fn send(engine: &mut Engine, (kind, body): &(u8, Vec<u8>)) {
    let header = Header { timestamp: 1, kind: *kind, server: 1, next: 0 };
    engine.event(&Event { header, body }).unwrap();
}

/// The rows that staging should have for a state of production.
fn passing(users: &Users) -> Users {
    let passes = |(_, (class, _)): &(&i32, &User)| of(class.as_deref()) == Truth::True;
    users.iter().filter(passes).map(|(id, user)| (*id, user.clone())).collect()
}

/// Runs a history; `batch` transactions are committed at once.
fn run(steps: &[Step], batch: usize) -> Result<(), TestCaseError> {
    let (mut log, mut staging) = (Log::new(), Staging::default());
    let mut open = staging.rows.clone();
    let mut reading = engine("");
    for step in steps {
        match step {
            Step::Restart { again } => {
                // Half of a transaction is read, and lost with the process.
                if let Some(last) = log.transactions.last() {
                    for event in &last[..last.len() / 2] {
                        send(&mut reading, event);
                    }
                }
                let applied: usize =
                    staging.position.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
                reading = engine(&staging.position);
                open.clone_from(&staging.rows);
                for transaction in &log.transactions[applied.saturating_sub(*again)..] {
                    transaction.iter().for_each(|event| send(&mut reading, event));
                }
            }
            Step::Transaction(statements) => {
                log.run(statements);
                log.transactions.last().unwrap().iter().for_each(|event| {
                    send(&mut reading, event);
                });
            }
        }
        prop_assert!(reading.is_between());
        if reading.waiting().0 as usize >= batch {
            staging.write(&mut open, &reading.take());
            // Every state of staging is one of the source, in its order, and whole.
            let at: usize = staging.position.rsplit('-').next().unwrap().parse().unwrap();
            prop_assert_eq!(staging.opened(), passing(&log.states[at]));
        }
    }
    staging.write(&mut open, &reading.take());
    prop_assert_eq!(staging.opened(), passing(&log.users));
    Ok(())
}

proptest! {
    #[test]
    fn staging_is_the_filtered_source_at_every_position(steps in steps(), batch in 1..4_usize) {
        run(&steps, batch)?;
    }
}

#[test]
fn a_model_that_forgets_a_rule_is_noticed() {
    // The control of the property above: the same history with a rule turned off in the model.
    let vip = || Some("vip".to_owned());
    let steps = [Step::Transaction(vec![Statement::Insert(1, (vip(), None))])];
    run(&steps, 1).unwrap();
    let mut log = Log::new();
    log.run(&[Statement::Insert(1, (vip(), None))]);
    let mut reading = engine("");
    log.transactions[0].iter().for_each(|event| send(&mut reading, event));
    let (mut staging, mut open) = (Staging::default(), BTreeMap::new());
    staging.write(&mut open, &reading.take());
    assert_ne!(staging.opened(), log.users);
}

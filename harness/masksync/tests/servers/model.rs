//! A model of what staging holds, statement by statement. A history that differs is shrunk, and shown
//! as SQL.

use crate::world::{World, each};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use std::collections::BTreeMap;
use std::fmt::{Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use twinproof_testkit::Outcome;

/// Histories on each kind of server.
const HISTORIES: u32 = 6;
/// Most statements of one.
const STATEMENTS: usize = 25;
const TABLE: &str = "(id INT PRIMARY KEY, user_type VARCHAR(16), n INT UNIQUE)";
const POLICY: &str = "where = \"user_type NOT IN ('VIP', 'CORP')\"\n[table.columns]\n\
    id = \"public\"\nuser_type = \"public\"\nn = \"public\"\n";

/// A statement, or a moment at which staging is read.
#[derive(Clone, PartialEq, Eq)]
enum Statement {
    Insert(u8, Class),
    Classify(u8, Class),
    Move(u8, u8),
    SwapUnique(u8, u8),
    Delete(u8),
    Truncate,
    Look,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Normal,
    Vip,
    Null,
}

impl Class {
    fn sql(self) -> &'static str {
        match self {
            Self::Normal => "'NORMAL'",
            Self::Vip => "'VIP'",
            Self::Null => "NULL",
        }
    }
}

impl Statement {
    fn sql(&self) -> String {
        match self {
            Self::Insert(id, class) => {
                format!("INSERT INTO shop.users VALUES ({id}, {}, {id})", class.sql())
            }
            Self::Classify(id, class) => {
                format!("UPDATE shop.users SET user_type = {} WHERE id = {id}", class.sql())
            }
            Self::Move(from, to) => format!("UPDATE shop.users SET id = {to} WHERE id = {from}"),
            Self::SwapUnique(a, b) => format!(
                "START TRANSACTION; SELECT n INTO @a FROM shop.users WHERE id = {a}; \
                 SELECT n INTO @b FROM shop.users WHERE id = {b}; \
                 UPDATE shop.users SET n = NULL WHERE id = {a}; \
                 UPDATE shop.users SET n = @a WHERE id = {b}; \
                 UPDATE shop.users SET n = @b WHERE id = {a}; COMMIT"
            ),
            Self::Delete(id) => format!("DELETE FROM shop.users WHERE id = {id}"),
            Self::Truncate => "TRUNCATE shop.users".to_owned(),
            Self::Look => "-- staging is looked at".to_owned(),
        }
    }
}

impl Debug for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sql())
    }
}

/// The rows of the source: class and unique number by id.
#[derive(Clone, Default)]
struct Model(BTreeMap<u8, (Class, Option<u8>)>);

impl Debug for Model {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows", self.0.len())
    }
}

impl Model {
    /// The rows that staging should have.
    fn passing(&self) -> Vec<String> {
        let passing = self.0.iter().filter(|(_, (class, _))| *class == Class::Normal);
        let number = |n: &Option<u8>| n.map_or_else(|| "NULL".to_owned(), |n| n.to_string());
        passing.map(|(id, (_, n))| format!("{id}|NORMAL|{}", number(n))).collect()
    }

    fn numbers(&self) -> impl Iterator<Item = u8> {
        self.0.values().filter_map(|(_, n)| *n)
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Statement;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Statement> {
        let there: Vec<u8> = state.0.keys().copied().chain([1]).collect();
        let known = || prop::sample::select(there.clone());
        let class = || prop::sample::select(vec![Class::Normal, Class::Vip, Class::Null]);
        prop_oneof![
            4 => (1..40_u8, class()).prop_map(|(id, class)| Statement::Insert(id, class)),
            4 => (known(), class()).prop_map(|(id, class)| Statement::Classify(id, class)),
            2 => (known(), 1..40_u8).prop_map(|(from, to)| Statement::Move(from, to)),
            2 => (known(), known()).prop_map(|(a, b)| Statement::SwapUnique(a, b)),
            2 => known().prop_map(Statement::Delete),
            1 => Just(Statement::Truncate),
            2 => Just(Statement::Look),
        ]
        .boxed()
    }

    fn preconditions(state: &Self, statement: &Statement) -> bool {
        let there = |id: &u8| state.0.contains_key(id);
        match statement {
            Statement::Insert(id, _) => !there(id) && !state.numbers().any(|n| n == *id),
            Statement::Classify(id, _) | Statement::Delete(id) => there(id),
            Statement::Move(from, to) => there(from) && !there(to),
            Statement::SwapUnique(a, b) => a != b && there(a) && there(b),
            Statement::Truncate | Statement::Look => true,
        }
    }

    fn apply(mut state: Self, statement: &Statement) -> Self {
        let rows = &mut state.0;
        match statement {
            Statement::Insert(id, class) => {
                rows.insert(*id, (*class, Some(*id)));
            }
            Statement::Classify(id, class) => {
                if let Some(row) = rows.get_mut(id) {
                    row.0 = *class;
                }
            }
            Statement::Move(from, to) => {
                if let Some(row) = rows.remove(from) {
                    rows.insert(*to, row);
                }
            }
            Statement::SwapUnique(a, b) => {
                let number = |id: &u8| rows.get(id).and_then(|(_, n)| *n);
                let (of_a, of_b) = (number(a), number(b));
                for (id, n) in [(a, of_b), (b, of_a)] {
                    if let Some(row) = rows.get_mut(id) {
                        row.1 = n;
                    }
                }
            }
            Statement::Delete(id) => {
                rows.remove(id);
            }
            Statement::Truncate => rows.clear(),
            Statement::Look => {}
        }
        state
    }
}

fn config(histories: u32) -> Config {
    Config { cases: histories, failure_persistence: None, ..Config::default() }
}

/// Runs histories until one differs: that one, shrunk, and how it differs.
fn differs(
    mut runner: TestRunner,
    check: impl Fn(&[Statement]) -> Result<(), TestCaseError>,
) -> Option<(Vec<Statement>, String)> {
    let strategy = Model::sequential_strategy(1..=STATEMENTS);
    let run = |(_, statements, seen): (Model, Vec<Statement>, Option<Arc<AtomicUsize>>)| {
        // Drop the statements that never ran before anything is shrunk.
        if let Some(seen) = seen {
            seen.store(statements.len(), Ordering::SeqCst);
        }
        check(&statements)
    };
    match runner.run(&strategy, run) {
        Ok(()) => None,
        Err(TestError::Fail(why, (_, statements, _))) => Some((statements, why.to_string())),
        Err(TestError::Abort(why)) => Some((Vec::new(), why.to_string())),
    }
}

#[test]
fn staging_is_what_a_model_says_after_every_history() -> Outcome {
    each(|mut world| {
        world.table("users", TABLE, TABLE, POLICY);
        world.sync().unwrap();
        let found =
            differs(TestRunner::new(config(HISTORIES)), |statements| against(&world, statements));
        let told = found.map(|(statements, why)| {
            let sql: Vec<String> = statements.iter().map(Statement::sql).collect();
            format!("{why}\n{}", sql.join(";\n"))
        });
        assert!(told.is_none(), "{:?}: {}", world.kind, told.unwrap_or_default());
    })
}

/// Does the statements at the source, and compares staging with the model.
fn against(world: &World, statements: &[Statement]) -> Result<(), TestCaseError> {
    world.at_source(&["TRUNCATE shop.users"]);
    let mut model = Model::default();
    for statement in statements.iter().chain([&Statement::Look]) {
        if *statement == Statement::Look {
            world.sync().map_err(|halt| TestCaseError::fail(halt.to_string()))?;
            let staged = world.staged("SELECT id, user_type, n FROM shop.users ORDER BY id");
            prop_assert_eq!(staged, model.passing());
        } else {
            let sql = statement.sql();
            world.at_source(&sql.split("; ").collect::<Vec<_>>());
        }
        model = Model::apply(model, statement);
    }
    Ok(())
}

#[test]
fn a_copy_that_keeps_rows_which_no_longer_pass_is_shown_by_a_history_that_needs_each_statement()
-> Outcome {
    // A double of a pipeline with the filter on new rows only.
    let check = |statements: &[Statement]| {
        let (mut model, mut copy) = (Model::default(), Model::default());
        for statement in statements {
            let dropped = matches!(statement, Statement::Classify(_, Class::Vip | Class::Null));
            if !dropped {
                copy = Model::apply(copy, statement);
            }
            model = Model::apply(model, statement);
            prop_assert_eq!(copy.passing(), model.passing());
        }
        Ok(())
    };
    // The same histories every time: how far one is shrunk depends on the first that differs.
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let runner = TestRunner::new_with_rng(config(1000), rng);
    let (statements, _) = differs(runner, check).unwrap();
    let last = statements.last();
    assert!(
        matches!(last, Some(Statement::Classify(_, Class::Vip | Class::Null))),
        "{statements:?}"
    );
    // No statement is left that could be taken out.
    for at in 0..statements.len() {
        let mut fewer = statements.clone();
        fewer.remove(at);
        assert!(!is_possible(&fewer) || check(&fewer).is_ok(), "{statements:?} without {at}");
    }
    Ok(())
}

/// Whether each statement can be done after those before it.
fn is_possible(statements: &[Statement]) -> bool {
    let mut model = Model::default();
    statements.iter().all(|statement| {
        let possible = Model::preconditions(&model, statement);
        model = Model::apply(std::mem::take(&mut model), statement);
        possible
    })
}

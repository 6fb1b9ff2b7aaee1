//! The tables of a database as staging: its state, and snapshots that are filled beside the tables.

use super::batch::{Row, Target};
use super::database::Database;
use super::mysql::MysqlSink;
use super::staging::{Detail, Filling, Finding, RowWriter, Staging, ToFill};
use super::state::{State, StateStore};
use super::{Sink, SinkError};
use crate::defect::{Defect, has};
use crate::flow::Effect;
use crate::policy::TablePolicy;
use crate::server::{Connector, Failed, Role, Session, Table, quoted_name, read_table};
use std::sync::Arc;

impl Staging for Database {
    fn missing(&mut self) -> Result<Vec<Finding>, Failed> {
        if self.state.is_there(&mut self.session) {
            return Ok(Vec::new());
        }
        Ok(vec![Finding {
            what: "staging has no tables for the position, or this user may not see them"
                .to_owned(),
            fix: self.state.statements().join("\n  "),
        }])
    }

    fn table(&mut self, table: &TablePolicy, _: Option<&Table>) -> Result<Option<Table>, Failed> {
        read_table(&mut self.session, &table.staging.0, &table.staging.1)
    }

    fn remedy(&self, table: &TablePolicy) -> String {
        let (schema, name) = &table.staging;
        format!("create it as at the source, with columns for what masks make: {schema}.{name}")
    }

    fn follows_keys(&self) -> bool {
        true
    }

    fn detail(&self) -> Detail {
        Detail::default()
    }

    fn take_over(&mut self) -> Result<State, SinkError> {
        Ok(self.state.take_over(&mut self.session)?)
    }

    fn save(&mut self, state: &State) -> Result<(), SinkError> {
        save(&self.state, &mut self.session, state)
    }

    fn fill(&mut self, group: &[ToFill<'_>]) -> Result<Box<dyn Filling>, SinkError> {
        let mut session = self.connector.connect(Role::Write)?;
        let shadows = group.iter().map(|one| Shadow::make(&mut session, one));
        let shadows: Vec<Shadow> = shadows.collect::<Result<_, _>>()?;
        // Tables that are filled in place are emptied before those that they follow.
        for shadow in shadows.iter().rev().filter(|shadow| shadow.real.is_empty()) {
            let sql = format!("TRUNCATE {}", shadow.target.name);
            session.run("emptying a table in staging", &sql)?;
        }
        Ok(Box::new(Fill { connector: self.connector.clone(), state: self.state.clone(), shadows }))
    }

    fn stream(
        &mut self,
        state: &State,
        targets: Arc<Vec<Target>>,
    ) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(self.sink(state, targets)?))
    }

    fn database(&mut self) -> Result<&mut Database, Failed> {
        Ok(self)
    }
}

/// Writes the state, if this instance may.
fn save(store: &StateStore, session: &mut Session, state: &State) -> Result<(), SinkError> {
    match store.write(session, state)? {
        true => Ok(()),
        false => Err(SinkError::Fenced),
    }
}

/// Tables that are being filled.
struct Fill {
    connector: Connector,
    state: StateStore,
    shadows: Vec<Shadow>,
}

impl Filling for Fill {
    fn name(&self, nth: usize) -> &str {
        &self.shadows[nth].target.name
    }

    fn writer(&self, nth: usize) -> Result<Box<dyn RowWriter + '_>, SinkError> {
        let session = self.connector.connect(Role::Write)?;
        let target = self.shadows[nth].target.clone();
        Ok(Box::new(Writer(MysqlSink::without_position(session, target))))
    }

    fn place(self: Box<Self>, before: &State, after: &State) -> Result<(), SinkError> {
        let Self { connector, state, shadows } = *self;
        let mut session = connector.connect(Role::Write)?;
        // Another instance may have taken over meanwhile.
        save(&state, &mut session, before)?;
        Shadow::swap(shadows, &mut session)?;
        save(&state, &mut session, after)
    }
}

/// Writes rows of one table, each lot in a transaction of its own, without a position.
struct Writer(MysqlSink);

impl RowWriter for Writer {
    fn write(&mut self, rows: Vec<Row>) -> Result<(), SinkError> {
        let effects: Vec<_> = rows.into_iter().map(|row| Effect::insert(Row::new(), row)).collect();
        self.0.rows(0, &effects, false)?;
        Ok(self.0.commit_rows()?)
    }

    fn session(&mut self) -> Result<&mut Session, Failed> {
        self.0.session()
    }
}

/// A table beside the real one, which takes its place when it is full.
struct Shadow {
    target: Target,
    real: String,
    old: String,
}

impl Shadow {
    fn make(staging: &mut Session, one: &ToFill<'_>) -> Result<Self, Failed> {
        let (schema, name) = &one.target.place;
        // Names of tables have at most 64 characters.
        let short: String = name.chars().take(48).collect();
        let beside = |end: &str| quoted_name(&(schema.clone(), format!("{short}_{end}")));
        let (shadow, old) = (beside("twinproof_new"), beside("twinproof_old"));
        let real = one.target.name.clone();
        let doing = "making a table beside the real one in staging";
        staging.run(doing, &format!("DROP TABLE IF EXISTS {shadow}, {old}"))?;
        if one.linked {
            // Foreign keys follow a renamed table, and are not copied with its shape: a table that
            // has some, or that some refer to, is filled in place.
            return Ok(Self { target: one.target.clone(), real: String::new(), old });
        }
        staging.run(doing, &format!("CREATE TABLE {shadow} LIKE {real}"))?;
        let target = Target { name: shadow, ..one.target.clone() };
        Ok(Self { target, real, old })
    }

    fn swap(shadows: Vec<Self>, staging: &mut Session) -> Result<(), Failed> {
        let aside: Vec<Self> = shadows.into_iter().filter(|s| !s.real.is_empty()).collect();
        if aside.is_empty() || has(Defect::KeepsSnapshot) {
            return Ok(());
        }
        let doing = "putting a snapshot in its place in staging";
        // One statement with all names: readers see the old tables or the new ones, and never none.
        let names: Vec<String> = aside
            .iter()
            .map(|s| format!("{} TO {}, {} TO {}", s.real, s.old, s.target.name, s.real))
            .collect();
        staging.run(doing, &format!("RENAME TABLE {}", names.join(", ")))?;
        let old: Vec<&str> = aside.iter().map(|shadow| shadow.old.as_str()).collect();
        staging.run(doing, &format!("DROP TABLE {}", old.join(", ")))
    }
}

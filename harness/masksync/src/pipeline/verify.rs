//! Whether staging is mask(filter(source)), cell by cell.
//!
//! The source's rows are read in chunks, masked again where a mask is deterministic, and compared
//! with staging's; randomised cells are opened, with the row and column that they are bound to.
//! Staging's rows are read as well, for those that should not be there. A difference may come from
//! a change in the meantime, so it is checked again, three times, after the pipeline has caught up.

use super::engine::Prepared;
use super::examine::{Examined, examine};
use super::halt::Halt;
use super::repair::is_repairable;
use super::setting::Setting;
use super::staged::{portable, read};
use super::ties::closed;
use crate::binlog::Flavour;
use crate::defect::{Defect, has};
use crate::flow::TablePlan;
use crate::keys::{Purpose, Unbounded};
use crate::mask::hmac::Hash;
use crate::mask::{Binding, Named, Opener, TokenError, Transformer};
use crate::policy::dotted;
use crate::server::{Role, Session, is_one_of, literals, name, quoted_name};
use crate::sink::{Row, position};
use crate::source::{Snapshot, SourceAsk, between, executed};
use crate::value::{Cell, Charset, Kind};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows that staging is asked for at once.
const ROWS: usize = 500;
/// Number of times that differences are checked again.
const AGAIN: usize = 3;
/// Time that a pipeline has to catch up.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most keys of differing rows that are kept; more are only counted.
const KEPT: usize = 10_000;

/// Options of a verification.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyOptions {
    /// Look only at the form of tokens, for people who do not hold the keys.
    pub without_keys: bool,
    /// Compare sums over chunks first, and only chunks that differ cell by cell.
    pub fast: bool,
    /// Have the pipeline copy rows again that differ.
    pub repair: bool,
}

/// The ways in which a row of staging can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The row does not pass, but is in staging.
    Forbidden,
    /// The row passes, but is not in staging.
    Missing,
    /// The source has no such row.
    Extra,
    /// A cell is another than it should be.
    Differs,
    /// A cell that should be masked is the source's.
    Plaintext,
    /// A token belongs to another row, column, table or tenant, or was changed.
    MovedToken,
    /// A token's key is retired, or not in the ring.
    RetiredKey,
    /// The two ways to decide the predicate do not agree.
    Predicate,
}

/// The result of a verification.
#[derive(Debug, Default)]
pub struct Verified {
    /// Rows of the source that were compared.
    pub rows: u64,
    /// Cells that were compared.
    pub cells: u64,
    /// The differences found, by kind, table and column, with the hashes of the first keys.
    pub differences: BTreeMap<(Difference, String, String), Vec<String>>,
    /// Parts that were not verified, each with the reason.
    pub skipped: Vec<String>,
    /// Number of rows that the pipeline will copy again.
    pub queued: u64,
    /// Differences that no copy of single rows mends, each with its remedy.
    pub unrepaired: Vec<String>,
}

/// A suspicion: what, in which column, at which row of staging.
#[derive(Debug, PartialEq)]
struct Suspicion {
    difference: Difference,
    column: String,
    /// The row's key in staging, in the form of [`Binding::row_part`].
    called: Vec<u8>,
    /// The row's key at the source, where it is known.
    key: Option<Row>,
}

/// Compares staging with the source.
///
/// # Errors
/// When the policy does not fit, or a server does not answer.
pub fn verify(setting: &Setting, options: VerifyOptions) -> Result<Verified, Halt> {
    let keys = setting.keys_with(Arc::new(Unbounded));
    let mut source = setting.source.connect(Role::Ask)?;
    let mut staging = setting.staging.connect(Role::Write)?;
    // Without conversion: staging's bytes are compared, not their conversion to the connection's
    // character set.
    staging.run("verifying", "SET character_set_results = NULL")?;
    let Examined { findings, tables, .. } =
        examine(&setting.policy, &keys, &mut source, &mut *setting.staging.open(&setting.state)?)?;
    let mut verified = Verified::default();
    // Tables with findings are left out of `tables`, so that they must count as skipped.
    verified.skipped.extend(findings.into_iter().map(|f| f.what));
    if options.without_keys {
        verified.skipped.push("values of tokens, whose keys were not used".to_owned());
    }
    catch_up(setting, &mut source, &mut staging)?;
    let pinned = setting.ring.primary();
    // Keys of rows are printed as hashes with a key of their own: a report is passed on to people
    // who may not see rows.
    let report = setting.ring.subkey(pinned, Purpose::Report, &setting.policy.tenant, "");
    let report = report.map_err(|e| Halt::Mend { what: e.to_string(), fix: None })?;
    let conditions: Vec<String> = (0..tables.len()).map(|i| closed(&tables, i)).collect();
    for (mut table, closed) in tables.into_iter().zip(conditions) {
        let mut one = One {
            plan: table.plan(&keys)?,
            closed,
            opener: Opener::new(setting.ring.clone(), setting.policy.tenant.clone()),
            without_keys: options.without_keys,
            asking: SourceAsk::new(setting.source.clone()),
            name: dotted(&table.policy.source),
        };
        let hash = Hash::new(&report);
        let mut found = Vec::new();
        let mut first = Verified::default();
        let ranges = match options.fast {
            true => one.differing(&mut table, &mut source, &mut staging, &hash, &mut verified)?,
            false => vec![Range::default()],
        };
        for range in ranges {
            let mut here = one.pass(&mut table, &range, &mut source, &mut staging, &mut first)?;
            for _ in 0..AGAIN {
                if here.is_empty() {
                    break;
                }
                catch_up(setting, &mut source, &mut staging)?;
                let mut unseen = Verified::default();
                let again = one.pass(&mut table, &range, &mut source, &mut staging, &mut unseen)?;
                here.retain(|suspicion| again.contains(suspicion));
            }
            found.append(&mut here);
        }
        if !options.fast {
            verified.rows += first.rows;
            verified.cells += first.cells;
        }
        if has(Defect::VerifyRows) {
            let of_rows = |d: &Difference| matches!(d, Difference::Missing | Difference::Extra);
            found.retain(|suspicion| !of_rows(&suspicion.difference));
        }
        if options.repair {
            queue(setting, &table, &found, &mut staging, &mut verified)?;
        }
        for Suspicion { difference, column, called, .. } in found {
            let place = (difference, one.name.clone(), column);
            let called = twinproof_base::hex::encode(&hash.of(&called)[..8]);
            verified.differences.entry(place).or_default().push(called);
        }
    }
    Ok(verified)
}

/// Has the pipeline copy the rows again that differ.
fn queue(
    setting: &Setting,
    table: &Prepared,
    found: &[Suspicion],
    staging: &mut Session,
    verified: &mut Verified,
) -> Result<(), Halt> {
    let name = dotted(&table.policy.source);
    // Where the two ways to decide do not agree, a copy would not agree either.
    let rows: Vec<&Suspicion> =
        found.iter().filter(|s| s.difference != Difference::Predicate).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let again = format!("twinproof sync resnapshot {name}");
    if !is_repairable(table) {
        verified
            .unrepaired
            .push(format!("{name}: its rows follow others, or others follow them; {again}"));
        return Ok(());
    }
    // A row with two wrong cells is copied once.
    let keys: BTreeMap<&[u8], Option<&Row>> =
        rows.iter().map(|s| (s.called.as_slice(), s.key.as_ref())).collect();
    let unknown = keys.values().filter(|key| key.is_none()).count();
    if unknown > 0 {
        verified.unrepaired.push(format!(
            "{name}: {unknown} rows whose key at the source is not known, because keys are masked; {again}"
        ));
    }
    let keys: Vec<Row> = keys.into_values().flatten().cloned().collect();
    setting.state.add_repairs(staging, &name, &keys)?;
    verified.queued += keys.len() as u64;
    Ok(())
}

/// Waits until staging has all that the source has executed.
fn catch_up(setting: &Setting, source: &mut Session, staging: &mut Session) -> Result<(), Halt> {
    let wanted = executed(source)?;
    let flavour: Flavour = source.flavour;
    let until = Instant::now() + PATIENCE;
    loop {
        let state = setting.state.read(staging)?;
        let at = state.and_then(|state| state.position).unwrap_or_default();
        if position(flavour, &at)?.contains_all(&wanted) {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(Halt::mend(
                "staging has not what the source has executed, and does not catch up",
                "twinproof sync run",
            ));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The comparison of a table.
struct One {
    plan: TablePlan,
    /// The condition that the rows pass that its own follow.
    closed: String,
    opener: Opener,
    without_keys: bool,
    asking: SourceAsk,
    name: String,
}

impl One {
    /// Compares the rows of a range once.
    fn pass(
        &mut self,
        table: &mut Prepared,
        range: &Range,
        source: &mut Session,
        staging: &mut Session,
        verified: &mut Verified,
    ) -> Result<Vec<Suspicion>, Halt> {
        let mut found = Vec::new();
        // Keys that the source's rows have in staging; other keys of staging are extra.
        let mut known: std::collections::HashSet<[u8; 16]> = std::collections::HashSet::new();
        // Sixteen bytes for each row instead of its key: a table of a hundred million rows takes
        // gigabytes otherwise.
        let short = |key: &[u8]| -> [u8; 16] {
            use sha2::Digest as _;
            *sha2::Sha256::digest(key).first_chunk().unwrap_or(&[0; 16])
        };
        let (policy, shape, key) =
            (table.policy.clone(), table.source.clone(), table.target.key.clone());
        let snapshot = Snapshot::new(&policy, &shape, &key).closed(self.closed.clone());
        let mut snapshot = snapshot.only(&range.condition(table), None);
        while let Some(chunk) = snapshot.next_chunk(source)? {
            let rows: Vec<&[Cell<'_>]> = chunk.rows.iter().map(Vec::as_slice).collect();
            // Twice decided: by the source's WHERE and as the stream does, which must agree.
            let decided = table.decide(&rows, &mut self.asking);
            let decided = decided.map_err(|e| Halt::Mend { what: e.to_string(), fix: None })?;
            for (part, start) in chunk.rows.chunks(ROWS).zip((0..).step_by(ROWS)) {
                let mut expected = Vec::with_capacity(part.len());
                for row in part {
                    let masked = self.plan.mask(row).map_err(|e| self.halt(&e))?;
                    let cells: Vec<Cell<'static>> =
                        masked.cells.into_iter().map(Cell::into_owned).collect();
                    expected.push((masked.key, cells));
                }
                let held = self.held(table, staging, &expected)?;
                for (i, (called, cells)) in expected.iter().enumerate() {
                    verified.rows += 1;
                    let source = || Some(key.iter().map(|k| part[i][*k].clone()).collect());
                    known.insert(short(called));
                    let passes = chunk.passes[start + i];
                    if passes != decided[start + i].passes() {
                        push(&mut found, Difference::Predicate, "", called, source);
                    }
                    match (passes && chunk.closed[start + i], held.get(called)) {
                        (false, None) => {}
                        (false, Some(_)) => {
                            push(&mut found, Difference::Forbidden, "", called, source);
                        }
                        (true, None) => {
                            push(&mut found, Difference::Missing, "", called, source);
                        }
                        (true, Some(held)) => {
                            verified.cells += cells.len() as u64;
                            let row = (&part[i][..], &cells[..], &held[..], called.as_slice());
                            self.compare(table, row, &mut found);
                        }
                    }
                }
            }
        }
        self.staged(table, range, staging, &mut |row| {
            let key = called(table, row);
            if !known.contains(&short(&key)) {
                push(&mut found, Difference::Extra, "", &key, || source_key(table, row));
            }
        })?;
        Ok(found)
    }

    fn halt(&self, error: &crate::flow::Unmasked) -> Halt {
        Halt::Event { at: format!("verifying {}", self.name), why: error.to_string(), fix: None }
    }

    /// Staging's rows under some keys, by the keys' bytes.
    fn held(
        &self,
        table: &Prepared,
        staging: &mut Session,
        expected: &[(Vec<u8>, Vec<Cell<'static>>)],
    ) -> Result<HashMap<Vec<u8>, Vec<Cell<'static>>>, Halt> {
        let target = &table.target;
        let columns: Vec<&str> = target.key.iter().map(|k| &*target.columns[*k].0).collect();
        let keys = expected
            .iter()
            .map(|(_, cells)| target.key.iter().map(|k| (&cells[*k], &target.columns[*k].1)));
        let place = format!(" WHERE {}", is_one_of(&columns, keys));
        let rows = self.rows(table, staging, &place)?;
        Ok(rows.into_iter().map(|row| (called(table, &row), row)).collect())
    }

    /// Rows of staging, in the order of the source's columns.
    fn rows(
        &self,
        table: &Prepared,
        staging: &mut Session,
        place: &str,
    ) -> Result<Vec<Vec<Cell<'static>>>, Halt> {
        let names: Vec<String> = table.source.columns.iter().map(|c| name(&c.name)).collect();
        let from = quoted_name(&table.policy.staging);
        let sql = format!("SELECT {} FROM {from}{place}", names.join(", "));
        let doing = format!("reading {from}");
        let held = |column: &crate::server::Column| {
            table.staging.columns.iter().find(|c| c.name == column.name)
        };
        let columns: Vec<_> = table.source.columns.iter().map(held).collect();
        Ok(read(staging, &doing, &sql, &columns)?)
    }

    /// Compares a row: the source's, the expected one, the actual one; `called` is its key.
    fn compare(
        &self,
        table: &Prepared,
        (row, cells, held, called): (&[Cell<'_>], &[Cell<'_>], &[Cell<'_>], &[u8]),
        found: &mut Vec<Suspicion>,
    ) {
        if has(Defect::VerifyBlind) {
            return;
        }
        for i in &table.target.written {
            let column = &self.plan.columns[*i];
            let plain = bytes(&row[*i], self.plan.charset(*i));
            let is = bytes(&held[*i], staging_charset(table, &column.name));
            // A mask may give a value back by chance only where it is short; an equal cell is
            // reported all the same.
            let shown = !column.named.transformer.is_keep() && plain.is_some() && is == plain;
            let difference = match &column.named.transformer {
                _ if shown && !matches!(column.named.transformer, Transformer::Fixed(_)) => {
                    Some(Difference::Plaintext)
                }
                _ if has_random(&column.named) => self.random(
                    &column.named,
                    &column.name,
                    plain.as_deref(),
                    is.as_deref(),
                    called,
                ),
                Transformer::Keep => {
                    // Texts of two character sets are equal when they are the same text.
                    (plain != is).then_some(Difference::Differs)
                }
                _ => {
                    let should = bytes(&cells[*i], &Charset::Utf8);
                    (should != is).then_some(Difference::Differs)
                }
            };
            if let Some(difference) = difference {
                let source = table.target.key.iter().map(|k| row[*k].clone().into_owned());
                push(found, difference, &column.name, called, || Some(source.collect()));
            }
        }
    }

    /// The fault of a cell whose mask is randomised; `None` where it has none.
    fn random(
        &self,
        named: &Named,
        column: &str,
        plain: Option<&[u8]>,
        is: Option<&[u8]>,
        row: &[u8],
    ) -> Option<Difference> {
        let Transformer::Randomised { encoding } = &named.transformer else { return None };
        let (Some(plain), Some(is)) = (plain, is) else {
            // NULL stays NULL: a token that stands for it, or takes its place, is another value.
            return (plain.is_some() != is.is_some()).then_some(Difference::Differs);
        };
        if self.without_keys {
            let is_token = crate::mask::parse_token(is, *encoding).is_ok();
            return (!is_token).then_some(Difference::Plaintext);
        }
        match self.opener.randomised(is, *encoding, &named.class, (&self.name, column), row) {
            Ok(opened) => (opened.as_slice() != plain).then_some(Difference::Differs),
            Err(TokenError::Malformed(_)) => Some(Difference::Plaintext),
            Err(TokenError::Key(_)) => Some(Difference::RetiredKey),
            Err(_) => Some(Difference::MovedToken),
        }
    }

    /// The ranges of keys in which staging differs by count or sum.
    ///
    /// Sums are those of keyed hashes, modulo 2^256: they depend on no order, and nobody without the
    /// key can make two rows cancel each other.
    fn differing(
        &mut self,
        table: &mut Prepared,
        source: &mut Session,
        staging: &mut Session,
        hash: &Hash,
        verified: &mut Verified,
    ) -> Result<Vec<Range>, Halt> {
        let (random, summed): (Vec<usize>, Vec<usize>) =
            table.target.written.iter().partition(|i| has_random(&self.plan.columns[**i].named));
        let random = random.iter().map(|i| &self.plan.columns[*i].name);
        verified.skipped.extend(random.map(|column| {
            format!("{}.{column}, whose tokens are opened without --fast only", self.name)
        }));
        let (policy, shape, key) =
            (table.policy.clone(), table.source.clone(), table.target.key.clone());
        // Ranges of one end are ranges of the other where both order the keys alike.
        let ordered = key.iter().all(|k| {
            let column = &self.plan.columns[*k];
            column.named.transformer.is_keep()
                && !matches!(column.column.kind, Kind::Text | Kind::Label)
        });
        let mut snapshot = Snapshot::new(&policy, &shape, &key).closed(self.closed.clone());
        let (mut sum, mut differing) = (Sum::default(), Vec::<Range>::new());
        let mut after: Option<Vec<Cell<'static>>> = None;
        loop {
            let chunk = snapshot.next_chunk(source)?;
            let is_last = chunk.is_none();
            let mut last = None;
            if let Some(chunk) = chunk {
                for (row, staged) in chunk.rows.iter().zip(chunk.staged()) {
                    verified.rows += 1;
                    if staged {
                        let masked = self.plan.mask(row).map_err(|e| self.halt(&e))?;
                        verified.cells += summed.len() as u64;
                        sum.add(hash.of(&self.written(&summed, row, &masked.cells)));
                    }
                }
                let row = chunk.rows.last();
                last = row.map(|row| key.iter().map(|k| row[*k].clone()).collect::<Vec<_>>());
            }
            if ordered || is_last {
                let range = Range { after: after.take().filter(|_| ordered), last: last.clone() };
                let mut held = Sum::default();
                self.staged(table, &range, staging, &mut |row| {
                    held.add(hash.of(&self.held_as_written(table, &summed, row)));
                })?;
                if held != sum {
                    match differing.last_mut().filter(|before| before.last == range.after) {
                        Some(before) => before.last = range.last,
                        None => differing.push(range),
                    }
                }
                (sum, after) = (Sum::default(), last);
            }
            if is_last {
                return Ok(differing);
            }
        }
    }

    /// The row as it should be in staging, as bytes: each cell, or that it is NULL.
    fn written(&self, columns: &[usize], row: &[Cell<'_>], masked: &[Cell<'_>]) -> Vec<u8> {
        let cells = columns.iter().map(|i| match self.plan.columns[*i].named.transformer {
            Transformer::Keep => bytes(&row[*i], self.plan.charset(*i)),
            _ => bytes(&masked[*i], &Charset::Utf8),
        });
        joined(cells)
    }

    /// The row as it is in staging, in the same form.
    fn held_as_written(&self, table: &Prepared, columns: &[usize], row: &[Cell<'_>]) -> Vec<u8> {
        let charset = |i: &usize| staging_charset(table, &self.plan.columns[*i].name);
        joined(columns.iter().map(|i| bytes(&row[*i], charset(i))))
    }

    /// Reads the rows of a range of staging, in the order of their keys.
    fn staged(
        &self,
        table: &Prepared,
        range: &Range,
        staging: &mut Session,
        each: &mut dyn FnMut(&[Cell<'_>]),
    ) -> Result<(), Halt> {
        let names: Vec<String> =
            table.target.key.iter().map(|k| name(&table.target.columns[*k].0)).collect();
        let mut after: Option<Vec<Cell<'static>>> = None;
        loop {
            let mut place = format!(" WHERE {}", range.condition(table));
            if let Some(after) = &after {
                let _ = write!(place, " AND ({}) > ", names.join(", "));
                let columns = table.target.key.iter().map(|k| &table.target.columns[*k].0);
                let charsets = columns.map(|column| staging_charset(table, column));
                literals(after.iter().zip(charsets), &mut place);
            }
            let _ = write!(place, " ORDER BY {} LIMIT {}", names.join(", "), ROWS * 10);
            let rows = self.rows(table, staging, &place)?;
            let count = rows.len();
            rows.iter().for_each(|row| each(row));
            let Some(last) = rows.last().filter(|_| count == ROWS * 10) else { return Ok(()) };
            after = Some(table.target.key.iter().map(|k| last[*k].clone()).collect());
        }
    }
}

/// Rows from one key on, which it does not have, up to another, which it has; all where both are
/// absent. Only of keys that both ends have and order alike.
#[derive(Debug, Default)]
struct Range {
    after: Option<Vec<Cell<'static>>>,
    last: Option<Vec<Cell<'static>>>,
}

impl Range {
    fn condition(&self, table: &Prepared) -> String {
        let keys: Vec<_> = table.target.key.iter().map(|k| &table.source.columns[*k]).collect();
        between(&keys, self.after.as_deref(), self.last.as_deref())
    }
}

/// Number of rows, and the sum of their hashes modulo 2^256.
// A sum and not XOR, in which two equal rows cancel each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    words: [u64; 4],
}

impl Sum {
    fn add(&mut self, hash: [u8; 32]) {
        self.rows += 1;
        let mut carry = false;
        let parts = hash.as_chunks::<8>().0.iter().rev();
        for (word, part) in self.words.iter_mut().zip(parts) {
            let (sum, over) = word.overflowing_add(u64::from_be_bytes(*part));
            let (sum, again) = sum.overflowing_add(carry.into());
            (*word, carry) = (sum, over || again);
        }
    }
}

/// Cells as one text of bytes in which no two rows are equal that are not.
fn joined(cells: impl Iterator<Item = Option<Vec<u8>>>) -> Vec<u8> {
    let mut all = Vec::new();
    for cell in cells {
        all.push(cell.is_some().into());
        Binding::row_part(&cell.unwrap_or_default(), &mut all);
    }
    all
}

/// Whether a mask gives another token each time.
fn has_random(named: &Named) -> bool {
    match &named.transformer {
        Transformer::Randomised { .. } => true,
        Transformer::Conditional { cases, otherwise, .. } => {
            cases.iter().any(|case| has_random(&case.then)) || has_random(otherwise)
        }
        Transformer::Json { paths, .. } => paths.iter().any(|(_, named)| has_random(named)),
        _ => false,
    }
}

fn staging_charset<'t>(table: &'t Prepared, column: &str) -> &'t Charset {
    let held = table.staging.columns.iter().find(|c| &*c.name == column);
    held.and_then(|c| c.column.as_ref()).map_or(&Charset::Binary, |c| &c.charset)
}

/// The key of a row of staging, in the form of [`Binding::row_part`].
fn called(table: &Prepared, row: &[Cell<'_>]) -> Vec<u8> {
    let mut called = Vec::new();
    for k in &table.target.key {
        let charset = staging_charset(table, &table.target.columns[*k].0);
        Binding::row_part(&bytes(&row[*k], charset).unwrap_or_default(), &mut called);
    }
    called
}

/// The canonical bytes of a cell; texts that cannot be read are their own bytes.
fn bytes(cell: &Cell<'_>, charset: &Charset) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    match cell.canonical(charset, &mut bytes) {
        Ok(false) => None,
        Ok(true) => Some(bytes),
        Err(_) => {
            // No other cell has a character set.
            if let Cell::Text(text) = cell {
                bytes.extend_from_slice(text);
            }
            Some(bytes)
        }
    }
}

/// The key that a row of staging has at the source; none where a mask changes it.
fn source_key(table: &Prepared, row: &[Cell<'_>]) -> Option<Row> {
    let places = &table.target.key;
    let is_kept = |k: &usize| table.plan.columns[*k].named.transformer.is_keep();
    let columns = places
        .iter()
        .map(|k| table.staging.columns.iter().find(|c| *c.name == *table.target.columns[*k].0));
    let cells = places.iter().map(|k| row[*k].clone().into_owned()).collect();
    places.iter().all(is_kept).then(|| portable(cells, &columns.collect::<Vec<_>>()))
}

fn push(
    found: &mut Vec<Suspicion>,
    difference: Difference,
    column: &str,
    called: &[u8],
    key: impl FnOnce() -> Option<Row>,
) {
    if found.len() < KEPT {
        let (column, called) = (column.to_owned(), called.to_vec());
        found.push(Suspicion { difference, column, called, key: key() });
    }
}

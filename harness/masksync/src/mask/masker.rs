//! A transformer with its keys, ready for the cells of one column.

use super::conditional;
use super::deterministic::Deterministic;
use super::error::MaskError;
use super::fake::Fake;
use super::fixed;
use super::format::{Format, Unfit};
use super::hidden;
use super::hmac::{Hash, Token};
use super::json;
use super::path::{At, JsonPath};
use super::randomised::{Randomised, Refused};
use super::token::Binding;
use super::transformer::{Case, Fallback, JsonRest, Keyed, Named, Transformer};
use crate::defect::{Defect, has};
use crate::keys::{Purpose, Reserve, Ring, RingError, SubKey};
use crate::value::{Cell, Charset, ColumnType, Kind, Undecodable, parse_json};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The keys of a pipeline, and where their uses are counted.
#[derive(Clone)]
pub struct Keys {
    /// The ring.
    pub ring: Arc<Ring>,
    /// The tenant, part of every subkey and binding.
    pub tenant: Arc<str>,
    /// The store for the counts of key uses, for randomised keys.
    pub reserve: Arc<dyn Reserve>,
}

impl Keys {
    pub(super) fn subkey(&self, keyed: &Keyed, purpose: Purpose) -> Result<SubKey, RingError> {
        self.ring.subkey(keyed.key, purpose, &self.tenant, &keyed.domain)
    }
}

/// The row a cell is in.
#[derive(Clone, Copy, Debug)]
pub struct RowContext<'p> {
    /// The row's key, to which randomised tokens are bound: see [`Binding::row_part`].
    pub row: &'p [u8],
    /// The row's cells as they are at the source.
    pub cells: &'p [Cell<'p>],
    /// Their types.
    pub types: &'p [ColumnType],
}

enum Does {
    Keep,
    Null,
    Fixed(Cell<'static>),
    Redact { with: char, length: Option<usize> },
    Partial { first: usize, last: usize, with: char, hidden: usize },
    Token(Token),
    Deterministic(Box<Deterministic>),
    Randomised(Box<Randomised>),
    Format(Box<Format>, Fallback),
    Fake(Fake),
    Conditional { deciding: Option<usize>, cases: Vec<Vec<Option<String>>>, then: Vec<Masker> },
    Json { paths: Vec<JsonPath>, maskers: Vec<Masker>, rest: JsonRest },
}

/// Masks the cells of one column. Each thread has its own.
pub struct Masker {
    class: Arc<str>,
    does: Does,
    plain: Zeroizing<Vec<u8>>,
}

impl Masker {
    /// A masker for a column of a table (`schema.table`), whose columns have these names.
    ///
    /// # Errors
    /// When a key that is needed is missing or retired.
    pub fn new(
        named: &Named,
        keys: &Keys,
        table: &str,
        column: &str,
        columns: &[Arc<str>],
    ) -> Result<Self, RingError> {
        let nested = |named: &Named| Self::new(named, keys, table, column, columns);
        if has(Defect::PlainColumn) && column == "mail" {
            let class = Arc::clone(&named.class);
            return Ok(Self { class, does: Does::Keep, plain: Zeroizing::default() });
        }
        let primary = keys.ring.primary();
        let repinned = |keyed: &Keyed| match (has(Defect::RepinDomain), has(Defect::DomainByColumn))
        {
            (true, _) => Keyed { key: primary, ..keyed.clone() },
            (_, true) => {
                Keyed { domain: format!("{}.{table}", keyed.domain).into(), ..keyed.clone() }
            }
            _ => keyed.clone(),
        };
        let does = match &named.transformer {
            Transformer::Keep => Does::Keep,
            Transformer::Null => Does::Null,
            Transformer::Fixed(value) => Does::Fixed(fixed::cell(value)),
            Transformer::Redact { with, length } => Does::Redact { with: *with, length: *length },
            Transformer::Partial { first, last, with, hidden } => {
                Does::Partial { first: *first, last: *last, with: *with, hidden: *hidden }
            }
            Transformer::Token { keyed, length, encoding } => Does::Token(Token {
                hash: Hash::new(&keys.subkey(keyed, Purpose::Token)?),
                length: *length,
                encoding: *encoding,
            }),
            Transformer::Deterministic { keyed, encoding } => {
                let keyed = &repinned(keyed);
                let subkey = keys.subkey(keyed, Purpose::Deterministic)?;
                let binding = Binding::to_domain(keyed.key, &keys.tenant, &keyed.domain);
                let cipher = Deterministic::new(&subkey, keyed.key, binding, *encoding);
                Does::Deterministic(Box::new(cipher))
            }
            Transformer::Randomised { encoding } => {
                let key = if has(Defect::OldKey) { 1 } else { keys.ring.primary() };
                let class = &named.class;
                let subkey = keys.ring.subkey(key, Purpose::Randomised, &keys.tenant, class)?;
                let binding = Binding::to_column(key, &keys.tenant, table, column);
                let reserve = Arc::clone(&keys.reserve);
                let class = Arc::clone(class);
                let cipher = Randomised::new(&subkey, key, class, binding, *encoding, reserve);
                Does::Randomised(Box::new(cipher))
            }
            Transformer::Format { keyed, alphabet, fallback } => {
                let subkey = keys.subkey(keyed, Purpose::Format)?;
                let format = Format::new(&subkey, *alphabet);
                // Without a cipher everything is hidden, rather than anything shown.
                format.map_or(Does::Null, |format| Does::Format(Box::new(format), *fallback))
            }
            Transformer::Fake { keyed, kind } => Does::Fake(Fake {
                hash: Hash::new(&keys.subkey(keyed, Purpose::Fake)?),
                kind: *kind,
            }),
            Transformer::Conditional { column, cases, otherwise } => {
                // The last masker is for values that no case lists.
                let named = cases.iter().map(|case: &Case| &case.then).chain([&**otherwise]);
                Does::Conditional {
                    deciding: columns.iter().position(|c| c == column),
                    cases: cases.iter().map(|case| case.is.clone()).collect(),
                    then: named.map(nested).collect::<Result<_, RingError>>()?,
                }
            }
            Transformer::Json { paths, rest } => Does::Json {
                paths: paths.iter().map(|(path, _)| path.clone()).collect(),
                maskers: paths.iter().map(|(_, m)| nested(m)).collect::<Result<_, RingError>>()?,
                rest: if has(Defect::JsonRest) { JsonRest::Keep } else { *rest },
            },
        };
        Ok(Self { class: Arc::clone(&named.class), does, plain: Zeroizing::default() })
    }

    /// The class of the column.
    #[must_use]
    pub fn class(&self) -> &Arc<str> {
        &self.class
    }

    /// The masked cell.
    ///
    /// # Errors
    /// When it cannot be masked as it should be. Nothing may be written then.
    pub fn apply<'c>(
        &mut self,
        cell: &Cell<'c>,
        kind: &ColumnType,
        place: RowContext<'_>,
    ) -> Result<Cell<'c>, MaskError> {
        match &mut self.does {
            Does::Keep => return Ok(cell.clone()),
            Does::Null => return Ok(Cell::Null),
            Does::Fixed(value) => return Ok(value.clone()),
            Does::Conditional { deciding, cases, then } => {
                let value = match deciding {
                    Some(i) => canonical(*i, place)?,
                    None => None,
                };
                let chosen = conditional::chosen(cases, value.as_deref());
                return match then.get_mut(chosen.unwrap_or(cases.len())) {
                    Some(masker) => masker.apply(cell, kind, place),
                    None => Ok(Cell::Null),
                };
            }
            _ => {}
        }
        self.plain.clear();
        if !cell.canonical(&kind.charset, &mut self.plain)? && !has(Defect::NullIsEmpty) {
            return Ok(Cell::Null);
        }
        if has(Defect::TrimsValues) {
            let kept = self.plain.trim_ascii_end().len();
            self.plain.truncate(kept);
        }
        let plain = self.plain.as_slice();
        let text = || std::str::from_utf8(plain).map_err(|_| Undecodable::Invalid("UTF-8"));
        match &mut self.does {
            Does::Redact { with, length } => Ok(hidden::redact(text()?, *with, *length)),
            Does::Partial { first, last, with, hidden } => {
                Ok(hidden::partial(text()?, *first, *last, *with, *hidden))
            }
            Does::Token(token) => Ok(token.apply(plain)),
            Does::Deterministic(cipher) => {
                cipher.apply(plain).ok_or_else(|| MaskError::Long(Arc::clone(&self.class)))
            }
            Does::Randomised(cipher) => cipher.apply(plain, place.row).map_err(|e| match e {
                Refused::Long => MaskError::Long(Arc::clone(&self.class)),
                refused => MaskError::Refused(refused.to_string()),
            }),
            Does::Format(format, fallback) => {
                let text = text()?;
                match (format.encrypt(text), fallback) {
                    (Ok(changed), _) => Ok(Cell::Utf8(changed)),
                    (Err(_), Fallback::Null) => Ok(Cell::Null),
                    (Err(_), Fallback::Redact) => Ok(hidden::redact(text, '*', None)),
                    (Err(_), _) if has(Defect::PassOnError) => Ok(Cell::Utf8(text.to_owned())),
                    (Err(unfit), Fallback::Halt) => Err(self.unfit(unfit)),
                }
            }
            Does::Fake(fake) => Ok(fake.apply(plain)),
            Does::Json { paths, maskers, rest } => {
                let mut document = parse_json(plain)?;
                let named = |at: &[At<'_>]| paths.iter().position(|path| path.names(at));
                let text = ColumnType::text(Charset::Utf8);
                json::mask(&mut document, *rest, &named, &mut |i, value: &str| {
                    let cell = Cell::Utf8(value.to_owned());
                    match maskers.get_mut(i) {
                        Some(masker) => masker.apply(&cell, &text, place).map(json_value),
                        None => Ok(serde_json::Value::Null),
                    }
                })?;
                let document = document.to_string();
                Ok(match kind.kind {
                    Kind::Json => Cell::Json(document.into_bytes().into()),
                    _ => Cell::Utf8(document),
                })
            }
            // Answered above, before the cell was read.
            Does::Keep | Does::Null | Does::Fixed(_) | Does::Conditional { .. } => Ok(Cell::Null),
        }
    }

    fn unfit(&self, unfit: Unfit) -> MaskError {
        MaskError::Unfit { class: Arc::clone(&self.class), why: unfit.words() }
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({})", self.class)
    }
}

/// The canonical bytes of a cell of a row; `None` for NULL.
fn canonical(index: usize, place: RowContext<'_>) -> Result<Option<Vec<u8>>, MaskError> {
    let (Some(cell), Some(kind)) = (place.cells.get(index), place.types.get(index)) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    Ok(cell.canonical(&kind.charset, &mut bytes)?.then_some(bytes))
}

/// The JSON value of a masked cell. Masks below documents write texts.
fn json_value(cell: Cell<'_>) -> serde_json::Value {
    match cell {
        Cell::Utf8(text) => text.into(),
        Cell::Int(n) => n.into(),
        Cell::Double(n) => n.into(),
        _ => serde_json::Value::Null,
    }
}

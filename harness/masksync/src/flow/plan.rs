//! A table as its rows go through: columns, keys, masks.

use crate::keys::RingError;
use crate::mask::{Binding, Keys, MaskError, Masker, Named, RowContext};
use crate::value::{Cell, Charset, ColumnType};
use std::sync::Arc;

/// A column of the source, and its mask.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its type at the source.
    pub column: ColumnType,
    /// Its class and mask.
    pub named: Named,
}

/// A column whose cell could not be masked. No value is in the text.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}`: {cause}")]
pub struct Unmasked {
    /// The column.
    pub column: Arc<str>,
    /// The reason.
    pub cause: MaskError,
}

/// A masked key: its cells, and its bytes in the form of [`Binding::row_part`].
pub type MaskedKey<'a> = (Vec<Cell<'a>>, Vec<u8>);

/// A masked row.
#[derive(Clone, Debug, PartialEq)]
pub struct Masked<'a> {
    /// The key's bytes, in the form of [`Binding::row_part`].
    pub key: Vec<u8>,
    /// Its cells, in the order of the plan's columns.
    pub cells: Vec<Cell<'a>>,
}

/// The masks of a table's columns, ready to apply to rows.
#[derive(Debug)]
pub struct TablePlan {
    /// `schema.table` at the source.
    pub source: Arc<str>,
    /// Its columns.
    pub columns: Vec<PlanColumn>,
    /// Indices of the key's columns.
    pub key: Vec<usize>,
    types: Vec<ColumnType>,
    maskers: Vec<Masker>,
}

impl TablePlan {
    /// A plan of a table whose key's columns are at these places.
    ///
    /// # Errors
    /// When a key of the ring is missing or retired.
    pub fn new(
        source: Arc<str>,
        columns: Vec<PlanColumn>,
        key: Vec<usize>,
        keys: &Keys,
    ) -> Result<Self, RingError> {
        let names: Vec<Arc<str>> = columns.iter().map(|c| Arc::clone(&c.name)).collect();
        let masker = |c: &PlanColumn| Masker::new(&c.named, keys, &source, &c.name, &names);
        let maskers = columns.iter().map(masker).collect::<Result<_, _>>()?;
        let types = columns.iter().map(|c| c.column.clone()).collect();
        Ok(Self { source, columns, key, types, maskers })
    }

    /// The masked key of a row: its cells, and what the row is called by.
    ///
    /// # Errors
    /// When a cell cannot be masked.
    pub fn key<'c>(&mut self, row: &[Cell<'c>]) -> Result<MaskedKey<'c>, Unmasked> {
        let mut cells = Vec::with_capacity(self.key.len());
        let mut called = Vec::with_capacity(self.key.len() * 16);
        let mut canonical = Vec::new();
        for i in self.key.clone() {
            let cell = self.cell(i, row, &[])?;
            canonical.clear();
            let written = cell.canonical(&self.types[i].charset, &mut canonical);
            written.map_err(|e| self.unmasked(i, e.into()))?;
            Binding::row_part(&canonical, &mut called);
            cells.push(cell);
        }
        Ok((cells, called))
    }

    /// The masked row.
    ///
    /// # Errors
    /// When a cell cannot be masked.
    pub fn mask<'c>(&mut self, row: &[Cell<'c>]) -> Result<Masked<'c>, Unmasked> {
        // The masked key first: tokens of the other columns are bound to it.
        let (mut key_cells, key) = self.key(row)?;
        let mut cells = Vec::with_capacity(self.columns.len());
        for i in 0..self.columns.len() {
            let of_key = self.key.iter().position(|k| *k == i);
            cells.push(match of_key.and_then(|k| key_cells.get_mut(k)) {
                Some(cell) => std::mem::replace(cell, Cell::Null),
                None => self.cell(i, row, &key)?,
            });
        }
        Ok(Masked { key, cells })
    }

    fn cell<'c>(&mut self, i: usize, row: &[Cell<'c>], key: &[u8]) -> Result<Cell<'c>, Unmasked> {
        let cell = row.get(i).unwrap_or(&Cell::Null);
        let place = RowContext { row: key, cells: row, types: &self.types };
        let masked = self.maskers[i].apply(cell, &self.types[i], place);
        masked.map_err(|cause| self.unmasked(i, cause))
    }

    fn unmasked(&self, i: usize, cause: MaskError) -> Unmasked {
        Unmasked { column: Arc::clone(&self.columns[i].name), cause }
    }

    /// The character set that texts of a column have.
    #[must_use]
    pub fn charset(&self, column: usize) -> &Charset {
        &self.types[column].charset
    }
}

//! Table maps: the columns of the rows events after them.

use super::bytes::{Bytes, Malformed};
use super::column::{Labels, MapColumn, Raw, kind};
use crate::value::Charset;
use std::collections::HashMap;
use std::sync::Arc;

/// The server's collations by number, as the character sets they belong to.
#[derive(Clone, Debug, Default)]
pub struct Charsets(HashMap<u64, Charset>);

impl Charsets {
    /// Of numbers and names of character sets.
    pub fn new<'n>(all: impl IntoIterator<Item = (u64, &'n str)>) -> Self {
        Self(all.into_iter().map(|(id, name)| (id, Charset::named(name))).collect())
    }

    fn get(&self, id: usize) -> Charset {
        let found = self.0.get(&(id as u64));
        found.cloned().unwrap_or_else(|| Charset::Other(format!("of collation {id}")))
    }
}

/// A table map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMap {
    /// The id by which rows events refer to the table.
    pub id: u64,
    /// The schema.
    pub schema: Box<str>,
    /// The table.
    pub table: Box<str>,
    /// Its columns.
    pub columns: Vec<MapColumn>,
}

/// The head of a table map, which tells whether the rest is of interest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) id: u64,
    pub(super) schema: &'a str,
    pub(super) table: &'a str,
    rest: Bytes<'a>,
}

/// Fields of the optional metadata.
mod field {
    // Numbers of the optional fields, from libbinlogevents' rows_event.h.
    pub const SIGNEDNESS: u8 = 1;
    pub const DEFAULT_CHARSET: u8 = 2;
    pub const COLUMN_CHARSET: u8 = 3;
    pub const COLUMN_NAME: u8 = 4;
    pub const SET_LABELS: u8 = 5;
    pub const ENUM_LABELS: u8 = 6;
    pub const LABEL_DEFAULT_CHARSET: u8 = 10;
    pub const LABEL_CHARSET: u8 = 11;
}

impl<'a> Head<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes(body);
        let id = bytes.le(6)?;
        bytes.take(2)?;
        Ok(Self { id, schema: bytes.name()?, table: bytes.name()?, rest: bytes })
    }

    /// The whole map.
    pub(super) fn map(mut self, charsets: &Charsets) -> Result<TableMap, Malformed> {
        let bytes = &mut self.rest;
        let count = bytes.lenenc()?;
        let types = bytes.take(count)?;
        let mut meta = Bytes(bytes.lenenc_bytes()?);
        // Which columns may be NULL; each row says itself which of its columns are.
        bytes.take(count.div_ceil(8))?;
        let raws = types.iter().map(|t| Raw::read(*t, &mut meta));
        let raws: Vec<Raw<'_>> = raws.collect::<Result<_, _>>()?;
        let optional = Optional::read(*bytes, &raws, charsets)?;
        // Columns are found by name: by place, one that was added would shift all masks after it.
        if optional.names.len() != count {
            return Err(Malformed(
                "a table map has no column names; SET GLOBAL binlog_row_metadata = FULL",
            ));
        }
        let columns = raws.iter().zip(optional.names).enumerate().map(|(i, (raw, name))| {
            let unsigned = optional.unsigned.get(i).copied().unwrap_or_default();
            let charset = optional.charsets.get(i).cloned().flatten();
            let labels = optional.labels.get(i).cloned().flatten();
            let none = || Arc::from(Vec::new());
            raw.column(
                name,
                unsigned,
                charset.unwrap_or(Charset::Binary),
                labels.unwrap_or_else(none),
            )
        });
        Ok(TableMap {
            id: self.id,
            schema: self.schema.into(),
            table: self.table.into(),
            columns: columns.collect::<Result<_, _>>()?,
        })
    }
}

/// Indices of the columns for which `holds` is true.
fn places(raws: &[Raw<'_>], holds: impl Fn(&Raw<'_>) -> bool) -> Vec<usize> {
    raws.iter().enumerate().filter(|(_, raw)| holds(raw)).map(|(i, _)| i).collect()
}

/// The optional metadata, column by column.
#[derive(Default)]
struct Optional {
    names: Vec<Arc<str>>,
    unsigned: Vec<bool>,
    charsets: Vec<Option<Charset>>,
    labels: Vec<Option<Labels>>,
}

impl Optional {
    fn read(
        mut bytes: Bytes<'_>,
        raws: &[Raw<'_>],
        charsets: &Charsets,
    ) -> Result<Self, Malformed> {
        let characters = places(raws, |raw| raw.is_character());
        let label_places = places(raws, |raw| raw.is_label());
        let mut read = Self {
            charsets: vec![None; raws.len()],
            labels: vec![None; raws.len()],
            ..Self::default()
        };
        while !bytes.is_empty() {
            let field = bytes.u8()?;
            let mut value = Bytes(bytes.lenenc_bytes()?);
            match field {
                field::SIGNEDNESS => {
                    let bitmap = value.rest();
                    let mut n = 0;
                    read.unsigned = raws
                        .iter()
                        .map(|raw| {
                            let at = n;
                            n += usize::from(raw.is_numeric());
                            // From the highest bit of the first byte on.
                            let byte = bitmap.get(at / 8).copied().unwrap_or_default();
                            raw.is_numeric() && byte >> (7 - at % 8) & 1 == 1
                        })
                        .collect();
                }
                field::DEFAULT_CHARSET => read.defaults(&mut value, &characters, charsets)?,
                field::LABEL_DEFAULT_CHARSET => {
                    read.defaults(&mut value, &label_places, charsets)?;
                }
                field::COLUMN_CHARSET => read.each(&mut value, &characters, charsets)?,
                field::LABEL_CHARSET => read.each(&mut value, &label_places, charsets)?,
                field::COLUMN_NAME => {
                    while !value.is_empty() {
                        let name = std::str::from_utf8(value.lenenc_bytes()?);
                        let name = name.map_err(|_| Malformed("a column's name is not UTF-8"))?;
                        read.names.push(name.into());
                    }
                }
                field::SET_LABELS => read.labels(&mut value, raws, kind::SET)?,
                field::ENUM_LABELS => read.labels(&mut value, raws, kind::ENUM)?,
                // Geometry types, keys, visibility, dimensions: nothing that values depend on.
                _ => {}
            }
        }
        Ok(read)
    }

    fn defaults(
        &mut self,
        value: &mut Bytes<'_>,
        places: &[usize],
        charsets: &Charsets,
    ) -> Result<(), Malformed> {
        // The most frequent character set first, then pairs of a column's number (among the
        // character columns only) and its own.
        let default = charsets.get(value.lenenc()?);
        for place in places {
            self.charsets[*place] = Some(default.clone());
        }
        while !value.is_empty() {
            let nth = value.lenenc()?;
            let charset = charsets.get(value.lenenc()?);
            let place = places.get(nth).ok_or(Malformed("a character set is of no column"))?;
            self.charsets[*place] = Some(charset);
        }
        Ok(())
    }

    fn each(
        &mut self,
        value: &mut Bytes<'_>,
        places: &[usize],
        charsets: &Charsets,
    ) -> Result<(), Malformed> {
        for place in places {
            self.charsets[*place] = Some(charsets.get(value.lenenc()?));
        }
        Ok(())
    }

    fn labels(
        &mut self,
        value: &mut Bytes<'_>,
        raws: &[Raw<'_>],
        kind: u8,
    ) -> Result<(), Malformed> {
        for (place, _) in raws.iter().enumerate().filter(|(_, raw)| raw.kind == kind) {
            let count = value.lenenc()?;
            let mut labels = Vec::new();
            for _ in 0..count {
                labels.push(Box::from(value.lenenc_bytes()?));
            }
            self.labels[place] = Some(labels.into());
        }
        Ok(())
    }
}

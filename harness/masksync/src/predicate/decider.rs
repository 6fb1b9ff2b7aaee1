//! Decides a predicate row by row: the source is asked once for each distinct value.

use crate::value::Cell;
use quick_cache::unsync::Cache;

/// As many distinct answers are kept.
const KEPT: usize = 100_000;
/// As many values are asked at once.
const AT_ONCE: usize = 500;

/// The value of a predicate in SQL's three-valued logic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The row passes.
    True,
    /// The row does not pass.
    False,
    /// The predicate is unknown, so the row does not pass.
    Null,
}

impl Truth {
    /// Whether the row passes.
    #[must_use]
    pub fn passes(self) -> bool {
        self == Self::True
    }
}

/// No answer.
#[derive(Debug, thiserror::Error)]
#[error("the source does not decide the predicate: {0}")]
pub struct AskError(pub String);

/// Decides a predicate for some values.
pub trait Ask {
    /// The value for each tuple of the predicate's columns, in order.
    ///
    /// # Errors
    /// When there is no answer.
    fn ask(&mut self, tuples: &[Vec<Cell<'_>>]) -> Result<Vec<Truth>, AskError>;
}

/// Decides a predicate of one table.
pub struct Decider {
    columns: Vec<usize>,
    kept: Cache<Box<[u8]>, Truth>,
    key: Vec<u8>,
}

impl Decider {
    /// A decider by the columns at these places of a row.
    #[must_use]
    pub fn new(columns: Vec<usize>) -> Self {
        Self { columns, kept: Cache::new(KEPT), key: Vec::new() }
    }

    /// The predicate's value for each row.
    ///
    /// # Errors
    /// When the source was to be asked, and does not answer.
    pub fn decide(
        &mut self,
        rows: &[&[Cell<'_>]],
        ask: &mut dyn Ask,
    ) -> Result<Vec<Truth>, AskError> {
        let mut truths = vec![Truth::Null; rows.len()];
        let mut missing: Vec<(usize, Box<[u8]>)> = Vec::new();
        for (i, row) in rows.iter().enumerate() {
            key(&self.columns, row, &mut self.key);
            match self.kept.get(self.key.as_slice()) {
                Some(truth) => truths[i] = *truth,
                None => missing.push((i, self.key.as_slice().into())),
            }
        }
        if missing.is_empty() {
            return Ok(truths);
        }
        // Sorted for equal values to stand together: each is asked once, however many rows have it.
        let mut asked: Vec<&(usize, Box<[u8]>)> = missing.iter().collect();
        asked.sort_by(|a, b| a.1.cmp(&b.1));
        asked.dedup_by(|a, b| a.1 == b.1);
        let mut answers = std::collections::HashMap::with_capacity(asked.len());
        for part in asked.chunks(AT_ONCE) {
            let tuples: Vec<Vec<Cell<'_>>> = part
                .iter()
                .map(|(i, _)| {
                    self.columns.iter().filter_map(|c| rows[*i].get(*c).cloned()).collect()
                })
                .collect();
            let given = ask.ask(&tuples)?;
            if given.len() != part.len() {
                return Err(AskError("it gave another number of answers".to_owned()));
            }
            for ((_, key), truth) in part.iter().zip(given) {
                answers.insert(key.clone(), truth);
                self.kept.insert(key.clone(), truth);
            }
        }
        // From this batch's own answers: the cache may have dropped one since.
        for (i, key) in &missing {
            truths[*i] = answers.get(key).copied().unwrap_or(Truth::Null);
        }
        Ok(truths)
    }
}

/// The exact values of some columns: a byte for NULL or not, a length, the bytes.
fn key(columns: &[usize], row: &[Cell<'_>], key: &mut Vec<u8>) {
    key.clear();
    for column in columns {
        let start = key.len();
        key.extend_from_slice(&[0; 5]);
        match row.get(*column) {
            None | Some(Cell::Null) => continue,
            // Texts are compared as their bytes: no character set is to be read for that.
            Some(Cell::Text(bytes)) => key.extend_from_slice(bytes),
            Some(cell) => {
                // Only texts can be unreadable.
                let _ = cell.canonical(&crate::value::Charset::Binary, key);
            }
        }
        let length = u32::try_from(key.len() - start - 5).unwrap_or(u32::MAX);
        key[start] = 1;
        key[start + 1..start + 5].copy_from_slice(&length.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A double of the source, which passes what is not `VIP`.
    #[derive(Default)]
    struct Counting(Vec<usize>);

    impl Ask for Counting {
        fn ask(&mut self, tuples: &[Vec<Cell<'_>>]) -> Result<Vec<Truth>, AskError> {
            self.0.push(tuples.len());
            let truth = |tuple: &Vec<Cell<'_>>| match &tuple[0] {
                Cell::Null => Truth::Null,
                Cell::Text(bytes) if **bytes == *b"VIP" => Truth::False,
                _ => Truth::True,
            };
            Ok(tuples.iter().map(truth).collect())
        }
    }

    fn text(text: &'static str) -> [Cell<'static>; 2] {
        [Cell::Int(1), Cell::Text(text.as_bytes().into())]
    }

    #[test]
    fn a_distinct_value_is_asked_once() {
        let (mut decider, mut ask) = (Decider::new(vec![1]), Counting::default());
        let rows = [text("VIP"), text("NORMAL"), text("VIP"), text(""), [Cell::Int(1), Cell::Null]];
        let rows: Vec<&[Cell<'_>]> = rows.iter().map(|r| &r[..]).collect();
        let expected = [Truth::False, Truth::True, Truth::False, Truth::True, Truth::Null];
        assert_eq!(decider.decide(&rows, &mut ask).unwrap(), expected);
        assert_eq!(decider.decide(&rows, &mut ask).unwrap(), expected);
        assert_eq!(ask.0, [4]);
    }

    #[test]
    fn null_is_not_the_empty_text_and_values_do_not_run_together() {
        let bytes = |row: &[Cell<'_>]| {
            let mut bytes = Vec::new();
            key(&[0, 1], row, &mut bytes);
            bytes
        };
        let cell = |t: &'static str| Cell::Text(t.as_bytes().into());
        assert_ne!(bytes(&[cell("a"), cell("bc")]), bytes(&[cell("ab"), cell("c")]));
        assert_ne!(bytes(&[Cell::Null, cell("")]), bytes(&[cell(""), Cell::Null]));
    }
}

//! Tables that cases fill, a cell each: which binary is the same where, which library loads where.

use crate::{text, words};
use twinproof_model::{CaseResult, Results, Verdict};

/// A table, as its cases fill it.
pub struct Table<'a> {
    /// Its title.
    pub title: &'a str,
    /// Columns, in the order of the run.
    pub columns: Vec<&'a str>,
    /// Rows with their cells by column, in the order of the run.
    pub rows: Vec<(&'a str, Vec<Option<Cell<'a>>>)>,
}

/// A cell.
#[derive(Clone, Copy)]
pub struct Cell<'a> {
    /// Index of its case in the results.
    pub index: usize,
    /// Its case.
    pub case: &'a CaseResult,
}

impl Cell<'_> {
    /// The cell's text: the case's value where it passes, else the reason why not. A SHA-256 is cut
    /// to its first 12 digits.
    #[must_use]
    pub fn text(&self) -> String {
        let case = self.case;
        if case.verdict == Verdict::Pass {
            let value = case.cell.as_ref().map_or("", |cell| cell.value.as_str());
            return value.split(' ').map(shortened).collect::<Vec<_>>().join(" ");
        }
        if let Some(why) = words::why(case) {
            return text::cut(&why, 120);
        }
        let worst = case.checks.iter().find(|check| check.verdict == case.verdict);
        worst.map_or_else(String::new, |check| text::cut(&check.actual, 160))
    }
}

/// The first digits of a SHA-256; any other word as it is.
fn shortened(word: &str) -> &str {
    let is_hash = word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash { &word[..12] } else { word }
}

/// The tables of a run, in the order in which cases name them. A cell that several cases fill shows
/// the one with the most alarming verdict.
#[must_use]
pub fn tables(results: &Results) -> Vec<Table<'_>> {
    let mut tables: Vec<Table<'_>> = Vec::new();
    for (index, case) in results.cases.iter().enumerate() {
        let Some(cell) = &case.cell else { continue };
        // The cell is empty where a case does not apply.
        if case.verdict == Verdict::NotApplicable {
            continue;
        }
        let at = tables.iter().position(|t| t.title == cell.table).unwrap_or_else(|| {
            tables.push(Table { title: &cell.table, columns: Vec::new(), rows: Vec::new() });
            tables.len() - 1
        });
        tables[at].fill(&cell.row, &cell.column, Cell { index, case });
    }
    tables
}

impl<'a> Table<'a> {
    fn fill(&mut self, row: &'a str, column: &'a str, cell: Cell<'a>) {
        let at = self.columns.iter().position(|c| *c == column).unwrap_or_else(|| {
            self.columns.push(column);
            self.rows.iter_mut().for_each(|(_, cells)| cells.push(None));
            self.columns.len() - 1
        });
        let line = self.rows.iter().position(|(r, _)| *r == row).unwrap_or_else(|| {
            self.rows.push((row, vec![None; self.columns.len()]));
            self.rows.len() - 1
        });
        let place = &mut self.rows[line].1[at];
        // A cell that two cases fill shows the more alarming one: a pass must not cover a failure.
        if place.is_none_or(|before| before.case.verdict < cell.case.verdict) {
            *place = Some(cell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{shortened, tables};
    use crate::fixture::{case, check, small};
    use twinproof_model::{TableCell, Verdict};

    #[test]
    fn cells_stand_where_their_cases_say() {
        let mut results = small();
        let filled = |id: &str, row: &str, column: &str, value: &str, verdict| {
            let cell = TableCell {
                table: "T".into(),
                row: row.into(),
                column: column.into(),
                value: value.into(),
            };
            let mut case = case(id, "host", verdict, &[]);
            case.cell = Some(cell);
            case
        };
        let mut wrong = filled("s/c", "r2", "c2", "", Verdict::Fail);
        wrong.checks.push(check("why.verdict", Verdict::Fail, "identical", "code differs"));
        results.cases = vec![
            filled("s/a", "r1", "c1", &"ab".repeat(32), Verdict::Pass),
            filled("s/b", "r2", "c1", "loads", Verdict::Pass),
            wrong,
            filled("s/d", "r3", "c3", "never", Verdict::NotApplicable),
        ];
        let tables = tables(&results);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].columns, ["c1", "c2"]);
        let text = |row: usize, column: usize| tables[0].rows[row].1[column].map(|c| c.text());
        assert_eq!(text(0, 0).as_deref(), Some("abababababab"));
        assert_eq!(text(0, 1), None);
        assert_eq!(text(1, 0).as_deref(), Some("loads"));
        assert_eq!(text(1, 1).as_deref(), Some("code differs"));
    }

    #[test]
    fn only_hashes_are_cut() {
        assert_eq!(shortened("GLIBC_2.34"), "GLIBC_2.34");
        assert_eq!(shortened(&"0".repeat(64)), "000000000000");
    }
}

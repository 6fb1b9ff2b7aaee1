//! Predicates, decided as the source's collation does it: `general_ci` with padding.
//!
//! It decides the predicates of the suite's own files, which are comparisons joined by AND. The
//! source's own decision on its rows is recorded as well; a row on which they differ decides
//! nothing.

use crate::cell::{Cell, Row};

/// A conjunction of comparisons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    column: String,
    negated: bool,
    values: Vec<String>,
}

impl Predicate {
    /// Reads `COLUMN [NOT] IN ('A', 'B')`, `COLUMN <> 'A'` or `COLUMN = 'A'`, joined by AND.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no predicate that this suite decides");
        let term = |part: &str| -> Option<Term> {
            let values: Vec<String> =
                part.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
            let (head, _) = part.split_once('\'')?;
            let head: Vec<&str> = head.split([' ', '(']).filter(|w| !w.is_empty()).collect();
            let negated = match head[1..] {
                ["NOT", "IN"] | ["<>"] => true,
                ["IN"] | ["="] => false,
                _ => return None,
            };
            Some(Term { column: head[0].to_owned(), negated, values })
        };
        text.split(" AND ").map(term).collect::<Option<Vec<_>>>().map(Self).ok_or_else(wrong)
    }

    /// The columns that it depends on.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|term| term.column.as_str())
    }

    /// The predicate's value for a row; `None` is SQL's NULL.
    #[must_use]
    pub fn holds(&self, row: &Row) -> Option<bool> {
        let of = |term: &Term| {
            let text = row.get(&term.column).unwrap_or(&Cell::NULL).as_text()?;
            let listed = term.values.iter().any(|value| folded(value) == folded(text));
            Some(listed != term.negated)
        };
        let all: Vec<Option<bool>> = self.0.iter().map(of).collect();
        match () {
            // SQL's three values: false AND unknown is false, true AND unknown is unknown.
            () if all.contains(&Some(false)) => Some(false),
            () if all.contains(&None) => None,
            () => Some(true),
        }
    }
}

/// A text by its weights in `utf8mb4_general_ci` and `latin1_general_ci`, as far as Latin letters go:
/// without case, accents, and spaces at its end.
fn folded(text: &str) -> String {
    let base = |c: char| match c.to_uppercase().next().unwrap_or(c) {
        'À'..='Å' => 'A',
        'È'..='Ë' => 'E',
        'Ì'..='Ï' => 'I',
        'Ò'..='Ö' => 'O',
        'Ù'..='Ü' => 'U',
        'Ñ' => 'N',
        'Ç' => 'C',
        'Ý' => 'Y',
        c => c,
    };
    // The collations of the schema pad (PAD SPACE): blanks at the end do not count in a comparison.
    text.trim_end_matches(' ').chars().map(base).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Some("NORMAL"), Some(true))]
    #[case(Some(""), Some(true))]
    #[case(Some("ＶＩＰ"), Some(true))]
    #[case(Some("VIP"), Some(false))]
    #[case(Some("vip"), Some(false))]
    #[case(Some("VÍP"), Some(false))]
    #[case(Some("VIP "), Some(false))]
    #[case(None, None)]
    fn it_is_decided_as_mariadb_does(#[case] value: Option<&str>, #[case] wanted: Option<bool>) {
        let predicate = Predicate::parse("user_type NOT IN ('VIP', 'CORP')").unwrap();
        let row = [("user_type".to_owned(), value.map_or(Cell::NULL, Cell::text))].into();
        assert_eq!(predicate.holds(&row), wanted);
    }

    #[test]
    fn other_forms_are_refused() {
        assert!(Predicate::parse("user_type LIKE 'V%'").is_err());
        assert!(Predicate::parse("1").is_err());
    }
}

//! Cells as SQL's literals, exact in every character set.

use crate::value::{Cell, Charset};
use std::fmt::Write as _;

/// Appends cells as a row of values, in parentheses: `(1, 'a')`.
pub fn literals<'c>(
    cells: impl IntoIterator<Item = (&'c Cell<'c>, &'c Charset)>,
    sql: &mut String,
) {
    for (i, (cell, charset)) in cells.into_iter().enumerate() {
        sql.push_str(if i == 0 { "(" } else { ", " });
        literal(cell, charset, sql);
    }
    sql.push(')');
}

/// The condition that columns have the values of one of these rows.
#[must_use]
pub fn is_one_of<'c, R>(columns: &[&str], rows: impl IntoIterator<Item = R>) -> String
where
    R: IntoIterator<Item = (&'c Cell<'c>, &'c Charset)>,
{
    let names: Vec<String> = columns.iter().map(|column| name(column)).collect();
    let mut sql = format!("({}) IN (", names.join(", "));
    for (i, row) in rows.into_iter().enumerate() {
        sql.push_str(if i == 0 { "" } else { ", " });
        literals(row, &mut sql);
    }
    sql.push(')');
    sql
}

/// Appends a cell. The connection's statements are UTF-8 (`SET NAMES utf8mb4`); other texts name
/// their own character set, so the server converts where a column has another, or refuses.
pub fn literal(cell: &Cell<'_>, charset: &Charset, sql: &mut String) {
    // Writing to a text does not fail.
    let _ = match cell {
        Cell::Null => write!(sql, "NULL"),
        Cell::Int(n) => write!(sql, "{n}"),
        Cell::UInt(n) => write!(sql, "{n}"),
        // The exact number, whatever the server makes of fewer digits.
        Cell::Float(n) => write!(sql, "{:e}", f64::from(*n)),
        Cell::Double(n) => write!(sql, "{n:e}"),
        Cell::Decimal(text) => write!(sql, "{text}"),
        Cell::Moment(text) => write!(sql, "'{text}'"),
        Cell::Text(bytes) => {
            let set = match charset {
                Charset::Other(name) => name.as_str(),
                known => known.introducer(),
            };
            string(set, bytes, sql);
            Ok(())
        }
        Cell::Utf8(text) => {
            string("utf8mb4", text.as_bytes(), sql);
            Ok(())
        }
        Cell::Json(bytes) => {
            string("utf8mb4", bytes, sql);
            Ok(())
        }
        Cell::Bytes(bytes) => {
            string("binary", bytes, sql);
            Ok(())
        }
    };
}

fn string(set: &str, bytes: &[u8], sql: &mut String) {
    let text = std::str::from_utf8(bytes);
    // Looking the name up takes the server about as long as the rest of a short literal.
    if set != "utf8mb4" || text.is_err() {
        sql.push('_');
        sql.push_str(set);
    }
    match text {
        // Readable where every byte means the same in all character sets that the server has for
        // literals. Anything else is written as hexadecimal, which no client or server converts.
        Ok(text) if bytes.is_ascii() || set == "utf8mb4" => {
            sql.push('\'');
            let mut rest = text;
            while let Some(at) = rest.find(['\0', '\'', '\\', '\n', '\r', '\x1a']) {
                let (before, special) = rest.split_at(at);
                sql.push_str(before);
                sql.push_str(match special.as_bytes()[0] {
                    0 => "\\0",
                    b'\'' => "\\'",
                    b'\n' => "\\n",
                    b'\r' => "\\r",
                    0x1a => "\\Z",
                    _ => "\\\\",
                });
                rest = &special[1..];
            }
            sql.push_str(rest);
            sql.push('\'');
        }
        _ => {
            sql.push_str(" x'");
            for byte in bytes {
                for digit in [byte >> 4, byte & 15] {
                    sql.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
            sql.push('\'');
        }
    }
}

/// A name between backticks.
#[must_use]
pub fn name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Schema and table between backticks.
#[must_use]
pub fn quoted_name((schema, table): &(String, String)) -> String {
    format!("{}.{}", name(schema), name(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Cell::Null, Charset::Utf8, "NULL")]
    #[case(Cell::Int(-1), Charset::Utf8, "-1")]
    #[case(Cell::Float(0.1), Charset::Utf8, "1.0000000149011612e-1")]
    #[case(Cell::Double(1e300), Charset::Utf8, "1e300")]
    #[case(Cell::Text(b"a'b\\c\0\n".as_slice().into()), Charset::Utf8, "'a\\'b\\\\c\\0\\n'")]
    #[case(Cell::Text("é".as_bytes().into()), Charset::Utf8, "'é'")]
    #[case(Cell::Text(b"\x80".as_slice().into()), Charset::Latin1, "_latin1 x'80'")]
    #[case(Cell::Text("é".as_bytes().into()), Charset::Latin1, "_latin1 x'c3a9'")]
    #[case(Cell::Text(b"\x81\x5c".as_slice().into()), Charset::Other("sjis".into()), "_sjis x'815c'")]
    #[case(Cell::Bytes(b"\xff\0".as_slice().into()), Charset::Binary, "_binary x'ff00'")]
    fn literals_are_exact(#[case] cell: Cell<'_>, #[case] charset: Charset, #[case] sql: &str) {
        let mut written = String::new();
        literal(&cell, &charset, &mut written);
        assert_eq!(written, sql);
    }

    #[test]
    fn names_cannot_end_their_quotes() {
        assert_eq!(name("a`b"), "`a``b`");
    }
}

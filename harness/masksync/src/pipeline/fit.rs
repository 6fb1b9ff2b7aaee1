//! Whether a column of staging can hold the masked values, checked before the first row is read.

use crate::defect::{Defect, has};
use crate::mask::{Encoding, Fallback, Named, Transformer};
use crate::server::Column;
use crate::value::Kind;

/// Bytes that a token adds to its plaintext: version, key, nonce and tag (1 + 4 + 12 + 16), or
/// version, key and synthetic nonce (1 + 4 + 16).
const RANDOMISED: u64 = 33;
const DETERMINISTIC: u64 = 21;

/// The reasons why masked values do not fit the column of staging, a sentence each; empty where
/// they fit.
pub(super) fn misfits(named: &Named, source: &Column, staging: &Column) -> Vec<String> {
    let mut wrong = Vec::new();
    check(named, source, staging, &mut wrong);
    wrong
}

fn check(named: &Named, source: &Column, staging: &Column, wrong: &mut Vec<String>) {
    let column = &source.name;
    let (Some(from), Some(to)) = (&source.column, &staging.column) else { return };
    let masks =
        !matches!(named.transformer, Transformer::Keep | Transformer::Null | Transformer::Fixed(_));
    if masks && !from.charset.is_readable() {
        wrong.push(format!(
            "column `{column}` has character set {:?}, whose texts can be copied, not masked",
            from.charset
        ));
    }
    let class = &named.class;
    let fits = |length, wrong: &mut Vec<String>| text(length, false, named, source, staging, wrong);
    match &named.transformer {
        Transformer::Keep => {
            if plain(&source.written) != plain(&staging.written) {
                wrong.push(format!(
                    "column `{column}` is {} at the source and {} in staging",
                    source.written, staging.written
                ));
            }
        }
        Transformer::Null | Transformer::Format { fallback: Fallback::Null, .. }
            if !staging.nullable =>
        {
            wrong.push(format!(
                "column `{column}`: class `{class}` makes NULL, and staging's has none"
            ));
        }
        Transformer::Null | Transformer::Fixed(_) => {}
        Transformer::Redact { length, .. } => {
            fits(length.map(|l| l as u64).or_else(|| characters(source)), wrong);
        }
        Transformer::Partial { .. } | Transformer::Format { .. } => {
            fits(characters(source), wrong);
        }
        // A UUID, the longest invented value.
        Transformer::Fake { .. } => fits(Some(36), wrong),
        Transformer::Token { length, encoding, .. } => {
            token(*length as u64, *encoding, named, source, staging, wrong);
        }
        Transformer::Deterministic { encoding, .. } => {
            let length = bytes(source).saturating_add(DETERMINISTIC);
            token(length, *encoding, named, source, staging, wrong);
        }
        Transformer::Randomised { encoding } => {
            let length = bytes(source).saturating_add(RANDOMISED);
            token(length, *encoding, named, source, staging, wrong);
        }
        Transformer::Conditional { cases, otherwise, .. } => {
            for named in cases.iter().map(|case| &case.then).chain([&**otherwise]) {
                check(named, source, staging, wrong);
            }
        }
        Transformer::Json { .. } => {
            if !matches!(from.kind, Kind::Json | Kind::Text) || to.kind != from.kind {
                wrong.push(format!(
                    "column `{column}`: class `{class}` masks JSON documents, and the column is {} \
                     at the source and {} in staging",
                    from.kind.name(),
                    to.kind.name()
                ));
            }
        }
    }
}

/// Whether a token of so many bytes fits.
fn token(
    length: u64,
    encoding: Encoding,
    named: &Named,
    source: &Column,
    staging: &Column,
    wrong: &mut Vec<String>,
) {
    let needed = usize::try_from(length).unwrap_or(usize::MAX / 2);
    let needed = encoding.length(needed) as u64;
    match encoding {
        Encoding::Text => text(Some(needed), true, named, source, staging, wrong),
        Encoding::Binary => {
            let (column, class) = (&source.name, &named.class);
            let kind = staging.column.as_ref().map(|c| c.kind);
            if kind != Some(Kind::Bytes) {
                wrong.push(format!(
                    "column `{column}`: class `{class}` makes bytes, and staging's is not binary"
                ));
            } else if let Some(held) = staging.length.filter(|held| needed > *held) {
                wrong.push(format!(
                    "column `{column}`: class `{class}` makes up to {needed} bytes, and staging's \
                     holds {held}"
                ));
            }
        }
    }
}

/// Whether a text of so many characters fits; `exact` where its case matters.
fn text(
    length: Option<u64>,
    exact: bool,
    named: &Named,
    source: &Column,
    staging: &Column,
    wrong: &mut Vec<String>,
) {
    let (column, class) = (&source.name, &named.class);
    let kind = staging.column.as_ref().map(|c| c.kind);
    if kind != Some(Kind::Text) {
        wrong.push(format!(
            "column `{column}`: class `{class}` makes texts, and staging's is no text"
        ));
        return;
    }
    if let (Some(needed), Some(held)) = (length, staging.length)
        && needed > held
    {
        wrong.push(format!(
            "column `{column}`: class `{class}` makes up to {needed} characters, and staging's \
             holds {held}"
        ));
    }
    // In base64url `a` and `A` are different tokens, which other collations take for equal.
    if exact && !has(Defect::AnyCollation) && !staging.collation.ends_with("_bin") {
        wrong.push(format!(
            "column `{column}`: tokens differ in case, and staging's collation is {}; make it \
             ascii_bin",
            staging.collation
        ));
    }
}

/// A type without the width that only its display had.
fn plain(written: &str) -> String {
    let integer = ["tinyint", "smallint", "mediumint", "int", "bigint", "year"]
        .into_iter()
        .find(|name| written.starts_with(&format!("{name}(")));
    match (integer, written.split_once(')')) {
        (Some(name), Some((_, rest))) => format!("{name}{rest}"),
        _ => written.to_owned(),
    }
}

/// The most characters of a column's canonical text; `None` where it is not bounded here.
fn characters(column: &Column) -> Option<u64> {
    match column.column.as_ref()?.kind {
        // The longest of each: 2^64 - 1; 65 digits, a sign and a point; the smallest double in
        // full; microseconds.
        Kind::Integer => Some(20),
        Kind::Decimal => Some(67),
        Kind::Float => Some(330),
        Kind::Moment => Some(26),
        _ => column.length,
    }
}

/// The most bytes of a column's canonical form.
fn bytes(column: &Column) -> u64 {
    let wide =
        column.column.as_ref().is_some_and(|c| c.kind == Kind::Text || c.kind == Kind::Label);
    let large = ["text", "mediumtext", "longtext", "tinytext"];
    // The length of TEXT columns is one of bytes already.
    let each = if wide && !large.contains(&column.written.as_str()) { 4 } else { 1 };
    characters(column).unwrap_or_default().saturating_mul(each)
}

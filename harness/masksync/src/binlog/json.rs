//! JSON documents as MySQL stores them (sql-common/json_binary.h), read into the same form as their
//! texts.

use super::bytes::{Bytes, Malformed};
use super::{decimal, moment};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Number, Value};

/// As deep as texts may be nested.
const DEPTH: usize = 128;

/// Reads a document. No bytes are null, as the server takes them.
pub(super) fn read(stored: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut bytes = Bytes(stored);
    // A document cannot have more values than bytes; offsets that meet would give more.
    let mut budget = stored.len().saturating_add(1);
    let value = match bytes.u8() {
        Err(_) => Value::Null,
        Ok(kind) => value(kind, bytes, 0, &mut budget)?,
    };
    Ok(value.to_string().into_bytes())
}

fn value(
    kind: u8,
    mut bytes: Bytes<'_>,
    depth: usize,
    budget: &mut usize,
) -> Result<Value, Malformed> {
    *budget = budget.checked_sub(1).ok_or(Malformed("a JSON document refers to itself"))?;
    Ok(match kind {
        0..=3 if depth >= DEPTH => return Err(Malformed("a JSON document is too deep")),
        0..=3 => return container(kind < 2, kind & 1 == 1, bytes.0, depth, budget),
        4 => match bytes.u8()? {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::Bool(false),
            _ => return Err(Malformed("a JSON literal is unknown")),
        },
        5 => Value::from(i64::from(bytes.le(2)? as u16 as i16)),
        6 => Value::from(bytes.le(2)?),
        7 => Value::from(i64::from(bytes.le(4)? as u32 as i32)),
        8 => Value::from(bytes.le(4)?),
        9 => Value::from(bytes.le(8)? as i64),
        10 => Value::from(bytes.le(8)?),
        11 => Number::from_f64(f64::from_bits(bytes.le(8)?))
            .map(Value::Number)
            .ok_or(Malformed("a JSON number is not finite"))?,
        12 => {
            let length = length(&mut bytes)?;
            text(bytes.take(length)?)?.into()
        }
        15 => {
            let kind = bytes.u8()?;
            let length = length(&mut bytes)?;
            opaque(kind, bytes.take(length)?)?
        }
        _ => return Err(Malformed("a JSON value's type is unknown")),
    })
}

fn container(
    is_object: bool,
    is_large: bool,
    all: &[u8],
    depth: usize,
    budget: &mut usize,
) -> Result<Value, Malformed> {
    let width = if is_large { 4 } else { 2 };
    let mut head = Bytes(all);
    let at = |offset: u64| {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        all.get(offset..).map(Bytes).ok_or(Malformed("a JSON offset is wrong"))
    };
    let count = head.le(width)?;
    head.take(width)?;
    if count > all.len() as u64 {
        return Err(Malformed("a JSON document has too many values"));
    }
    let mut keys = Vec::new();
    if is_object {
        for _ in 0..count {
            let offset = head.le(width)?;
            let length = head.le(2)?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            keys.push(text(at(offset)?.take(length)?)?.to_owned());
        }
    }
    let mut values = Vec::new();
    for _ in 0..count {
        let kind = head.u8()?;
        let inline = head.0;
        let offset = head.le(width)?;
        let stored = match kind {
            4..=6 => Bytes(inline),
            // Numbers of four bytes stand in place of an offset where offsets have four.
            7 | 8 if is_large => Bytes(inline),
            _ => at(offset)?,
        };
        values.push(value(kind, stored, depth + 1, budget)?);
    }
    Ok(if is_object {
        Value::Object(Map::from_iter(keys.into_iter().zip(values)))
    } else {
        Value::Array(values)
    })
}

/// Seven bits a byte, the lowest first.
fn length(bytes: &mut Bytes<'_>) -> Result<usize, Malformed> {
    let mut n = 0;
    // Seven bits a byte, the lowest first: five bytes hold the 32 bits that a length may have.
    for shift in [0, 7, 14, 21, 28] {
        let byte = bytes.u8()?;
        n |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(n);
        }
    }
    Err(Malformed("a JSON length is wrong"))
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| Malformed("a JSON text is not UTF-8"))
}

/// Values that JSON itself does not have, as the server writes them.
fn opaque(kind: u8, stored: &[u8]) -> Result<Value, Malformed> {
    const DATE: u8 = 10;
    const TIME: u8 = 11;
    const NEWDECIMAL: u8 = 246;
    let mut bytes = Bytes(stored);
    match kind {
        NEWDECIMAL => {
            let (precision, scale) = (bytes.u8()?, bytes.u8()?);
            if precision > 65 || scale > precision {
                return Err(Malformed("a JSON decimal is wrong"));
            }
            let text = decimal::read(&mut bytes, precision, scale)?;
            serde_json::from_str(&text).map_err(|_| Malformed("a JSON decimal is wrong"))
        }
        DATE | TIME | 7 | 12 => {
            Ok(moment::packed(bytes.le(8)? as i64, kind == DATE, kind == TIME).into())
        }
        _ => Ok(format!("base64:type{kind}:{}", BASE64_STANDARD.encode(stored)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_text(stored: &[u8]) -> String {
        String::from_utf8(read(stored).unwrap()).unwrap()
    }

    #[test]
    fn documents_read_as_their_texts() {
        // {"a": "x", "b": [1, true, null]} as MySQL 8 stores it.
        let array = [3, 0, 13, 0, 5, 1, 0, 4, 1, 0, 4, 0, 0];
        let mut object = vec![0, 2, 0, 0, 0, 18, 0, 1, 0, 19, 0, 1, 0, 12, 20, 0, 2, 22, 0];
        object.extend_from_slice(b"ab\x01x");
        object.extend_from_slice(&array);
        assert_eq!(read_text(&object), r#"{"a":"x","b":[1,true,null]}"#);
        assert_eq!(read_text(&[]), "null");
        assert_eq!(read_text(&[12, 2, b'h', b'i']), "\"hi\"");
    }

    #[test]
    fn documents_that_refer_to_themselves_are_refused() {
        // A small array whose element is the array itself.
        assert!(read(&[2, 1, 0, 7, 0, 2, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(stored: Vec<u8>) {
            let _ = read(&stored);
        }
    }
}

//! The suite's own masks: they compute how a cell of staging should be.

use crate::cell::{Cell, Row};
use crate::class::{Case, Domain, Fixed, Json, Mask, Partial};
use crate::key::{Keys, Purpose};
use crate::siv;
use crate::spec::Spec;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

/// The faults that a cell of staging can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The cell has the source's value.
    Plain,
    /// The cell has another value than expected.
    Differs(String),
    /// The cell is a token that cannot be opened here.
    Unreadable(String),
}

impl Misfit {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Plain => "is the plain value".to_owned(),
            Self::Differs(how) => format!("differs: {how}"),
            Self::Unreadable(why) => format!("is a token that does not open here: {why}"),
        }
    }
}

/// The place of a cell.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) keys: &'a Keys,
    /// `schema.table` at the source.
    pub(crate) table: &'a str,
    pub(crate) column: &'a str,
    /// The row at the source.
    pub(crate) row: &'a Row,
    /// The row's key, to which its randomised tokens are bound.
    pub(crate) bound: &'a [u8],
}

/// Appends a part: its length in 4 bytes, big-endian, and its bytes.
pub(crate) fn append(part: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

fn header(format: u8, key: u32, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![format];
    out.extend_from_slice(&key.to_be_bytes());
    for part in parts {
        append(part, &mut out);
    }
    out
}

/// The token of a value in a deterministic domain.
pub(crate) fn deterministic(
    spec: &Spec,
    keys: &Keys,
    domain: &str,
    plain: &[u8],
) -> Option<Vec<u8>> {
    let key = keys.subkey(keys.pinned, Purpose::Deterministic, &spec.tenant, domain)?;
    let bound = header(2, keys.pinned, &[spec.tenant.as_bytes(), domain.as_bytes()]);
    let mut token = vec![2];
    token.extend_from_slice(&keys.pinned.to_be_bytes());
    token.extend(siv::seal(&key, &bound, plain));
    Some(BASE64_URL_SAFE_NO_PAD.encode(token).into_bytes())
}

fn hashed(spec: &Spec, keys: &Keys, domain: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let key = keys.subkey(keys.pinned, Purpose::Token, &spec.tenant, domain)?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), plain);
    Some(BASE64_URL_SAFE_NO_PAD.encode(&tag.as_ref()[..16]).into_bytes())
}

/// A randomised token taken apart: key id, nonce, ciphertext with tag.
pub(crate) fn parts(written: &[u8]) -> Option<(u32, [u8; 12], Vec<u8>)> {
    let token = BASE64_URL_SAFE_NO_PAD.decode(written).ok()?;
    let (head, rest) = token.split_first_chunk::<5>()?;
    let (nonce, sealed) = rest.split_first_chunk::<12>()?;
    let [format, id @ ..] = *head;
    (format == 1 && sealed.len() >= 16).then(|| (u32::from_be_bytes(id), *nonce, sealed.to_vec()))
}

/// The key id of a deterministic token.
pub(crate) fn deterministic_key(written: &[u8]) -> Option<u32> {
    let token = BASE64_URL_SAFE_NO_PAD.decode(written).ok()?;
    let [format, id @ ..] = *token.first_chunk::<5>()?;
    (format == 2).then(|| u32::from_be_bytes(id))
}

/// The value in a randomised token of a class.
pub(crate) fn open(at: At<'_>, class: &str, written: &[u8]) -> Result<Vec<u8>, String> {
    let (key, nonce, mut sealed) = parts(written).ok_or("it has not the form of a token")?;
    let subkey = at.keys.subkey(key, Purpose::Randomised, &at.spec.tenant, class);
    let subkey = subkey.ok_or_else(|| format!("no key {key} was in the ring"))?;
    let parts = [at.spec.tenant.as_bytes(), at.table.as_bytes(), at.column.as_bytes(), at.bound];
    let bound = header(1, key, &parts);
    let cipher = UnboundKey::new(&AES_256_GCM, &subkey[..32]).map_err(|e| e.to_string())?;
    let opened = LessSafeKey::new(cipher).open_in_place(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(bound),
        &mut sealed,
    );
    opened.map(|plain| plain.to_vec()).map_err(|_| "it is bound to another place".to_owned())
}

/// The masked form of a key's cell, where it depends on the cell alone.
pub(crate) fn keyed(spec: &Spec, keys: &Keys, mask: Option<(&str, &Mask)>, cell: &Cell) -> Cell {
    let Some(plain) = cell.bytes() else { return Cell::NULL };
    let domain = |d: &Domain, class: &str| d.domain.clone().unwrap_or_else(|| class.to_owned());
    match mask {
        Some((class, Mask::Deterministic(d))) => {
            Cell(deterministic(spec, keys, &domain(d, class), plain))
        }
        Some((class, Mask::Token(d))) => Cell(hashed(spec, keys, &domain(d, class), plain)),
        _ => cell.clone(),
    }
}

/// Checks that a cell of staging is the masked cell of the source.
pub(crate) fn fits(
    at: At<'_>,
    class: &str,
    mask: &Mask,
    plain: &Cell,
    staged: &Cell,
) -> Result<(), Misfit> {
    let wanted = |wanted: Cell| {
        if *staged == wanted {
            Ok(())
        } else if staged == plain && plain.bytes().is_some() {
            Err(Misfit::Plain)
        } else {
            Err(Misfit::Differs(format!("it should be {}", wanted.shown())))
        }
    };
    match mask {
        Mask::Null => return wanted(Cell::NULL),
        Mask::Fixed(Fixed::Text(text)) => return wanted(Cell::text(text)),
        Mask::Fixed(Fixed::Integer(n)) => return wanted(Cell::text(&n.to_string())),
        Mask::Conditional(conditional) => {
            let value = at.row.get(&conditional.column).and_then(Cell::as_text);
            let is = |case: &&Case| value.is_some_and(|v| case.is.iter().any(|is| is == v));
            let then =
                conditional.cases.iter().find(is).map_or(&conditional.otherwise, |c| &c.then);
            return match at.spec.class.get_key_value(then) {
                Some((class, found)) => fits(at, class, &found.mask, plain, staged),
                None => wanted(plain.clone()),
            };
        }
        _ => {}
    }
    let Some(bytes) = plain.bytes() else { return wanted(Cell::NULL) };
    let Some(is) = staged.bytes() else { return Err(Misfit::Differs("it is NULL".to_owned())) };
    let text = || plain.as_text().unwrap_or_default();
    match mask {
        Mask::Randomised(_) => match open(at, class, is) {
            Ok(opened) if opened == bytes => Ok(()),
            Ok(opened) => {
                let shown = Cell(Some(opened)).shown();
                Err(Misfit::Differs(format!("the token holds {shown}, not {}", plain.shown())))
            }
            // Plain text in place of a token is reported as such: "cannot be read" would hide the worst
            // case.
            Err(_) if is == bytes => Err(Misfit::Plain),
            Err(why) => Err(Misfit::Unreadable(why)),
        },
        Mask::Deterministic(_) | Mask::Token(_) => {
            wanted(keyed(at.spec, at.keys, Some((class, mask)), plain))
        }
        Mask::Redact(redact) => {
            let count = redact.length.unwrap_or_else(|| text().chars().count());
            wanted(Cell::text(&"*".repeat(count)))
        }
        Mask::Partial(Partial { first, last }) => {
            let count = text().chars().count();
            // At least four characters stay hidden; a shorter value shows nothing.
            let (first, last) = if count >= first + last + 4 { (*first, *last) } else { (0, 0) };
            let shown = |(i, c)| if i < first || i + last >= count && last > 0 { c } else { '*' };
            wanted(Cell::text(&text().chars().enumerate().map(shown).collect::<String>()))
        }
        Mask::Format(_) if is == bytes => Err(Misfit::Plain),
        Mask::Format(_) => {
            // Which digits a keyed format gives is the pipeline's own business; that it keeps the
            // form is not.
            let shape = |text: &str| -> String {
                text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
            };
            let staged = staged.as_text().unwrap_or_default();
            let same = shape(staged) == shape(text());
            same.then_some(()).ok_or_else(|| Misfit::Differs("it has another form".to_owned()))
        }
        Mask::Fake(_) if is == bytes => Err(Misfit::Plain),
        Mask::Fake(_) => Ok(()),
        Mask::Json(json) => document(at, json, bytes, is),
        Mask::Null | Mask::Fixed(_) | Mask::Conditional(_) => Ok(()),
    }
}

/// A document whose named members are masked, and whose other values are null.
fn document(at: At<'_>, json: &Json, plain: &[u8], staged: &[u8]) -> Result<(), Misfit> {
    let differs = |how: &str| Misfit::Differs(how.to_owned());
    let read = |bytes| serde_json::from_slice::<serde_json::Value>(bytes);
    let plain = read(plain).map_err(|_| differs("the source's is no document"))?;
    let staged = read(staged).map_err(|_| differs("it is no document"))?;
    // `$..NAME` names members at any depth; other paths are not used by this suite.
    let named: Vec<(&str, &str)> = json
        .paths
        .iter()
        .filter_map(|p| Some((p.path.strip_prefix("$..")?, p.class.as_str())))
        .collect();
    walk(at, &named, &plain, &staged)
}

fn walk(
    at: At<'_>,
    named: &[(&str, &str)],
    plain: &serde_json::Value,
    staged: &serde_json::Value,
) -> Result<(), Misfit> {
    use serde_json::Value;
    let differs = |how: String| Err(Misfit::Differs(how));
    match (plain, staged) {
        (Value::Object(plain), Value::Object(staged)) => {
            if plain.keys().ne(staged.keys()) {
                return differs("the document has other members".to_owned());
            }
            for ((name, plain), staged) in plain.iter().zip(staged.values()) {
                let class = named.iter().find(|(n, _)| n == name).map(|(_, class)| *class);
                let Some(class) = class else {
                    walk(at, named, plain, staged)?;
                    continue;
                };
                let cell = |v: &Value| match v {
                    Value::Null => Cell::NULL,
                    Value::String(text) => Cell::text(text),
                    other => Cell::text(&other.to_string()),
                };
                let Some(found) = at.spec.class.get(class) else { continue };
                fits(at, class, &found.mask, &cell(plain), &cell(staged))?;
            }
            Ok(())
        }
        (Value::Array(plain), Value::Array(staged)) if plain.len() == staged.len() => {
            plain.iter().zip(staged).try_for_each(|(p, s)| walk(at, named, p, s))
        }
        (_, Value::Null) => Ok(()),
        // Members are compared one by one above; an equal rest holds what should be masked.
        (plain, staged) if plain == staged => Err(Misfit::Plain),
        _ => differs("the document has another value".to_owned()),
    }
}
